/* SPDX-License-Identifier: Apache-2.0 */
/* flow.h -- MQTT packets out of the streams of a capture.
 *
 * Each TCP stream is looked at until it is known to be MQTT or not: plain,
 * inside WebSocket frames, or inside TLS when its keys are known. From then on
 * it gives whole MQTT packets in causal order, each with the frame and time at
 * which it began and at which it became whole; where octets were lost it says
 * so, and finds the next packet. Spec: 5.0 s2.1, s6.
 */
#ifndef TOOLS_FLOW_H
#define TOOLS_FLOW_H

#include "tcp.h"
#include "wire/names.h"

enum flow_kind {
    FLOW_UNDECIDED, /* too little was seen to tell */
    FLOW_OTHER,     /* not MQTT */
    FLOW_TLS,       /* TLS without keys: nobody can tell */
    FLOW_MQTT
};

/* One connection that carries, or may carry, MQTT. */
struct flow {
    const struct tcp_stream *tcp;
    enum flow_kind kind;
    bool is_ws, is_tls;
    bool has_connect; /* seen from its CONNECT; else joined in the middle */
    int client;       /* which side of `tcp` is the client */
    enum wire_version version; /* from the CONNECT; WIRE_UNKNOWN without */
    uint64_t n_packets[2];     /* [0] from the client, [1] from the server */
    uint64_t n_octets[2];      /* of those packets */
    uint64_t hash[2];          /* of their octets */
    uint64_t n_too_large;      /* packets beyond the memory limit, left out */
    uint64_t n_ws_text;        /* WebSocket text frames */
    bool is_ws_deflated;       /* compressed: cannot be read */
    void *user;                /* the watcher's */
};

struct flow_packet {
    enum wire_side from;
    const uint8_t *octets; /* the whole packet; borrowed for the call */
    size_t n;
    struct mark first, last; /* where it began, and where it became whole */
};

/* Told what happens on flows of kind FLOW_MQTT; on_close on all. Any may be
 * NULL. */
struct flow_watcher {
    void *user;
    void (*on_open)(void *user, struct flow *flow, struct mark mark);
    void (*on_packet)(void *user, struct flow *flow,
                      const struct flow_packet *packet);
    /* n octets that `from` sent are not in the capture */
    void (*on_gap)(void *user, struct flow *flow, enum wire_side from,
                   uint64_t n, struct mark mark);
    /* `from` sends no more; `left` octets of an unfinished packet remain */
    void (*on_end)(void *user, struct flow *flow, enum wire_side from,
                   enum tcp_end end, size_t left, struct mark mark);
    void (*on_close)(void *user, struct flow *flow);
};

struct flows;

/* flows_new prepares to find MQTT.
 *
 * watcher      copied
 * packet_max   largest MQTT packet that is put together, in octets; 0: 16 MiB
 */
struct flows *flows_new(const struct flow_watcher *watcher, size_t packet_max);

/* flows_set_version says which version to take connections for whose CONNECT
 * was not captured. */
void flows_set_version(struct flows *flows, enum wire_version version);

/* flows_add_keys takes lines of a TLS key log (SSLKEYLOGFILE); text is copied.
 */
void flows_add_keys(struct flows *flows, const char *text);

/* flows_run reads a whole capture.
 *
 * Returns the number of flows that are MQTT.
 */
uint64_t flows_run(struct flows *flows, struct capture *capture);

/* flows_link gives what became of the frames; borrowed. */
const struct link_counts *flows_link(const struct flows *flows);

void flows_free(struct flows *flows);

#endif
