/* SPDX-License-Identifier: Apache-2.0 */
/* ws.h -- the payload of one direction of a captured WebSocket.
 *
 * Steps over the HTTP head, takes the frames apart with wslay, unmasks, joins
 * fragments, leaves out control frames. Spec: RFC 6455 s5; 5.0 s6.
 */
#ifndef TOOLS_WS_H
#define TOOLS_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ws;

/* What is to be known of it. */
struct ws_facts {
    bool is_upgraded; /* the head was read to its end */
    bool is_mqtt;     /* it names the subprotocol mqtt or mqttv3.1 */
    bool is_refused;  /* a response other than 101 */
    bool is_deflated; /* an extension that compresses is agreed on */
    bool is_broken;   /* a frame that RFC 6455 does not allow */
    bool has_closed;  /* a Close frame */
    uint64_t n_text;  /* text frames: MQTT forbids them */
    uint64_t n_frames;
};

struct ws *ws_new(void);

/* ws_push takes what one side sent, and gives what the frames carry.
 *
 * octets, n    any cut of the stream, borrowed
 * on_payload   called with unmasked octets of data frames, perhaps several
 *              times, perhaps never
 */
void ws_push(struct ws *ws, const uint8_t *octets, size_t n,
             void (*on_payload)(void *user, const uint8_t *octets, size_t n),
             void *user);

/* ws_on_ping names who is told of each whole Ping, with its payload. */
void ws_on_ping(struct ws *ws,
                void (*on_ping)(void *user, const uint8_t *octets, size_t n),
                void *user);

/* ws_lose says that octets were lost: it ends there. */
void ws_lose(struct ws *ws);

const struct ws_facts *ws_facts(const struct ws *ws);

void ws_free(struct ws *ws);

#endif
