/* SPDX-License-Identifier: Apache-2.0 */
/* anonymise.c -- a capture without names, secrets and contents.
 *
 * Every string is replaced in place by one of the same length, equal ones by
 * equal ones, topics level by level: so packets keep their sizes and the
 * capture replays as before. Addresses become 10.0.0.N. Times, sizes and the
 * order of packets stay; they can tell something, too.
 */
#include <errno.h>

#include "pcapout.h"
#include "replay.h"
#include "room.h"

/* Old strings and their new ones, by kind. */
struct alias {
    char kind; /* 'l' topic level, 'n' name, 'p' payload */
    size_t n;
    uint8_t *old, *new;
};

struct masks {
    struct alias *rows;
    size_t n;
};

static const char LETTERS[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/* The k-th word of n letters; distinct as long as there are enough words. */
static void make_word(uint8_t *out, size_t n, size_t k)
{
    for (size_t i = n; i-- > 0; k /= sizeof LETTERS - 1)
        out[i] = (uint8_t)LETTERS[k % (sizeof LETTERS - 1)];
}

/* Replaces octets by their mask. */
static void mask(struct masks *m, char kind, uint8_t *octets, size_t n)
{
    size_t k = 0;
    for (size_t i = 0; i < m->n; i++) {
        const struct alias *a = &m->rows[i];
        if (a->kind != kind || a->n != n)
            continue;
        if (!memcmp(a->old, octets, n)) {
            memcpy(octets, a->new, n);
            return;
        }
        k++;
    }
    if (n == 0)
        return;
    m->rows = grow(m->rows, m->n, sizeof *m->rows);
    struct alias *a = &m->rows[m->n++];
    *a = (struct alias){kind, n, xmemdup(octets, n), NULL};
    make_word(octets, n, k);
    a->new = xmemdup(octets, n);
}

/* Payloads are many: their mask is made from their content, not kept. */
static void mask_payload(uint8_t *octets, size_t n)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ octets[i]) * 1099511628211u;
    for (size_t i = 0; i < n; i++) {
        h ^= h << 13;
        h ^= h >> 7;
        h ^= h << 17;
        octets[i] = (uint8_t)LETTERS[h % (sizeof LETTERS - 1)];
    }
}

static void mask_topic(struct masks *m, uint8_t *octets, size_t n)
{
    bool is_shared = n > 7 && !memcmp(octets, "$share/", 7);
    for (size_t at = is_shared ? 7 : 0; at < n;) {
        size_t end = at;
        while (end < n && octets[end] != '/')
            end++;
        bool is_wild =
            end - at == 1 && (octets[at] == '+' || octets[at] == '#');
        if (end > at && octets[at] != '$' && !is_wild)
            mask(m, 'l', octets + at, end - at);
        at = end + 1;
    }
}

static void on_item(void *user, const struct wire_item *item)
{
    struct masks *m = user;
    size_t n = wire_len(item->octets);
    /* the walk lends its slices of octets that are ours to change */
    uint8_t *at = (uint8_t *)(uintptr_t)item->octets.octets;
    if (item->kind != WIRE_TEXT && item->kind != WIRE_BINARY &&
        item->kind != WIRE_PAIR)
        return;
    if (!n && item->kind != WIRE_PAIR)
        return;
    if (!strcmp(item->name, "Protocol Name"))
        return;
    if (strstr(item->name, "Topic"))
        mask_topic(m, at, n);
    else if (strstr(item->name, "Payload"))
        mask_payload(at, n);
    else if (n)
        mask(m, 'n', at, n);
    if (item->kind == WIRE_PAIR && wire_len(item->value))
        mask(m, 'n', (uint8_t *)(uintptr_t)item->value.octets,
             wire_len(item->value));
}

/* A packet that the reader refuses is not understood well enough to be masked:
 * its body is left out, the type and the length of it stay. */
static void mask_packet(struct masks *m, struct message *message)
{
    struct wire_packet p;
    message_decode(message, &p);
    if (message->is_bad) {
        size_t head = 1;
        while (head < message->n && message->octets[head] & 0x80)
            head++;
        for (size_t i = head + 1; i < message->n; i++)
            message->octets[i] = 0;
        return;
    }
    wire_walk(&p, on_item, m);
}

static uint32_t address_of(const struct script *s, const struct endpoint *e)
{
    uint32_t n = 1; /* its place in the list of addresses */
    for (size_t i = 0; i < s->n_streams; i++) {
        const struct endpoint *both[] = {&s->streams[i].client,
                                         &s->streams[i].server};
        for (int k = 0; k < 2; k++, n++)
            if (!memcmp(both[k]->address, e->address, 16))
                return 0x0A000000u + n;
    }
    return 0x0A000000u;
}

static void put_item(struct pcapout *out, struct masks *m,
                     const struct item *item, size_t connection)
{
    bool is_client = item->from == WIRE_CLIENT;
    if (item->kind == ITEM_END) {
        pcapout_close(out, connection, is_client, item->end == TCP_END_RST,
                      item->time_ns);
        return;
    }
    if (item->kind != ITEM_PACKET || item->is_own)
        return;
    struct message copy = {.version = item->message.version,
                           .from = item->from,
                           .n = item->message.n,
                           .type = item->message.type,
                           .is_bad = item->message.is_bad};
    copy.octets = xmemdup(item->message.octets, item->message.n);
    mask_packet(m, &copy);
    pcapout_send(out, connection, is_client, copy.octets, copy.n,
                 item->time_ns);
    free(copy.octets);
}

int anonymise_write(const struct script *s, const char *path)
{
    struct pcapout *out = pcapout_open(path);
    struct masks masks = {0};
    if (!out) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    size_t *numbers = xcalloc(s->n_streams, sizeof *numbers);
    bool *is_begun = xcalloc(s->n_streams, sizeof *is_begun);
    for (size_t i = 0; i < s->n_items; i++) {
        const struct item *item = &s->items[i];
        const struct stream *st = &s->streams[item->stream];
        if (!is_begun[item->stream]) {
            struct pcapout_end client = {address_of(s, &st->client),
                                         st->client.port};
            struct pcapout_end server = {address_of(s, &st->server),
                                         st->server.port};
            is_begun[item->stream] = true;
            numbers[item->stream] =
                pcapout_connect(out, client, server, item->time_ns);
        }
        put_item(out, &masks, item, numbers[item->stream]);
    }
    for (size_t i = 0; i < masks.n; i++) {
        free(masks.rows[i].old);
        free(masks.rows[i].new);
    }
    free(masks.rows);
    free(numbers);
    free(is_begun);
    if (!pcapout_finish(out))
        return 0;
    fprintf(stderr, "%s: could not be written\n", path);
    return -1;
}
