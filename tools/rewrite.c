/* SPDX-License-Identifier: Apache-2.0 */
/* rewrite.c -- the few octets of a client's packet that a replay must change.
 */
#include "rewrite.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>

#include "report/text.h"
#include "room.h"

static char *trim(char *s)
{
    while (isspace((unsigned char)*s))
        s++;
    size_t n = strlen(s);
    while (n && isspace((unsigned char)s[n - 1]))
        s[--n] = '\0';
    return s;
}

void renames_add(struct renames *r, const char *from, const char *to)
{
    r->rows = grow(r->rows, r->n, sizeof *r->rows);
    r->rows[r->n++] =
        (struct rename){from ? xstrdup(from) : NULL, xstrdup(to), NULL};
}

static bool add_line(struct renames *r, char *line, bool is_credentials)
{
    line = trim(line);
    if (!*line || *line == '#')
        return true;
    char *equals = strchr(line, '=');
    char *from = NULL, *to = line;
    if (equals) {
        *equals = '\0';
        from = trim(line);
        to = trim(equals + 1);
    }
    char *colon = is_credentials ? strchr(to, ':') : NULL;
    if ((!equals && !is_credentials) || (is_credentials && !colon))
        return false;
    if (colon)
        *colon = '\0';
    renames_add(r, from, to);
    if (colon)
        r->rows[r->n - 1].password = xstrdup(colon + 1);
    return true;
}

bool renames_load(struct renames *r, const char *path, bool is_credentials)
{
    struct text text = {0};
    if (text_load(&text, path)) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return false;
    }
    int number = 0;
    bool is_good = true;
    for (char *line = text.chars, *next; line && *line && is_good;
         line = next) {
        size_t n = strcspn(line, "\n");
        next = line + n + (line[n] ? 1 : 0);
        line[n] = '\0';
        number++;
        is_good = add_line(r, line, is_credentials);
    }
    if (!is_good)
        fprintf(stderr, "%s: line %d is not \"%s\"\n", path, number,
                is_credentials ? "captured user = user:password"
                               : "captured id = live id");
    text_clear(&text);
    return is_good;
}

const struct rename *renames_find(const struct renames *r, const char *name,
                                  size_t n)
{
    const struct rename *any = NULL;
    for (size_t i = 0; i < r->n; i++) {
        const struct rename *row = &r->rows[i];
        if (!row->from)
            any = row;
        else if (strlen(row->from) == n && !memcmp(row->from, name, n))
            return row;
    }
    return any;
}

void renames_clear(struct renames *r)
{
    for (size_t i = 0; i < r->n; i++) {
        free(r->rows[i].from);
        free(r->rows[i].to);
        free(r->rows[i].password);
    }
    free(r->rows);
    *r = (struct renames){0};
}

/* A packet's body, growing. */
struct body {
    uint8_t *octets;
    size_t n;
};

static void add(struct body *b, const void *octets, size_t n)
{
    b->octets = xrealloc(b->octets, b->n + n);
    if (n)
        memcpy(b->octets + b->n, octets, n);
    b->n += n;
}

static void add_string(struct body *b, const char *text, size_t n)
{
    uint8_t length[2] = {(uint8_t)(n >> 8), (uint8_t)n};
    add(b, length, 2);
    add(b, text, n);
}

/* Fixed header before the body. Frees the body. */
static uint8_t *finish(struct body *b, uint8_t first, size_t *n)
{
    uint8_t head[5] = {first};
    size_t at = 1, left = b->n;
    do {
        head[at] = (uint8_t)(left & 0x7F);
        left >>= 7;
        head[at++] |= left ? 0x80 : 0;
    } while (left);
    uint8_t *packet = xrealloc(NULL, at + b->n);
    memcpy(packet, head, at);
    if (b->n)
        memcpy(packet + at, b->octets, b->n);
    *n = at + b->n;
    free(b->octets);
    return packet;
}

