/* SPDX-License-Identifier: Apache-2.0 */
/* pcapout.h -- writes octets that never were on a wire as a TCP capture.
 *
 * Every connection gets its handshake, sequence numbers, acknowledgements and
 * checksums, so that Wireshark reads it like any other. Ethernet, IPv4, pcap
 * with nanoseconds. Spec: RFC 791, 9293; pcap of tcpdump.org.
 */
#ifndef TOOLS_PCAPOUT_H
#define TOOLS_PCAPOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* One side: an IPv4 address in host order, and a port. */
struct pcapout_end {
    uint32_t address;
    uint16_t port;
};

struct pcapout;

/* pcapout_open begins a capture. Returns NULL with errno set. */
struct pcapout *pcapout_open(const char *path);

/* pcapout_from does the same on an open stream, which it then owns. */
struct pcapout *pcapout_from(FILE *file);

/* pcapout_connect writes the three segments that open a connection.
 *
 * time_ns   of the SYN, since 1970; the others follow at once
 *
 * Returns the connection's number, to be given to the functions below.
 */
size_t pcapout_connect(struct pcapout *out, struct pcapout_end client,
                       struct pcapout_end server, uint64_t time_ns);

/* pcapout_send writes octets in segments of at most 1460 octets; the other
 * side's acknowledgement travels with what it sends next. */
void pcapout_send(struct pcapout *out, size_t connection, bool is_client,
                  const void *octets, size_t n, uint64_t time_ns);

/* pcapout_close writes a side's FIN, or RST, and its acknowledgement. */
void pcapout_close(struct pcapout *out, size_t connection, bool is_client,
                   bool is_rst, uint64_t time_ns);

/* pcapout_frames tells how many frames were written so far. */
uint64_t pcapout_frames(const struct pcapout *out);

/* pcapout_finish closes the file. Returns 0; -1 if writing failed. */
int pcapout_finish(struct pcapout *out);

#endif
