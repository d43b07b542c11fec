/* SPDX-License-Identifier: Apache-2.0 */
/* pcapout.c -- writes octets that never were on a wire as a TCP capture. */
#include "pcapout.h"

#include "link.h"
#include "room.h"

enum { SEGMENT_MAX = 1460, HEADERS = 14 + 20 + 20, PSH = 8 };

struct connection {
    struct pcapout_end end[2]; /* client, server */
    uint32_t next[2];          /* sequence number each sends next */
    uint16_t id[2];
    bool has_ended[2];
};

struct pcapout {
    FILE *file;
    struct connection *connections;
    size_t n;
    uint64_t n_frames;
};

static void put16(uint8_t *at, unsigned v)
{
    at[0] = (uint8_t)(v >> 8);
    at[1] = (uint8_t)v;
}

static void put32(uint8_t *at, uint32_t v)
{
    put16(at, v >> 16);
    put16(at + 2, v & 0xFFFF);
}

struct pcapout *pcapout_open(const char *path)
{
    FILE *file = fopen(path, "wb");
    return file ? pcapout_from(file) : NULL;
}

struct pcapout *pcapout_from(FILE *file)
{
    static const struct {
        uint32_t magic;
        uint16_t major, minor;
        uint32_t zone, accuracy, snap_length, link_type;
    } HEADER = {0xA1B23C4D, 2, 4, 0, 0, 262144, 1};
    struct pcapout *out = xcalloc(1, sizeof *out);
    out->file = file;
    fwrite(&HEADER, 1, 24, file);
    return out;
}

/* Sum of 16-bit words, RFC 1071; folded by the caller. */
static uint32_t sum(const uint8_t *octets, size_t n, uint32_t start)
{
    for (size_t i = 0; i + 1 < n; i += 2)
        start += (uint32_t)octets[i] << 8 | octets[i + 1];
    return n % 2 ? start + ((uint32_t)octets[n - 1] << 8) : start;
}

static unsigned fold(uint32_t s)
{
    s = (s & 0xFFFF) + (s >> 16);
    s = (s & 0xFFFF) + (s >> 16);
    return ~s & 0xFFFF;
}

static void put_frame(struct pcapout *out, const uint8_t *frame, size_t n,
                      uint64_t time_ns)
{
    uint32_t head[4] = {(uint32_t)(time_ns / 1000000000u),
                        (uint32_t)(time_ns % 1000000000u), (uint32_t)n,
                        (uint32_t)n};
    fwrite(head, 1, sizeof head, out->file);
    fwrite(frame, 1, n, out->file);
    out->n_frames++;
}

static void put_segment(struct pcapout *out, struct connection *c, int from,
                        uint8_t flags, const uint8_t *octets, size_t n,
                        uint64_t time_ns)
{
    uint8_t f[HEADERS + SEGMENT_MAX] = {0};
    uint8_t *ip = f + 14, *tcp = f + 34;
    f[0] = f[6] = 2; /* locally administered addresses */
    f[5] = (uint8_t)(2 - from);
    f[11] = (uint8_t)(1 + from);
    put16(f + 12, 0x0800);
    ip[0] = 0x45;
    put16(ip + 2, (unsigned)(40 + n));
    put16(ip + 4, c->id[from]++);
    ip[6] = 0x40; /* don't fragment */
    ip[8] = 64;
    ip[9] = 6;
    put32(ip + 12, c->end[from].address);
    put32(ip + 16, c->end[!from].address);
    put16(ip + 10, fold(sum(ip, 20, 0)));
    put16(tcp, c->end[from].port);
    put16(tcp + 2, c->end[!from].port);
    put32(tcp + 4, c->next[from]);
    put32(tcp + 8, flags & TCP_ACK ? c->next[!from] : 0);
    tcp[12] = 0x50;
    tcp[13] = flags;
    put16(tcp + 14, 65535);
    if (n)
        memcpy(tcp + 20, octets, n);
    put16(tcp + 16,
          fold(sum(tcp, 20 + n, sum(ip + 12, 8, 6 + 20 + (uint32_t)n))));
    put_frame(out, f, HEADERS + n, time_ns);
    c->next[from] += (uint32_t)n + (flags & (TCP_SYN | TCP_FIN) ? 1 : 0);
}

size_t pcapout_connect(struct pcapout *out, struct pcapout_end client,
                       struct pcapout_end server, uint64_t time_ns)
{
    out->connections = grow(out->connections, out->n, sizeof *out->connections);
    struct connection *c = &out->connections[out->n];
    *c = (struct connection){.end = {client, server},
                             .next = {1000 + 64000 * (uint32_t)out->n,
                                      500 + 96000 * (uint32_t)out->n}};
    put_segment(out, c, 0, TCP_SYN, NULL, 0, time_ns);
    put_segment(out, c, 1, TCP_SYN | TCP_ACK, NULL, 0, time_ns);
    put_segment(out, c, 0, TCP_ACK, NULL, 0, time_ns);
    return out->n++;
}

void pcapout_send(struct pcapout *out, size_t connection, bool is_client,
                  const void *octets, size_t n, uint64_t time_ns)
{
    const uint8_t *at = octets;
    while (n > 0) {
        size_t part = n < SEGMENT_MAX ? n : SEGMENT_MAX;
        put_segment(out, &out->connections[connection], !is_client,
                    TCP_ACK | (part == n ? PSH : 0), at, part, time_ns);
        at += part;
        n -= part;
    }
}

void pcapout_close(struct pcapout *out, size_t connection, bool is_client,
                   bool is_rst, uint64_t time_ns)
{
    struct connection *c = &out->connections[connection];
    int from = !is_client;
    if (c->has_ended[from])
        return;
    c->has_ended[from] = true;
    put_segment(out, c, from, TCP_ACK | (is_rst ? TCP_RST : TCP_FIN), NULL, 0,
                time_ns);
    if (is_rst)
        c->has_ended[!from] = true;
    else
        put_segment(out, c, !from, TCP_ACK, NULL, 0, time_ns);
}

uint64_t pcapout_frames(const struct pcapout *out)
{
    return out->n_frames;
}

int pcapout_finish(struct pcapout *out)
{
    int failed = ferror(out->file);
    failed |= fclose(out->file);
    free(out->connections);
    free(out);
    return failed ? -1 : 0;
}
