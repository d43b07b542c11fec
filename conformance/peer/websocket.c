/* SPDX-License-Identifier: Apache-2.0 */
/* websocket.c -- what the raw speaker asks of WebSocket itself: the upgrade,
 * pongs and closes.
 *
 * Spec: RFC 6455 s4, s5.5.
 */
#include <poll.h>
#include <string.h>

#include "peer/inside.h"

enum { ANSWER_SIZE = 4096 };

/* Waits until the other side has sent something, or until the deadline. */
static void await_octets(const struct link *link, int64_t until_ms)
{
    int64_t left_ms = until_ms - link_now_ms();
    struct pollfd ready = {.fd = link_fd(link), .events = POLLIN};
    poll(&ready, 1, left_ms > 0 ? (int)left_ms : 0);
}

/* Reads up to the empty line, or to the end of the connection. */
static const char *read_answer(struct t *t, struct link *link)
{
    char *answer = t_alloc(t, ANSWER_SIZE + 1);
    size_t n = 0;
    int64_t until_ms = link_now_ms() + t_deadline_ms(t);
    while (n < ANSWER_SIZE && !strstr(answer, "\r\n\r\n")) {
        long got = link_read(link, answer + n, ANSWER_SIZE - n);
        if (got > 0)
            n += (size_t)got;
        else if (got != LINK_AGAIN || link_now_ms() >= until_ms)
            break;
        else
            await_octets(link, until_ms);
    }
    return answer;
}

const char *peer_upgrade(struct t *t, const char *fields)
{
    const struct endpoint *to = t_endpoint(t);
    t_skip_unless(t, !t_fault(t), "the upgrade does not cross the relay");
    struct peer *peer = peer_open_beside(t);
    const char *request =
        t_text(t, "GET %s HTTP/1.1\r\nHost: %s:%d\r\n%s\r\n",
               *to->path ? to->path : "/mqtt", to->host, to->port, fields);
    link_write(peer->link, request, strlen(request));
    return read_answer(t, peer->link);
}

void peer_expect_pong_at(struct peer *peer, struct where where,
                         struct wire_bytes payload)
{
    size_t n;
    const void *pong;
    int64_t until_ms = link_now_ms() + t_deadline_ms(peer->t);
    while (!(pong = link_pong(peer->link, &n)) && link_now_ms() < until_ms)
        peer_expect_alive_at(peer, where);
    where.text = t_text(peer->t, "a pong with the %zu octets of the ping",
                        wire_len(payload));
    if (!pong)
        t_fail_at(peer->t, where, where.text, "no pong within %d ms",
                  t_deadline_ms(peer->t));
    if (n != wire_len(payload) || memcmp(pong, payload.octets, n) != 0)
        t_fail_at(peer->t, where, where.text, "a pong with %zu octets%s", n,
                  n == wire_len(payload) ? ", others" : "");
}

void peer_expect_ws_close_at(struct peer *peer, struct where where)
{
    peer_expect_end_at(peer, where);
    if (!link_was_closed(peer->link))
        t_fail_at(peer->t, where, "a Close of WebSocket before the end",
                  "the end alone");
}
