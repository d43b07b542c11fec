/* SPDX-License-Identifier: Apache-2.0 */
/* target_inside.h -- what the files of the target share. */
#ifndef MQTTSPEC_TARGET_INSIDE_H
#define MQTTSPEC_TARGET_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "target.h"

enum { MAX_ACTIONS = 96, MAX_INSTANCES = 128, MAX_NODES = 8 };

/* What a setting does: adds an argument, a line of the configuration, a
 * parameter of the acceptor, a line of a file; or runs a command before. */
struct action {
    char setting[64], verb[12], text[400];
    bool when_unset;
};

struct descriptor {
    char name[64], program[200], command[600], listening[100], version[100];
    char lacks[300], url[1000], script[60], version_command[200];
    char start_seconds[8], jobs[8];
    char user[64], password[64], user_bound[64], password_bound[64];
    char config[4096];
    struct action actions[MAX_ACTIONS];
    int n_actions;
};

/* descriptor_read reads an embedded descriptor or an INI file. 0 or -1. */
int descriptor_read(struct descriptor *descriptor, const char *name,
                    char *error, size_t n);

struct instance {
    struct target *target;
    char settings[512], dir[64];
    struct endpoint endpoints[N_TRANSPORTS];
    /* A cluster: connections go to its nodes in turn. The first node's
     * endpoint stands above as well. */
    struct endpoint nodes[MAX_NODES];
    size_t n_nodes, turn;
    pid_t pid;         /* 0: not ours, or stopped */
    bool was_prepared; /* its files are there: it was launched before */
};

struct target {
    struct descriptor descriptor;
    char program[400], dir[64], url[1000], version[120];
    char lacks[400], told[1200]; /* by the probe */
    bool is_ours;
    pid_t owner; /* the process that cleans up */
    struct instance *instances[MAX_INSTANCES];
    int n_instances;
    unsigned versions; /* bit 3, 4, 5: probed; 0: not yet */
};

/* instance_launch prepares files and starts the process. 0 or -1. */
int instance_launch(struct instance *instance, char *error, size_t n);

/* instance_stop in two steps, so that many may end side by side. Nothing if it
 * was stopped. */
void instance_tell_to_stop(struct instance *instance, bool kill_now);
void instance_await_stop(struct instance *instance);

/* target_remove_folder removes a folder and all in it; "" is fine. */
void target_remove_folder(const char *path);
/* certificate_write makes a self-signed certificate with its key, PEM. */
int certificate_write(const char *path);

#endif