/* The live Client Identifier for a captured one; owned. */
static char *live_id(const struct rewrite *r, struct wire_bytes id, size_t *n)
{
    size_t n_id = wire_len(id);
    const struct rename *row = renames_find(&r->assigned, id.text, n_id);
    if (!row)
        row = renames_find(&r->ids, id.text, n_id);
    if (row && n_id) {
        *n = strlen(row->to);
        return xstrdup(row->to);
    }
    size_t n_prefix = r->id_prefix && n_id ? strlen(r->id_prefix) : 0;
    char *out = xcalloc(1, n_prefix + n_id + 1);
    if (n_prefix)
        memcpy(out, r->id_prefix, n_prefix);
    if (n_id)
        memcpy(out + n_prefix, id.text, n_id);
    *n = n_prefix + n_id;
    return out;
}

static void add_keep_alive(struct body *b, const struct rewrite *r,
                           uint16_t captured)
{
    double s = captured;
    if (r->speed > 0 && r->speed < 1)
        s = ceil(s / r->speed);
    unsigned live = s > 65535 ? 65535 : (unsigned)s;
    add(b, (uint8_t[]){(uint8_t)(live >> 8), (uint8_t)live}, 2);
}

/* Steps over a property list whose packet was read without a fault. */
static const uint8_t *after_properties(const uint8_t *at)
{
    size_t length = 0;
    unsigned shift = 0;
    do
        length |= (size_t)(*at & 0x7F) << (7 * shift++);
    while (*at++ & 0x80 && shift < 4);
    return at + length;
}

/* The rest of the CONNECT from a slice's length field on is copied in pieces:
 * what lies between the changed strings stays as it is. */
uint8_t *rewrite_connect(const struct message *m, const struct rewrite *r,
                         size_t *n)
{
    struct wire_packet p;
    struct body b = {0};
    message_decode(m, &p);
    const struct rename *login =
        p.user_name.text ? renames_find(&r->credentials, p.user_name.text,
                                        wire_len(p.user_name))
                         : NULL;
    if (m->is_bad || !p.client_id.octets) { /* as it stands */
        *n = m->n;
        return xmemdup(m->octets, m->n);
    }
    const uint8_t *end = m->octets + m->n, *body = p.body.octets;
    size_t at_flags = 2 + wire_len(p.protocol_name) + 1;
    const uint8_t *at = body + at_flags + 1; /* the Keep Alive */
    add(&b, body, at_flags + 1);
    add_keep_alive(&b, r, p.keep_alive_s);
    at += 2;
    const uint8_t *id = at; /* 3.x: the Client Identifier follows at once */
    if (p.version == WIRE_5_0)
        id = after_properties(at);
    add(&b, at, (size_t)(id - at));
    size_t n_id;
    char *name = live_id(r, p.client_id, &n_id);
    add_string(&b, name, n_id);
    free(name);
    at = id + 2 + wire_len(p.client_id);
    const uint8_t *login_at = end;
    if (p.password.text)
        login_at -= 2 + wire_len(p.password);
    if (p.user_name.text)
        login_at -= 2 + wire_len(p.user_name);
    add(&b, at, (size_t)(login_at - at));
    if (login) {
        add_string(&b, login->to, strlen(login->to));
        if (p.password.text)
            add_string(&b, login->password, strlen(login->password));
    } else {
        add(&b, login_at, (size_t)(end - login_at));
    }
    return finish(&b, m->octets[0], n);
}

uint8_t *rewrite_id(const struct message *m, uint16_t id)
{
    uint8_t *copy = xmemdup(m->octets, m->n);
    size_t at = 1;
    while (at < m->n && copy[at] & 0x80)
        at++;
    if (at + 2 < m->n) {
        copy[at + 1] = (uint8_t)(id >> 8);
        copy[at + 2] = (uint8_t)id;
    }
    return copy;
}

uint8_t *rewrite_alias(const struct message *m, size_t *n)
{
    struct wire_packet p;
    message_decode(m, &p);
    p.topic = (struct wire_bytes){{m->topic}, m->n_topic};
    p.props.topic_alias = 0;
    size_t size = wire_write(m->version, &p, NULL, 0);
    uint8_t *octets = xcalloc(1, size);
    *n = wire_write(m->version, &p, octets, size);
    return octets;
}
