/* SPDX-License-Identifier: Apache-2.0 */
/* witness.c -- a client that does everything right, and says when it is not
 * served.
 *
 * It stays connected over all bursts: that others misbehave must not end its
 * connection. Spec: 3.1.1 s4.3, s4.8.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blackbox/blackbox.h"

enum { PATIENCE_MS = 3000 };

struct witness {
    struct link *link;
    char topic[40];
    unsigned n_asked, n_heard; /* messages sent, and come back */
    unsigned char in[8192];
    size_t n_in;
};

static bool say(struct witness *w, const struct wire_packet *p)
{
    unsigned char out[256];
    size_t n = wire_write(WIRE_3_1_1, p, out, sizeof out);
    return link_write(w->link, out, n) == 0;
}

/* next gives the next packet, its octets good until the next call. Returns
 * false at the end of the connection or of its patience. */
static bool next(struct witness *w, struct wire_packet *p, bool *is_lost)
{
    int64_t until = link_now_ms() + PATIENCE_MS;
    size_t total = 0;
    for (;;) {
        struct pollfd fd = {.fd = link_fd(w->link), .events = POLLIN};
        if (w->n_in > 0 && wire_read(WIRE_3_1_1, WIRE_SERVER, w->in, w->n_in, p,
                                     &total, NULL) == WIRE_OK)
            break;
        int left = (int)(until - link_now_ms());
        if (left <= 0)
            return false;
        if (!link_pending(w->link) && poll(&fd, 1, left) == 0)
            return false;
        long n = link_read(w->link, w->in + w->n_in, sizeof w->in - w->n_in);
        if (n != LINK_AGAIN && n <= 0) {
            *is_lost = true;
            return false;
        }
        w->n_in += n > 0 ? (size_t)n : 0;
    }
    p->octets = p->body = (struct wire_bytes){{NULL}, 0};
    memmove(w->in, w->in + total, w->n_in - total);
    w->n_in -= total;
    return true;
}

static bool await(struct witness *w, enum wire_type type, unsigned qos,
                  bool *is_lost)
{
    struct wire_packet p;
    while (next(w, &p, is_lost)) {
        w->n_heard += p.type == WIRE_PUBLISH && !p.dup;
        if (p.type == WIRE_PUBLISH && p.qos == 1)
            say(w, PUBACK(.packet_id = p.packet_id));
        if (p.type == WIRE_PUBLISH && p.qos == 2)
            say(w, PUBREC(.packet_id = p.packet_id));
        if (p.type == WIRE_PUBREL)
            say(w, PUBCOMP(.packet_id = p.packet_id));
        if (p.type == type && (type != WIRE_PUBLISH || p.qos == qos))
            return true;
    }
    return false;
}

struct witness *witness_new(const struct endpoint *endpoint, unsigned run,
                            char *why, size_t n)
{
    struct witness *w = calloc(1, sizeof *w);
    char id[24];
    bool is_lost = false;
    if (!w)
        abort();
    snprintf(id, sizeof id, "witness%05x", run & 0xfffff);
    snprintf(w->topic, sizeof w->topic, "witness/%05x", run & 0xfffff);
    w->link = link_open(endpoint, PATIENCE_MS, why, n);
    if (!w->link) {
        witness_free(w);
        return NULL;
    }
    say(w, CONNECT(.client_id = id, .clean_start = 1, .keep_alive_s = 0));
    if (await(w, WIRE_CONNACK, 0, &is_lost)) {
        say(w, SUBSCRIBE(.packet_id = 1, .filters = {{w->topic, .qos = 2}}));
        if (await(w, WIRE_SUBACK, 0, &is_lost))
            return w;
    }
    snprintf(why, n, "a well-behaved client is not let in");
    witness_free(w);
    return NULL;
}

void witness_free(struct witness *w)
{
    if (!w)
        return;
    if (w->link) {
        say(w, DISCONNECT());
        link_close(w->link);
        link_free(w->link);
    }
    free(w);
}

bool witness_asks(struct witness *w, bool *is_lost, char *why, size_t n)
{
    static const enum wire_type answers[] = {WIRE_OCTETS, WIRE_PUBACK,
                                             WIRE_PUBREC};
    *is_lost = false;
    for (unsigned qos = 0; qos < 3; qos++) {
        uint16_t id = (uint16_t)(2 + w->n_asked++ % 60000);
        bool is_heard;
        say(w, PUBLISH(.topic = w->topic, .payload = BYTES("?"),
                       .qos = (uint8_t)qos, .packet_id = id));
        is_heard = qos == 0 || await(w, answers[qos], 0, is_lost);
        if (is_heard && qos == 2) {
            say(w, PUBREL(.packet_id = id));
            is_heard = await(w, WIRE_PUBCOMP, 0, is_lost);
        }
        while (is_heard && w->n_heard < w->n_asked)
            is_heard = await(w, WIRE_PUBLISH, qos, is_lost);
        if (is_heard && say(w, PINGREQ()))
            is_heard = await(w, WIRE_PINGRESP, 0, is_lost);
        if (!is_heard) {
            snprintf(why, n,
                     *is_lost
                         ? "the connection of a well-behaved client ended"
                         : "a well-behaved client gets no answer at QoS %u",
                     qos);
            return false;
        }
    }
    return true;
}
