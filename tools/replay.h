/* SPDX-License-Identifier: Apache-2.0 */
/* replay.h -- a play on a live broker: its state, and who may do what to it.
 *
 * player.c drives the connections, matching.c finds the captured packet for
 * each live one, verdict.c decides at the end, outcome.c tells it. One replay
 * at a time; one thread; one poll loop.
 */
#ifndef TOOLS_REPLAY_H
#define TOOLS_REPLAY_H

#include "framer.h"
#include "live.h"
#include "observe/observe.h"
#include "opens.h"
#include "pcapout.h"
#include "rewrite.h"
#include "script.h"

enum replay_order { ORDER_CAUSAL, ORDER_TIMED, ORDER_LOCKSTEP };
enum replay_at_end { AT_END_DISCONNECT, AT_END_ABORT, AT_END_KEEP };

struct replay_options {
    struct script_options capture;
    struct live_url url;
    const char *target; /* the URL as given */
    const char *cafile;
    enum replay_order order;
    double speed; /* 0: as fast as causes allow */
    bool has_speed;
    bool has_fence;
    enum replay_at_end at_end;
    uint64_t timeout_ns, settle_ns, max_gap_ns, race_ns;
    uint64_t resume_from; /* frame: what is before it is not judged; or 0 */
    bool seeds_retained, wipes_sessions, allows_qos0_loss;
    bool is_strict, is_json, is_quiet, is_list;
    const char *junit, *write, *anonymise; /* files, or NULL */
    const char *id_map, *credentials;      /* likewise */
    struct rewrite rewrite;
};

/* A packet that the live broker sent. */
struct live_packet {
    struct message message;
    uint64_t time_ns;        /* since the replay began */
    int64_t item;            /* the captured packet it stands for, or NOTHING */
    enum replay_class class; /* when it stands for none */
    uint64_t frame;          /* the captured frame next to it */
    char *detail;            /* owned; NULL if nothing is to be said */
};

/* A PINGREQ that waits for its answer, in order. */
struct ping {
    bool is_fence;
    size_t upto; /* fence: items of the stream before this position */
};

struct finding {
    enum wire_side who;
    bool is_should;
    char *statement, *sentence;
    uint64_t frame; /* captured frame of what was sent last */
};

enum verdict {
    VERDICT_PASS,
    VERDICT_FAIL,
    VERDICT_INCONCLUSIVE,
    VERDICT_SKIPPED,
    N_VERDICTS
};

/* One stream on stage. */
struct conn {
    struct replay *replay;
    struct stream *stream;
    struct live *live;
    size_t at;               /* next item, position in stream->items */
    struct opens by_content; /* open packets: deliveries, answers by type */
    struct opens by_order;   /* those that must come in order, together */
    size_t first_p, first_c; /* first client item not done: PUBLISH, control */
    uint64_t wait_since;
    unsigned n_given_up;
    bool is_finished, has_said_bye, is_doom_settled, is_doom_broken;
    bool was_closed_early, is_connected;
    uint64_t bye_ns;
    struct framer framer;
    struct aliases aliases;
    struct live_packet *packets;
    size_t n_packets;
    size_t first_unacked; /* live packet: QoS 1, not yet acknowledged */
    struct ping *pings;
    size_t n_pings, at_ping;
    size_t fenced;     /* items before this position were before a fence */
    uint8_t *auto_ids; /* bit per identifier acknowledged for extra packets */
    struct observe *observe;
    struct finding *findings;
    size_t n_findings;
    uint32_t alias_max, packet_max; /* what the live server allows */
    uint64_t last_frame;            /* of the captured packet sent last */
    size_t pcap; /* connection number in the written capture */
    bool has_pcap;
    enum verdict verdict;
    char why[240]; /* of the verdict */
    uint64_t counts[N_CLASSES];
    uint64_t n_checked;
};

struct replay {
    const struct replay_options *options;
    struct script *script;
    struct rewrite rewrite;
    struct conn *conns;
    size_t n_conns;
    struct observe_world *world;
    struct pcapout *out;
    uint64_t start_ns, epoch_ns; /* monotonic; of the day */
    uint64_t *due_ns;            /* by item, when speed is set; else NULL */
    size_t resume_item;          /* the first one that pauses are kept for */
    bool has_resumed;            /* what is before it has been played */
    uint64_t resumed_ns; /* ... at this time: where due_ns counts from */
    uint64_t last_activity_ns;
    bool is_unreachable;
    char trouble[300];
    uint64_t n_sent, n_seeded;
    uint64_t counts[N_CLASSES], verdicts[N_VERDICTS], n_checked;
    double seconds;
};

/* replay_now gives nanoseconds since the replay began. */
uint64_t replay_now(const struct replay *replay);

/* player_run plays the whole script; false if the broker is out of reach. */
bool player_run(struct replay *replay);
/* player_send queues octets to the live broker, and notes them. */
void player_send(struct conn *conn, const uint8_t *octets, size_t n);
/* player_free releases what the play has held. */
void player_free(struct replay *replay);

/* matching_take finds what a live packet stands for; takes the message. */
void matching_take(struct conn *conn, struct message *message);

/* verdict_decide closes what is open: classes, verdicts, counts. */
void verdict_decide(struct replay *replay);

/* outcome_print writes the report to stdout; outcome_junit to a file.
 * outcome_exit gives the exit code. */
void outcome_print(const struct replay *replay);
int outcome_junit(const struct replay *replay, const char *path);
int outcome_exit(const struct replay *replay);

/* anonymise_write writes the capture anew without names, secrets, contents.
 * Returns 0; -1 with a line on stderr. */
int anonymise_write(const struct script *script, const char *path);

/* replay_judges tells whether a difference at a captured frame counts. */
static inline bool replay_judges(const struct replay *r, uint64_t frame)
{
    return frame >= r->options->resume_from;
}

static inline struct item *conn_item(const struct conn *c, size_t at)
{
    return &c->replay->script->items[c->stream->items[at]];
}

#endif
