/* SPDX-License-Identifier: Apache-2.0 */
/* transcript_tell.c -- a transcript for the eye: as JSON and as a .pcap.
 *
 * The pcap has made-up Ethernet, IPv4 and TCP headers: each connection is a
 * client address 10.x.y.(n+1) talking to 10.x.y.100 port 1883, with a
 * three-way hand-shake, sequence numbers and checksums that are right. x, y and
 * the client's port follow from the file's name: the captures of a run can be
 * merged into one without two of their connections becoming one.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "transcript.h"

/* ---- JSON
 * ------------------------------------------------------------------*/

enum { MAX_HEX_OCTETS = 512, MAX_FIELDS_TEXT = 256 };

struct stream { /* one direction of a connection, cut into packets */
    unsigned char *octets;
    size_t n, cap;
};

struct teller {
    const struct transcript *transcript;
    FILE *out;
    enum wire_version *versions; /* per connection */
    struct stream *streams;      /* two per connection */
    bool is_first;
};

static void add_hex(cJSON *entry, const unsigned char *octets, size_t n)
{
    char hex[2 * MAX_HEX_OCTETS + 4];
    size_t shown = n < MAX_HEX_OCTETS ? n : MAX_HEX_OCTETS;
    for (size_t i = 0; i < shown; i++)
        snprintf(hex + 2 * i, 3, "%02x", octets[i]);
    hex[2 * shown] = '\0';
    if (shown < n)
        strcat(hex, "...");
    cJSON_AddStringToObject(entry, "octets", hex);
}

/* A JSON string must be UTF-8: what is not becomes \x.. in words. */
static void readable(struct wire_bytes bytes, char *out, size_t cap)
{
    size_t at = 0, n = wire_len(bytes);
    bool is_text = wire_utf8_is_valid(bytes) && n < MAX_FIELDS_TEXT;
    for (size_t i = 0; i < n && at + 6 < cap; i++) {
        unsigned char c = bytes.octets[i];
        if (is_text && c != '\\')
            out[at++] = (char)c;
        else if (c >= 0x20 && c < 0x7f)
            out[at++] = (char)c;
        else
            at += (size_t)snprintf(out + at, cap - at, "\\x%02x", c);
    }
    out[at] = '\0';
}

static void on_item(void *user, const struct wire_item *item)
{
    char name[128], text[1100], value[1100];
    cJSON *fields = user;
    const char *group = item->group ? item->group : "";
    bool is_list = strcmp(group, "Filter") == 0 || item->index > 0;
    snprintf(name, sizeof name, "%s%s%s", group, *group ? " " : "", item->name);
    if (is_list)
        snprintf(name, sizeof name, "%s%s%zu %s", group, *group ? " " : "",
                 item->index + 1, item->name);
    if (strcmp(item->name, "Password") == 0) {
        cJSON_AddStringToObject(fields, name, "(hidden)");
        return;
    }
    switch (item->kind) {
    case WIRE_FLAG:
        cJSON_AddBoolToObject(fields, name, item->number != 0);
        return;
    case WIRE_NUMBER:
        cJSON_AddNumberToObject(fields, name, (double)item->number);
        return;
    case WIRE_CODE:
        snprintf(text, sizeof text, "0x%02X %s", (unsigned)item->number,
                 item->meaning ? item->meaning : "");
        break;
    case WIRE_TEXT:
    case WIRE_BINARY:
        readable(item->octets, text, sizeof text);
        break;
    case WIRE_PAIR:
        readable(item->octets, text, sizeof text / 2);
        readable(item->value, value, sizeof value / 2);
        strcat(strcat(text, " = "), value);
        break;
    }
    cJSON_AddStringToObject(fields, name, text);
}

static void put_entry(struct teller *teller,
                      const struct transcript_event *event, const char *kind,
                      const char *text, const struct wire_packet *packet)
{
    const struct transcript *transcript = teller->transcript;
    int64_t began = transcript_event_at(transcript, 0)->time_ns;
    const char *from = event->from == WIRE_CLIENT   ? "client"
                       : event->from == WIRE_SERVER ? "broker"
                                                    : "";
    cJSON *entry = cJSON_CreateObject();
    cJSON_AddNumberToObject(entry, "time",
                            (double)((event->time_ns - began) / 1000) / 1e6);
    const char *who = transcript_who(transcript, event->connection);
    char name[300];
    readable((struct wire_bytes){{who}, strlen(who)}, name, sizeof name);
    cJSON_AddStringToObject(entry, "who", name);
    cJSON_AddStringToObject(entry, "from", from);
    cJSON_AddStringToObject(entry, "event", kind);
    char clean[1600];
    readable((struct wire_bytes){{text}, strlen(text)}, clean, sizeof clean);
    cJSON_AddStringToObject(entry, "text", clean);
    if (packet) {
        cJSON_AddStringToObject(entry, "type", wire_type_name(packet->type));
        add_hex(entry, packet->octets.octets, wire_len(packet->octets));
        cJSON *fields = cJSON_AddObjectToObject(entry, "fields");
        wire_walk(packet, on_item, fields);
    }
    char *line = cJSON_PrintUnformatted(entry);
    fprintf(teller->out, "%s%s", teller->is_first ? "[" : ",\n", line);
    teller->is_first = false;
    free(line);
    cJSON_Delete(entry);
}

