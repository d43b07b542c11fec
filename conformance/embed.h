/* SPDX-License-Identifier: Apache-2.0 */
/* embed.h -- files that travel inside the binary.
 *
 * The catalogue of statements, the descriptors of known brokers and the page
 * template are compiled in by tools/embed.sh, so that one installed binary is
 * a whole harness. Expected size: tens of files, under 1 MiB in all.
 */
#ifndef MQTTSPEC_EMBED_H
#define MQTTSPEC_EMBED_H

#include <stddef.h>

/* One embedded file. `octets` has `n_octets` octets and a terminating NUL
 * that is not counted; it is static and never freed. */
struct embed_file {
    const char *path; /* as in the source tree, e.g.
                         "conformance/targets/mosquitto.ini" */
    const unsigned char *octets;
    size_t n_octets;
};

/* All embedded files; the last entry has a NULL path. */
extern const struct embed_file embed_files[];

/* embed_find looks a file up by its path in the source tree.
 *
 * Returns the file, or NULL if no file of that path was embedded.
 */
const struct embed_file *embed_find(const char *path);

#endif
