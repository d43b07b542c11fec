/* SPDX-License-Identifier: Apache-2.0 */
/* opens.c -- the captured packets that have no partner yet, found fast. */
#include "opens.h"

#include "room.h"

static size_t *head_of(const struct opens *o, uint64_t key)
{
    return &o->heads[(key * 0x9E3779B97F4A7C15u >> 32) & (o->n_heads - 1)];
}

struct item *opens_item(const struct opens *o, const size_t *link)
{
    return &o->script->items[o->stream->items[*link - 1]];
}

void opens_build(struct opens *o, const struct script *script,
                 const struct stream *stream,
                 uint64_t (*key)(const struct script *script,
                                 const struct item *item))
{
    *o = (struct opens){.script = script, .stream = stream, .n_heads = 16};
    while (o->n_heads < stream->n_items)
        o->n_heads *= 2;
    o->heads = xcalloc(o->n_heads, sizeof *o->heads);
    o->next = xcalloc(stream->n_items + 1, sizeof *o->next);
    for (size_t at = stream->n_items; at > 0; at--) {
        const struct item *item = &script->items[stream->items[at - 1]];
        uint64_t k = item->kind == ITEM_PACKET && item->from == WIRE_SERVER &&
                             item->class == CLASS_OPEN
                         ? key(script, item)
                         : 0;
        if (!k)
            continue;
        size_t *head = head_of(o, k);
        o->next[at] = *head;
        *head = at;
    }
}

/* Takes out of a chain what has its class now. */
static size_t *prune(struct opens *o, size_t *link)
{
    while (*link && opens_item(o, link)->class != CLASS_OPEN)
        *link = o->next[*link];
    return link;
}

size_t *opens_first(struct opens *o, uint64_t key)
{
    return prune(o, head_of(o, key));
}

size_t *opens_next(struct opens *o, size_t *link)
{
    return prune(o, &o->next[*link]);
}

void opens_clear(struct opens *o)
{
    free(o->heads);
    free(o->next);
    *o = (struct opens){0};
}
