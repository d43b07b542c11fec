/* SPDX-License-Identifier: Apache-2.0 */
/* scene.c -- captures made in memory, bent, and read again. */
#include "tests/scene.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "room.h"
#include "wire/wire.h"

static char written[1 << 16];
static size_t n_written;
static struct scene_facts facts;
static char *memory;
static size_t n_memory;

struct pcapout *scene_begin(void)
{
    memory = NULL;
    return pcapout_from(open_memstream(&memory, &n_memory));
}

void scene_end(struct scene *s, struct pcapout *out)
{
    ck_assert_int_eq(pcapout_finish(out), 0);
    *s = (struct scene){.link_type = 1};
    for (size_t at = 24; at + 16 <= n_memory;) {
        uint32_t head[4];
        memcpy(head, memory + at, sizeof head);
        s->frames = grow(s->frames, s->n, sizeof *s->frames);
        s->frames[s->n++] =
            (struct scene_frame){(uint64_t)head[0] * 1000000000u + head[1],
                                 head[2], xmemdup(memory + at + 16, head[2])};
        at += 16 + head[2];
    }
    free(memory);
}

static void put(struct pcapout *out, size_t c, bool is_client,
                const struct wire_packet *p, uint64_t time_ns)
{
    uint8_t octets[2048];
    size_t n = wire_write(WIRE_3_1_1, p, octets, sizeof octets);
    pcapout_send(out, c, is_client, octets, n, time_ns);
}

void scene_hello(struct scene *s, int n_publishes)
{
    struct pcapout *out = scene_begin();
    uint64_t t = 1700000000000000000u, ms = 1000000;
    size_t c = pcapout_connect(out, (struct pcapout_end){0x0A000001, 40000},
                               (struct pcapout_end){0x0A000002, 7777}, t);
    put(out, c, true, CONNECT(.client_id = "a", .clean_start = 1), t += ms);
    put(out, c, false, CONNACK(), t += ms);
    for (int i = 1; i <= n_publishes; i++) {
        uint16_t id = (uint16_t)i;
        put(out, c, true,
            PUBLISH(.topic = "t", .qos = 1, .packet_id = id,
                    .payload = BYTES("hello")),
            t += ms);
        put(out, c, false, PUBACK(.packet_id = id), t += ms);
    }
    put(out, c, true, DISCONNECT(), t += ms);
    pcapout_close(out, c, true, false, t += ms);
    pcapout_close(out, c, false, false, t + ms);
    scene_end(s, out);
}

void scene_swap(struct scene *s, size_t a, size_t b)
{
    struct scene_frame frame = s->frames[a];
    s->frames[a] = s->frames[b];
    s->frames[b] = frame;
}

void scene_drop(struct scene *s, size_t at)
{
    free(s->frames[at].octets);
    memmove(&s->frames[at], &s->frames[at + 1],
            (--s->n - at) * sizeof *s->frames);
}

void scene_copy(struct scene *s, size_t at)
{
    struct scene_frame copy = s->frames[at];
    copy.octets = xmemdup(copy.octets, copy.n);
    s->frames = grow(s->frames, s->n, sizeof *s->frames);
    memmove(&s->frames[at + 1], &s->frames[at],
            (s->n++ - at) * sizeof *s->frames);
    s->frames[at + 1] = copy;
}

void scene_clear(struct scene *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->frames[i].octets);
    free(s->frames);
    *s = (struct scene){0};
}

FILE *scene_file(const struct scene *s)
{
    FILE *file = tmpfile();
    uint32_t head[6] = {0xA1B23C4D, 4 << 16 | 2, 0,
                        0,          262144,      (uint32_t)s->link_type};
    ck_assert_ptr_nonnull(file);
    fwrite(head, 1, sizeof head, file);
    for (size_t i = 0; i < s->n; i++) {
        const struct scene_frame *f = &s->frames[i];
        uint32_t record[4] = {(uint32_t)(f->time_ns / 1000000000u),
                              (uint32_t)(f->time_ns % 1000000000u),
                              (uint32_t)f->n, (uint32_t)f->n};
        fwrite(record, 1, sizeof record, file);
        fwrite(f->octets, 1, f->n, file);
    }
    rewind(file);
    return file;
}

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(written + n_written, sizeof written - n_written, format,
                      args);
    va_end(args);
    if (n > 0 && n_written + (size_t)n < sizeof written)
        n_written += (size_t)n;
}

static void on_packet(void *user, struct flow *flow,
                      const struct flow_packet *p)
{
    (void)user;
    (void)flow;
    note("%s%c:%s", n_written ? " " : "", p->from == WIRE_CLIENT ? 'C' : 'S',
         wire_type_name((enum wire_type)(p->octets[0] >> 4)));
}

static void on_gap(void *user, struct flow *flow, enum wire_side from,
                   uint64_t n, struct mark mark)
{
    (void)user;
    (void)flow;
    (void)mark;
    note("%s%c(gap %llu)", n_written ? " " : "",
         from == WIRE_CLIENT ? 'C' : 'S', (unsigned long long)n);
}

static void on_end(void *user, struct flow *flow, enum wire_side from,
                   enum tcp_end end, size_t left, struct mark mark)
{
    static const char *const ENDS[] = {"fin", "rst", ".."};
    (void)user;
    (void)flow;
    (void)left;
    (void)mark;
    note("%s%c:%s", n_written ? " " : "", from == WIRE_CLIENT ? 'C' : 'S',
         ENDS[end]);
}

static void on_close(void *user, struct flow *flow)
{
    (void)user;
    if (facts.n_streams++)
        return;
    facts.tcp = *flow->tcp;
    facts.kind = flow->kind;
    facts.version = flow->version;
    facts.is_ws = flow->is_ws;
}

const char *scene_read_file(FILE *file)
{
    char error[300];
    struct flow_watcher watcher = {.on_packet = on_packet,
                                   .on_gap = on_gap,
                                   .on_end = on_end,
                                   .on_close = on_close};
    n_written = 0;
    written[0] = '\0';
    facts = (struct scene_facts){0};
    struct capture *capture = capture_from(file, error, sizeof error);
    if (!capture)
        return "";
    struct flows *flows = flows_new(&watcher, 0);
    facts.n_mqtt = flows_run(flows, capture);
    facts.link = *flows_link(flows);
    if (capture_trouble(capture))
        snprintf(facts.trouble, sizeof facts.trouble, "%.90s",
                 capture_trouble(capture));
    flows_free(flows);
    capture_close(capture);
    return written;
}

const char *scene_read(const struct scene *s)
{
    return scene_read_file(scene_file(s));
}

const struct scene_facts *scene_facts(void)
{
    return &facts;
}