static void put_packets(struct teller *teller,
                        const struct transcript_event *event)
{
    int c = event->connection;
    struct stream *s =
        &teller->streams[2 * c + (event->from == WIRE_SERVER ? 1 : 0)];
    if (s->n + event->n > s->cap) {
        s->cap = 2 * (s->n + event->n);
        s->octets = realloc(s->octets, s->cap);
        if (!s->octets)
            abort();
    }
    memcpy(s->octets + s->n, event->octets, event->n);
    s->n += event->n;
    for (;;) {
        struct wire_packet packet;
        struct wire_fault fault;
        size_t total = 0;
        char text[1024];
        enum wire_status status =
            s->n ? wire_read(teller->versions[c], event->from, s->octets, s->n,
                             &packet, &total, &fault)
                 : WIRE_MORE;
        if (status == WIRE_MORE)
            return;
        if (total == 0 || total > s->n)
            total = s->n;
        if (packet.type == WIRE_CONNECT)
            teller->versions[c] = packet.version;
        packet.octets = SLICE(s->octets, total);
        wire_describe(&packet, text, sizeof text / 2);
        if (status == WIRE_BAD) {
            strcat(text, " -- ");
            strncat(text, fault.sentence, sizeof text - strlen(text) - 1);
        }
        put_entry(teller, event, "packet", text, &packet);
        memmove(s->octets, s->octets + total, s->n - total);
        s->n -= total;
    }
}

static void put_rest(struct teller *teller,
                     const struct transcript_event *event)
{
    static const char *const kinds[] = {"open", "packet", "close", "close",
                                        "note"};
    static const char *const texts[] = {"connection opened", "",
                                        "closes the connection",
                                        "cuts the connection (reset)", ""};
    const char *text = event->kind == TRANSCRIPT_NOTE
                           ? (const char *)event->octets
                           : texts[event->kind];
    put_entry(teller, event, kinds[event->kind], text, NULL);
}

void transcript_write_json(const struct transcript *transcript, FILE *out)
{
    size_t n = (size_t)transcript_n_connections(transcript);
    struct teller teller = {.transcript = transcript,
                            .out = out,
                            .versions = calloc(n + 1, sizeof *teller.versions),
                            .streams = calloc(2 * n + 1, sizeof(struct stream)),
                            .is_first = true};
    for (size_t i = 0; i < transcript_n_events(transcript); i++) {
        const struct transcript_event *e = transcript_event_at(transcript, i);
        if (e->kind == TRANSCRIPT_OCTETS)
            put_packets(&teller, e);
        else
            put_rest(&teller, e);
    }
    fputs(teller.is_first ? "[]\n" : "]\n", out);
    for (size_t i = 0; i < 2 * n; i++)
        free(teller.streams[i].octets);
    free(teller.streams);
    free(teller.versions);
}

/* ---- pcap
 * ------------------------------------------------------------------*/

enum {
    MAX_SEGMENT = 1400,
    F_FIN = 1,
    F_SYN = 2,
    F_RST = 4,
    F_PSH = 8,
    F_ACK = 16,
    HEADERS = 14 + 20 + 20
};

struct pcap {
    FILE *out;
    uint32_t (*seq)[2]; /* per connection: of the client, of the broker */
    bool (*ended)[2];
    uint16_t ip_id;
    uint32_t name_hash; /* of the file's name */
};

static void put16(unsigned char *at, unsigned v)
{
    at[0] = (unsigned char)(v >> 8);
    at[1] = (unsigned char)v;
}

static void put32(unsigned char *at, uint32_t v)
{
    put16(at, v >> 16);
    put16(at + 2, v & 0xffff);
}

static uint32_t sum16(uint32_t sum, const unsigned char *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum += i % 2 ? at[i] : (uint32_t)at[i] << 8;
    return sum;
}

static unsigned fold(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return ~sum & 0xffff;
}

