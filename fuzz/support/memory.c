/* SPDX-License-Identifier: Apache-2.0 */
/* memory.c -- a transport that is memory. */
#include "support/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct memory *memory_of(struct transport *t)
{
    return (struct memory *)(uintptr_t)t;
}

static ssize_t memory_read(struct transport *t, uint8_t *out, size_t n)
{
    struct memory *m = memory_of(t);
    size_t some = buf_size(&m->in) < n ? buf_size(&m->in) : n;
    if (m->step && some > m->step)
        some = m->step;
    if (some == 0) {
        errno = 0;
        return m->is_closed ? -1 : 0;
    }
    memcpy(out, buf_slice(&m->in).data, some);
    buf_consume(&m->in, some);
    return (ssize_t)some;
}

static ssize_t memory_writev(struct transport *t, const struct iovec *parts,
                             int n_parts)
{
    struct memory *m = memory_of(t);
    size_t left = m->step ? m->step : SIZE_MAX;
    size_t taken = 0;
    if (m->step && ++m->n_writes % 3 == 0)
        return 0; /* full for the moment */
    for (int i = 0; i < n_parts && left > 0; i++) {
        size_t n = parts[i].iov_len < left ? parts[i].iov_len : left;
        buf_append(&m->out, parts[i].iov_base, n);
        taken += n;
        left -= n;
    }
    return (ssize_t)taken;
}

static bool memory_has_pending(const struct transport *t)
{
    (void)t;
    return false;
}

static int memory_finish(struct transport *t)
{
    (void)t;
    return 1;
}

static void memory_free(struct transport *t)
{
    buf_clear(&memory_of(t)->in);
    buf_clear(&memory_of(t)->out);
    free(t);
}

static const struct transport_ops memory_ops = {
    "memory",           memory_read,   memory_writev,
    memory_has_pending, memory_finish, memory_free};

struct memory *memory_new(unsigned step)
{
    struct memory *m = calloc(1, sizeof *m);
    if (!m)
        abort();
    m->base.ops = &memory_ops;
    m->base.fd = -1;
    m->step = step;
    return m;
}
