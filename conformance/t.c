/* SPDX-License-Identifier: Apache-2.0 */
/* t.c -- what one run of one test owns, and what it may ask. */
#include "t_inside.h"

#include <poll.h>
#include <stdlib.h>

struct owned {
    struct owned *next;
    void *object;
    void (*on_close)(void *object);
};

void t_own(struct t *t, void *object, void (*on_close)(void *object))
{
    struct owned *owned = malloc(sizeof *owned);
    if (!owned)
        abort();
    *owned = (struct owned){t->owned, object, on_close};
    t->owned = owned;
}

void *t_alloc(struct t *t, size_t size)
{
    void *memory = calloc(1, size ? size : 1);
    if (!memory)
        abort();
    t_own(t, memory, free);
    return memory;
}

void t_close_all(struct t *t)
{
    while (t->owned) {
        struct owned *owned = t->owned;
        t->owned = owned->next;
        owned->on_close(owned->object);
        free(owned);
    }
}

enum wire_version t_version(const struct t *t)
{
    return t->setup->version;
}

const void *t_row(const struct t *t)
{
    return t->setup->row;
}

int64_t t_elapsed_ms(const struct t *t)
{
    return link_now_ms() - t->began_ms;
}

int t_deadline_ms(const struct t *t)
{
    return t->setup->deadline_ms;
}

const struct endpoint *t_endpoint(const struct t *t)
{
    return instance_endpoint(t->instance, t->setup->transport);
}

struct transcript *t_transcript(const struct t *t)
{
    return t->transcript;
}

const struct fault *t_fault(const struct t *t)
{
    return t->setup->fault;
}

size_t t_segment(const struct t *t)
{
    return t->setup->segment;
}

void t_uses(struct t *t, enum driver driver)
{
    t->result->drivers |= driver;
}

void **t_clients(struct t *t)
{
    return &t->clients;
}

bool t_has(const struct t *t, const char *capability)
{
    return target_has(t->setup->target, capability);
}

struct t_user t_user(struct t *t)
{
    const struct target *target = t->setup->target;
    return (struct t_user){target_user(target, false),
                           target_password(target, false)};
}

struct t_user t_user_bound(struct t *t)
{
    const struct target *target = t->setup->target;
    return (struct t_user){target_user(target, true),
                           target_password(target, true)};
}

void t_let_pass(struct t *t, int ms, const char *why)
{
    int64_t until = link_now_ms() + ms;
    transcript_note(t->transcript, -1, t_text(t, "%d ms pass: %s", ms, why));
    for (int64_t left = ms; left > 0; left = until - link_now_ms())
        poll(NULL, 0, (int)left);
}