static void put_frame(struct pcap *pcap, int c, int side, unsigned flags,
                      int64_t time_ns, const unsigned char *octets, size_t n)
{
    unsigned char h[HEADERS] = {0}, pseudo[12] = {0};
    uint32_t record[4] = {(uint32_t)(time_ns / 1000000000),
                          (uint32_t)(time_ns % 1000000000),
                          (uint32_t)(HEADERS + n), (uint32_t)(HEADERS + n)};
    unsigned char *ip = h + 14, *tcp = h + 34;
    uint32_t network = 0x0a000000u | (pcap->name_hash & 0xffffu) << 8;
    uint32_t addresses[2] = {network + 1 + (uint32_t)c, network + 100};
    unsigned ports[2] = {20000u + (pcap->name_hash >> 16) % 40000u, 1883};
    h[0] = h[6] = 2;
    h[5] = (unsigned char)(side ? 1 : 2);
    h[11] = (unsigned char)(side ? 2 : 1);
    put16(h + 12, 0x0800);
    ip[0] = 0x45;
    put16(ip + 2, (unsigned)(40 + n));
    put16(ip + 4, pcap->ip_id++);
    ip[8] = 64;
    ip[9] = 6;
    put32(ip + 12, addresses[side]);
    put32(ip + 16, addresses[!side]);
    put16(ip + 10, fold(sum16(0, ip, 20)));
    put16(tcp, ports[side]);
    put16(tcp + 2, ports[!side]);
    put32(tcp + 4, pcap->seq[c][side]);
    put32(tcp + 8, flags & F_ACK ? pcap->seq[c][!side] : 0);
    tcp[12] = 0x50;
    tcp[13] = (unsigned char)flags;
    put16(tcp + 14, 65535);
    memcpy(pseudo, ip + 12, 8);
    pseudo[9] = 6;
    put16(pseudo + 10, (unsigned)(20 + n));
    uint32_t sum = sum16(sum16(0, pseudo, 12), tcp, 20);
    put16(tcp + 16, fold(sum16(sum, octets, n)));
    fwrite(record, sizeof record, 1, pcap->out);
    fwrite(h, sizeof h, 1, pcap->out);
    if (n)
        fwrite(octets, n, 1, pcap->out);
    pcap->seq[c][side] += (uint32_t)n + (flags & (F_SYN | F_FIN) ? 1 : 0);
}

static void put_event(struct pcap *pcap, const struct transcript_event *e)
{
    int c = e->connection, side = e->from == WIRE_SERVER;
    if (c < 0 || e->kind == TRANSCRIPT_NOTE)
        return;
    if (e->kind == TRANSCRIPT_OPEN) {
        put_frame(pcap, c, 0, F_SYN, e->time_ns, NULL, 0);
        put_frame(pcap, c, 1, F_SYN | F_ACK, e->time_ns, NULL, 0);
        put_frame(pcap, c, 0, F_ACK, e->time_ns, NULL, 0);
        return;
    }
    if (pcap->ended[c][side])
        return; /* nothing can follow a FIN or a reset */
    if (e->kind == TRANSCRIPT_OCTETS) {
        for (size_t at = 0; at < e->n; at += MAX_SEGMENT) {
            size_t n = e->n - at < MAX_SEGMENT ? e->n - at : MAX_SEGMENT;
            put_frame(pcap, c, side, F_PSH | F_ACK, e->time_ns, e->octets + at,
                      n);
        }
        return;
    }
    bool is_reset = e->kind == TRANSCRIPT_RST;
    put_frame(pcap, c, side, is_reset ? F_RST | F_ACK : F_FIN | F_ACK,
              e->time_ns, NULL, 0);
    pcap->ended[c][side] = true;
    if (is_reset)
        pcap->ended[c][!side] = true;
}

/* FNV-1a of the last part of a path. */
static uint32_t hash_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    uint32_t hash = 2166136261u;
    for (const char *c = slash ? slash + 1 : path; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    return hash;
}

int transcript_write_pcap(const struct transcript *transcript, const char *path)
{
    /* Nanosecond pcap 2.4, link type 1, in this machine's byte order. */
    const uint32_t head[6] = {0xa1b23c4d, 2u | 4u << 16, 0, 0, 262144, 1};
    size_t n = (size_t)transcript_n_connections(transcript);
    struct pcap pcap = {.out = fopen(path, "wb"), .name_hash = hash_name(path)};
    if (!pcap.out)
        return -1;
    pcap.seq = calloc(n + 1, sizeof *pcap.seq);
    pcap.ended = calloc(n + 1, sizeof *pcap.ended);
    fwrite(head, sizeof head, 1, pcap.out);
    for (size_t i = 0; i < transcript_n_events(transcript); i++)
        put_event(&pcap, transcript_event_at(transcript, i));
    free(pcap.seq);
    free(pcap.ended);
    int is_bad = ferror(pcap.out);
    return fclose(pcap.out) != 0 || is_bad ? -1 : 0;
}
