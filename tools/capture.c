/* SPDX-License-Identifier: Apache-2.0 */
/* capture.c -- frames out of a capture file, one after another.
 *
 * The first four octets decide who reads: this project's block reader for
 * pcapng, libpcap for everything else.
 */
#include "capture.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <string.h>

#include "pcapng.h"
#include "room.h"

struct capture {
    FILE *file; /* NULL once libpcap owns it */
    pcap_t *pcap;
    struct pcapng *ng;
    int link_type;
    uint64_t n_frames;
    const char *trouble;
    char trouble_text[PCAP_ERRBUF_SIZE + 32];
};

struct capture *capture_open(const char *path, char *error, size_t size)
{
    FILE *file = strcmp(path, "-") ? fopen(path, "rb") : stdin;
    if (!file) {
        snprintf(error, size, "%s: %s", path, strerror(errno));
        return NULL;
    }
    return capture_from(file, error, size);
}

struct capture *capture_from(FILE *file, char *error, size_t size)
{
    struct capture *c = xcalloc(1, sizeof *c);
    c->file = file;
    int first = getc(file);
    if (first != EOF)
        ungetc(first, file);
    if (first == 0x0A) { /* a section header block; no pcap begins so */
        c->ng = pcapng_new(file);
        return c;
    }
    char why[PCAP_ERRBUF_SIZE] = "";
    c->pcap = pcap_fopen_offline_with_tstamp_precision(
        file, PCAP_TSTAMP_PRECISION_NANO, why);
    if (!c->pcap) {
        snprintf(error, size, "not a capture file: %.200s",
                 first == EOF ? "it is empty" : why);
        capture_close(c);
        return NULL;
    }
    c->file = NULL;
    c->link_type = pcap_datalink(c->pcap);
    return c;
}

static int next_of_pcap(struct capture *c, struct frame *frame)
{
    struct pcap_pkthdr *head;
    const u_char *octets;
    int got = pcap_next_ex(c->pcap, &head, &octets);
    if (got == 1) {
        *frame = (struct frame){
            .time_ns = (uint64_t)head->ts.tv_sec * 1000000000u +
                       (uint64_t)head->ts.tv_usec,
            .link_type = c->link_type,
            .octets = octets,
            .n = head->caplen,
            .n_wire = head->len > head->caplen ? head->len : head->caplen};
        return 1;
    }
    if (got != PCAP_ERROR_BREAK && !c->trouble) {
        snprintf(c->trouble_text, sizeof c->trouble_text, "%s",
                 pcap_geterr(c->pcap));
        c->trouble = c->trouble_text;
    }
    return 0;
}

int capture_next(struct capture *c, struct frame *frame)
{
    if (c->trouble)
        return 0;
    int got =
        c->ng ? pcapng_next(c->ng, frame, &c->trouble) : next_of_pcap(c, frame);
    if (got)
        frame->number = ++c->n_frames;
    return got;
}

const char *capture_trouble(const struct capture *c)
{
    return c->trouble;
}

const char *capture_tls_keys(const struct capture *c)
{
    return c->ng ? pcapng_tls_keys(c->ng) : "";
}

void capture_close(struct capture *c)
{
    if (!c)
        return;
    if (c->pcap)
        pcap_close(c->pcap);
    pcapng_free(c->ng);
    if (c->file && c->file != stdin)
        fclose(c->file);
    free(c);
}
