/* SPDX-License-Identifier: Apache-2.0 */
/* script.h -- a capture as a play: who says what, after what, and why.
 *
 * All MQTT streams of a capture in one causal order, with what the replay and
 * the comparison must know of each packet: which PUBLISH a delivery comes
 * from, which packet an acknowledgement answers, what no server that keeps to
 * the standard would have sent. Expected size: up to 100,000 packets.
 */
#ifndef TOOLS_SCRIPT_H
#define TOOLS_SCRIPT_H

#include "flow.h"
#include "message.h"

/* What a captured packet of the server became in the replay. */
enum replay_class {
    CLASS_OPEN, /* not decided yet; of a client's packet: nothing to decide */
    CLASS_MATCH,
    CLASS_MAPPED, /* equal but for an identifier that the server chooses */
    CLASS_CHANGED,
    CLASS_MISSING,
    CLASS_REORDERED,
    CLASS_RACE,
    CLASS_EXCUSED,
    CLASS_EXTRA, /* only of live packets */
    N_CLASSES
};

const char *class_name(enum replay_class class);

enum { NOTHING = -1 };

/* One captured event of a stream. */
struct item {
    enum item_kind { ITEM_PACKET, ITEM_END, ITEM_GAP } kind;
    size_t stream; /* index into script.streams */
    enum wire_side from;
    struct message message; /* ITEM_PACKET */
    enum tcp_end end;       /* ITEM_END */
    uint64_t n_lost;        /* ITEM_GAP */
    uint64_t frame, time_ns;

    /* for a server's PUBLISH: the client's it comes from; for an
     * acknowledgement: the packet it answers. Index, or NOTHING. */
    int64_t refers;
    bool is_answered; /* client request: its answer is in the capture */
    int64_t answer;   /* ... at this index, or NOTHING */
    char *excuse;     /* why it need not come again; owned; NULL if it must */
    bool is_close;    /* server's ITEM_END: the server ended it first */
    bool closes;      /* client's: the last thing this client does */
    bool is_acked;    /* server's QoS 1: the client has acknowledged it */
    bool is_own;      /* made up by the replay: synthesised */

    /* what became of it */
    bool has_cut_answer;   /* answered live, though not in the capture */
    bool is_sent, is_done; /* client's: sent; the broker has acted on it */
    bool is_settled;       /* server's: came, or is no more waited for */
    bool is_overtaken;     /* ... because a later one came that must not */
    uint64_t sent_ns;
    uint16_t live_id;
    int64_t live; /* server's: index of the live packet, or NOTHING */
    enum replay_class class;
    char *detail; /* owned; NULL if there is nothing to say */
};

struct stream {
    uint64_t number; /* as in Wireshark's tcp.stream of the capture */
    struct endpoint client, server;
    enum wire_version version;
    bool is_ws, is_tls, has_connect, has_syn;
    bool is_synthesised;
    char *client_id; /* owned; "" if none */
    size_t n_client_id;
    bool is_inconclusive; /* else a stream that is left out is skipped */
    char why[200];        /* why it is left out; "" if it is replayed */
    size_t *items;        /* indices into script.items, in order */
    size_t n_items;
    uint64_t n_publishes; /* by the client */
    uint64_t n_auth;      /* AUTH packets of the client */
    uint64_t n_lost;
    int64_t doomed; /* item of the client that a server must close for */
    int64_t doubt;  /* ... after which its answers may differ */
};

struct script {
    struct item *items;
    size_t n_items;
    struct stream *streams;
    size_t n_streams;
    uint64_t n_twins, n_tls;
    struct link_counts counts;
    bool uses_time; /* expiry, delays: silences are part of the play */
};

struct script_options {
    const char *path, *keys;
    enum wire_version assumed;
    bool synthesises; /* --midstream synthesise */
};

/* script_load reads a capture.
 *
 * Returns true; false with a line on stderr if it cannot be read.
 */
bool script_load(struct script *script, const struct script_options *options);

/* script_explain finds causes, answers and excuses; called by script_load. */
void script_explain(struct script *script);

void script_clear(struct script *script);

/* script_excuse notes why an item need not come again; the first reason stays.
 */
void script_excuse(struct item *item, const char *why);

#endif
