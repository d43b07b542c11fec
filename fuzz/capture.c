/* SPDX-License-Identifier: Apache-2.0 */
/* capture.c -- a capture file from octets to MQTT packets.
 *
 * Input: a pcap or pcapng file. It is read from memory; nothing is written.
 */
#include "support/fuzz.h"

#include <stdio.h>

#include "flow.h"
#include "wire/wire.h"

static void on_packet(void *user, struct flow *flow,
                      const struct flow_packet *packet)
{
    struct wire_packet read;
    size_t total;
    (void)user;
    if (wire_frame(packet->octets, packet->n, &total) == WIRE_MORE)
        fuzz_fail("a packet that is not whole was handed on");
    wire_read(flow->version, packet->from, packet->octets, packet->n, &read,
              &total, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t n)
{
    static const char keys[] =
        "CLIENT_RANDOM "
        "0101010101010101010101010101010101010101010101010101010101010101 "
        "0202020202020202020202020202020202020202020202020202020202020202"
        "0202020202020202020202020202020202\n";
    struct flow_watcher watcher = {.on_packet = on_packet};
    char error[256];
    if (n == 0)
        return 0;
    FILE *file = fmemopen((void *)(uintptr_t)octets, n, "rb");
    struct capture *capture =
        file ? capture_from(file, error, sizeof error) : NULL;
    if (!capture)
        return 0;
    struct flows *flows = flows_new(&watcher, 65536);
    flows_add_keys(flows, keys);
    flows_run(flows, capture);
    flows_free(flows);
    capture_close(capture);
    return 0;
}
