/* SPDX-License-Identifier: Apache-2.0 */
/* transcript.h -- what crossed the wire in one case.
 *
 * Octets as both speakers saw them, connection by connection, with the time.
 * TLS and WebSocket are already taken off. It can be printed, given to the
 * observer, written as JSON for the reports, and as a .pcap with made-up
 * Ethernet, IP and TCP headers that Wireshark reads as MQTT on port 1883.
 * Safe to use from several threads. Some kilobytes; at most 64 MiB are kept.
 */
#ifndef MQTTSPEC_TRANSCRIPT_H
#define MQTTSPEC_TRANSCRIPT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "verdict.h"
#include "wire/wire.h"

struct transcript;

enum transcript_kind {
    TRANSCRIPT_OPEN,   /* connection made */
    TRANSCRIPT_OCTETS, /* from one side to the other */
    TRANSCRIPT_FIN,    /* that side closed its direction */
    TRANSCRIPT_RST,    /* that side cut the connection */
    TRANSCRIPT_NOTE    /* words: a fault was injected, a broker restarted */
};

/* One event; octets are owned by the transcript. */
struct transcript_event {
    enum transcript_kind kind;
    int connection; /* index; -1 for a note about none */
    enum wire_side from;
    int64_t time_ns; /* since the Unix epoch */
    const unsigned char *octets;
    size_t n;
};

/* transcript_new begins an empty transcript; transcript_free takes NULL. */
struct transcript *transcript_new(void);
void transcript_free(struct transcript *transcript);

/* transcript_open adds a connection and returns its index. `who` names the
 * client's side in the reports; copied, may be changed by transcript_name. */
int transcript_open(struct transcript *transcript, const char *who);
void transcript_name(struct transcript *transcript, int connection,
                     const char *who);
void transcript_octets(struct transcript *transcript, int connection,
                       enum wire_side from, const void *octets, size_t n);
void transcript_close(struct transcript *transcript, int connection,
                      enum wire_side by, enum transcript_kind how);
void transcript_note(struct transcript *transcript, int connection,
                     const char *words);

/* Asking: connections, their names, events in order. */
int transcript_n_connections(const struct transcript *transcript);
const char *transcript_who(const struct transcript *transcript, int connection);
size_t transcript_n_events(const struct transcript *transcript);
const struct transcript_event *
transcript_event_at(const struct transcript *transcript, size_t i);

/* transcript_judge gives every connection to the observer.
 *
 * on_breach  called for each breach by the broker: statement (or section),
 *            whether it is only a SHOULD, the sentence
 */
void transcript_judge(const struct transcript *transcript,
                      void (*on_breach)(void *user, const char *statement,
                                        bool is_should, const char *who,
                                        const char *sentence),
                      void *user);

/* transcript_for_each_packet reads the packets of each connection in order. */
void transcript_for_each_packet(const struct transcript *transcript,
                                void (*on_packet)(void *user, int connection,
                                                  enum wire_side from,
                                                  const struct wire_packet *),
                                void *user);

/* transcript_write_json writes an array with an object per packet or event:
 * { "time": seconds since the case began, "who": the client's name,
 *   "from": "client|broker|", "event": "open|packet|close|note",
 *   "text": one line, "type": "PUBLISH", "octets": hex (cut),
 *   "fields": { name in the standard: string, number or boolean },
 *   "offending": true }.
 * type, octets and fields stand with packets only. The page draws its ladder
 * from these members (reports/page/common.js); passwords are hidden. */
void transcript_write_json(const struct transcript *transcript, FILE *out);

/* transcript_write_pcap writes a capture (link type Ethernet, nanoseconds).
 * Returns 0, or -1 with errno. */
int transcript_write_pcap(const struct transcript *transcript,
                          const char *path);

#endif
