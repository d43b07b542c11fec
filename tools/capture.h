/* SPDX-License-Identifier: Apache-2.0 */
/* capture.h -- frames out of a capture file, one after another.
 *
 * Reads pcap through libpcap, and pcapng block by block by itself: libpcap
 * 1.10 refuses files whose interfaces differ in link type and hides the
 * interface numbers, which tell copies of one packet apart. The format is found
 * by the first octets, never by the file's name. A file that is cut short gives
 * every frame that is whole, and then says so.
 * Expected size: up to millions of frames; memory holds one frame.
 */
#ifndef TOOLS_CAPTURE_H
#define TOOLS_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* One captured frame. `octets` is valid until the next capture_next. */
struct frame {
    uint64_t number;    /* from 1, as Wireshark counts */
    uint64_t time_ns;   /* since 1970 */
    int link_type;      /* LINKTYPE_ number of tcpdump.org */
    uint32_t interface; /* pcapng interface; 0 for pcap */
    const uint8_t *octets;
    size_t n;      /* captured */
    size_t n_wire; /* on the wire; more than n when truncated */
};

struct capture;

/* capture_open opens a capture file.
 *
 * path    file name; "-" is standard input
 * error   out: why not, at least `size` octets of room, NUL-terminated
 *
 * Returns the capture, to be closed with capture_close; NULL with `error` set.
 */
struct capture *capture_open(const char *path, char *error, size_t size);

/* capture_from does the same from an open stream, which it then owns.
 *
 * file    at its first octet; closed by capture_close, and on error
 */
struct capture *capture_from(FILE *file, char *error, size_t size);

/* capture_next reads the next frame.
 *
 * frame   out; its octets are borrowed until the next call
 *
 * Returns 1 with a frame, 0 at the end of the file.
 */
int capture_next(struct capture *capture, struct frame *frame);

/* capture_trouble says what was wrong with the file where reading stopped.
 *
 * Returns a sentence borrowed from the capture; NULL if the end was clean.
 */
const char *capture_trouble(const struct capture *capture);

/* capture_tls_keys gives the TLS key log lines that the file carries.
 *
 * A pcapng file can hold them in Decryption Secrets Blocks.
 *
 * Returns NUL-terminated text, borrowed; "" if there are none so far.
 */
const char *capture_tls_keys(const struct capture *capture);

/* capture_close frees the capture; NULL is allowed. */
void capture_close(struct capture *capture);

#endif
