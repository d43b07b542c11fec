/* SPDX-License-Identifier: Apache-2.0 */
/* detect.c -- is this MQTT? By its octets, never by its port. */
#include "detect.h"

#include <string.h>

#include "wire/wire.h"

/* Compares as much of a prefix as has arrived. */
static enum detected has_prefix(const uint8_t *octets, size_t n,
                                const char *prefix, size_t n_prefix)
{
    size_t common = n < n_prefix ? n : n_prefix;
    if (memcmp(octets, prefix, common))
        return DETECT_NO;
    return common == n_prefix ? DETECT_YES : DETECT_MORE;
}

enum detected detect_connect(const uint8_t *octets, size_t n)
{
    if (n == 0)
        return DETECT_MORE;
    if (octets[0] >> 4 != WIRE_CONNECT)
        return DETECT_NO;
    size_t at = 1;
    while (at < 5 && at < n && octets[at] & 0x80)
        at++;
    if (at == 5)
        return DETECT_NO;
    if (at++ >= n)
        return DETECT_MORE;
    enum detected new = has_prefix(octets + at, n - at, "\0\4MQTT", 6);
    enum detected old = has_prefix(octets + at, n - at, "\0\6MQIsdp", 8);
    return new > old ? new : old;
}

enum detected detect_upgrade(const uint8_t *octets, size_t n)
{
    return has_prefix(octets, n, "GET ", 4);
}

enum detected detect_tls(const uint8_t *octets, size_t n)
{
    enum detected head = has_prefix(octets, n, "\x16\x03", 2);
    if (head != DETECT_YES || n < 6)
        return head == DETECT_NO ? DETECT_NO : DETECT_MORE;
    /* version 3.x, then a ClientHello or ServerHello */
    return octets[2] <= 4 && (octets[5] == 1 || octets[5] == 2) ? DETECT_YES
                                                                : DETECT_NO;
}

enum { CLIENT = 1, SERVER = 2, BOTH = 3 };

/* By packet type: who sends it, the low four bits it must have, the least and
 * the most that its Remaining Length can be, what it adds to the score. */
static const struct {
    uint8_t from, flags;
    uint32_t least, most;
    int score;
} PACKETS[16] = {
    [WIRE_CONNECT] = {CLIENT, 0, 12, 0xFFFFFFF, 5},
    [WIRE_CONNACK] = {SERVER, 0, 2, 0xFFFFF, 3},
    [WIRE_PUBLISH] = {BOTH, 0, 2, 0xFFFFFFF, 3},
    [WIRE_PUBACK] = {BOTH, 0, 2, 0xFFFF, 2},
    [WIRE_PUBREC] = {BOTH, 0, 2, 0xFFFF, 2},
    [WIRE_PUBREL] = {BOTH, 2, 2, 0xFFFF, 2},
    [WIRE_PUBCOMP] = {BOTH, 0, 2, 0xFFFF, 2},
    [WIRE_SUBSCRIBE] = {CLIENT, 2, 6, 0xFFFFF, 3},
    [WIRE_SUBACK] = {SERVER, 0, 3, 0xFFFF, 2},
    [WIRE_UNSUBSCRIBE] = {CLIENT, 2, 5, 0xFFFFF, 3},
    [WIRE_UNSUBACK] = {SERVER, 0, 2, 0xFFFF, 2},
    [WIRE_PINGREQ] = {CLIENT, 0, 0, 0, 2},
    [WIRE_PINGRESP] = {SERVER, 0, 0, 0, 2},
    [WIRE_DISCONNECT] = {BOTH, 0, 0, 0xFFFF, 1},
    [WIRE_AUTH] = {BOTH, 0, 0, 0xFFFF, 1},
};

/* A string at `at`, length first, that could be a Topic Name or Filter. */
static bool is_topic(const uint8_t *body, size_t n, size_t length, size_t at)
{
    if (at + 2 > n)
        return true; /* not here yet */
    size_t size = (size_t)body[at] << 8 | body[at + 1];
    if (at + 2 + size > length)
        return false;
    if (at + 2 + size > n)
        return true;
    return size == 0 || wire_utf8_is_valid(SLICE(body + at + 2, size));
}

/* Looks at one packet's body as far as it has arrived. */
static bool is_plausible(uint8_t first, const uint8_t *body, size_t n,
                         size_t length)
{
    unsigned type = first >> 4, flags = first & 15;
    if (PACKETS[type].from == 0 || length < PACKETS[type].least ||
        length > PACKETS[type].most)
        return false;
    if (type == WIRE_PUBLISH) {
        if ((flags & 6) == 6 || (flags & 14) == 8) /* QoS 3; DUP at QoS 0 */
            return false;
        return is_topic(body, n, length, 0);
    }
    if (flags != PACKETS[type].flags)
        return false;
    if (type == WIRE_CONNACK)
        return n == 0 || body[0] <= 1;
    if (type >= WIRE_PUBACK && type <= WIRE_UNSUBACK && n >= 2)
        return body[0] || body[1]; /* a Packet Identifier is never 0 */
    return true;
}

void detect_run(const uint8_t *octets, size_t n, struct detect_run *run)
{
    while (n > 0 && !run->is_bad) {
        size_t total = 0, head = 2;
        enum wire_status status = wire_frame(octets, n, &total);
        if (status == WIRE_BAD) {
            run->is_bad = true;
            return;
        }
        if (total == 0) /* not even its length: only the type can be judged */
            return;
        while (head < n && octets[head - 1] & 0x80)
            head++;
        size_t there = (n < total ? n : total) - head;
        if (!is_plausible(octets[0], octets + head, there, total - head)) {
            run->is_bad = true;
            return;
        }
        if (status == WIRE_MORE)
            return;
        unsigned type = octets[0] >> 4;
        run->score += PACKETS[type].score;
        run->client += PACKETS[type].from == CLIENT;
        run->server += PACKETS[type].from == SERVER;
        octets += total;
        n -= total;
    }
}
