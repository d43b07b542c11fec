/* SPDX-License-Identifier: Apache-2.0 */
/* reading.c -- opening a capture with its key log, and what it held. */
#include "reading.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "report/text.h"

static int add_keys(struct flows *flows, const char *path)
{
    struct text keys = {0};
    if (!path)
        return 0;
    if (text_load(&keys, path)) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    flows_add_keys(flows, keys.chars ? keys.chars : "");
    text_clear(&keys);
    return 0;
}

int64_t reading_run(const struct read_options *o, const struct flow_watcher *w,
                    struct link_counts *counts)
{
    char error[300];
    struct capture *capture = capture_open(o->path, error, sizeof error);
    if (!capture) {
        fprintf(stderr, "%s\n", error);
        return -1;
    }
    struct flows *flows = flows_new(w, 0);
    flows_set_version(flows, o->assumed);
    int64_t n = -1;
    if (!add_keys(flows, o->keys)) {
        n = (int64_t)flows_run(flows, capture);
        if (capture_trouble(capture))
            fprintf(stderr, "%s: %s; what came before it is used\n", o->path,
                    capture_trouble(capture));
        if (counts)
            *counts = *flows_link(flows);
    }
    flows_free(flows);
    capture_close(capture);
    return n;
}

void reading_why_nothing(const struct read_options *o,
                         const struct link_counts *c, uint64_t n_tls)
{
    fprintf(stderr,
            "%s: no MQTT found in %" PRIu64 " frames (%" PRIu64 " with TCP)",
            o->path, c->frames, c->tcp);
    if (n_tls)
        fprintf(stderr,
                "; %" PRIu64 " TLS connections cannot be read without their "
                "keys (--keys FILE)",
                n_tls);
    fputc('\n', stderr);
}

const char *count_text(uint64_t n, const char *word, char text[48])
{
    snprintf(text, 48, "%" PRIu64 " %s%s", n, word, n == 1 ? "" : "s");
    return text;
}

const char *time_text(uint64_t time_ns, char text[32])
{
    snprintf(text, 32, "%" PRIu64 ".%06u", time_ns / 1000000000u,
             (unsigned)(time_ns % 1000000000u / 1000u));
    return text;
}
