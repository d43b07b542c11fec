/* SPDX-License-Identifier: Apache-2.0 */
/* transcript.c -- keeps and tells what crossed the wire in one case.
 */
#include "transcript.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "observe/observe.h"

enum { MAX_OCTETS = 64 << 20 };

struct transcript {
    pthread_mutex_t lock;
    struct transcript_event *events;
    size_t n_events, cap_events, n_octets;
    char (*who)[64];
    int n_connections;
};

static void *room(void *p)
{
    if (!p)
        abort();
    return p;
}

struct transcript *transcript_new(void)
{
    struct transcript *transcript = room(calloc(1, sizeof *transcript));
    pthread_mutex_init(&transcript->lock, NULL);
    return transcript;
}

void transcript_free(struct transcript *transcript)
{
    if (!transcript)
        return;
    for (size_t i = 0; i < transcript->n_events; i++)
        free((void *)(uintptr_t)transcript->events[i].octets);
    pthread_mutex_destroy(&transcript->lock);
    free(transcript->events);
    free(transcript->who);
    free(transcript);
}

static void add(struct transcript *transcript, enum transcript_kind kind,
                int connection, enum wire_side from, const void *octets,
                size_t n)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (transcript->n_octets + n > MAX_OCTETS)
        return;
    if (transcript->n_events == transcript->cap_events) {
        transcript->cap_events = 2 * transcript->cap_events + 64;
        transcript->events =
            room(realloc(transcript->events,
                         transcript->cap_events * sizeof *transcript->events));
    }
    unsigned char *copy = NULL;
    if (n) {
        copy = room(malloc(n + 1));
        memcpy(copy, octets, n);
        copy[n] = 0;
    }
    transcript->n_octets += n;
    transcript->events[transcript->n_events++] = (struct transcript_event){
        .kind = kind,
        .connection = connection,
        .from = from,
        .time_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec,
        .octets = copy,
        .n = n};
}

int transcript_open(struct transcript *transcript, const char *who)
{
    pthread_mutex_lock(&transcript->lock);
    int connection = transcript->n_connections++;
    transcript->who =
        room(realloc(transcript->who, (size_t)transcript->n_connections *
                                          sizeof *transcript->who));
    snprintf(transcript->who[connection], sizeof *transcript->who, "%s", who);
    add(transcript, TRANSCRIPT_OPEN, connection, WIRE_CLIENT, NULL, 0);
    pthread_mutex_unlock(&transcript->lock);
    return connection;
}

void transcript_name(struct transcript *transcript, int connection,
                     const char *who)
{
    pthread_mutex_lock(&transcript->lock);
    snprintf(transcript->who[connection], sizeof *transcript->who, "%s", who);
    pthread_mutex_unlock(&transcript->lock);
}

void transcript_octets(struct transcript *transcript, int connection,
                       enum wire_side from, const void *octets, size_t n)
{
    pthread_mutex_lock(&transcript->lock);
    add(transcript, TRANSCRIPT_OCTETS, connection, from, octets, n);
    pthread_mutex_unlock(&transcript->lock);
}

void transcript_close(struct transcript *transcript, int connection,
                      enum wire_side by, enum transcript_kind how)
{
    pthread_mutex_lock(&transcript->lock);
    add(transcript, how, connection, by, NULL, 0);
    pthread_mutex_unlock(&transcript->lock);
}

void transcript_note(struct transcript *transcript, int connection,
                     const char *words)
{
    pthread_mutex_lock(&transcript->lock);
    add(transcript, TRANSCRIPT_NOTE, connection, WIRE_ANYBODY, words,
        strlen(words));
    pthread_mutex_unlock(&transcript->lock);
}

int transcript_n_connections(const struct transcript *transcript)
{
    return transcript->n_connections;
}

const char *transcript_who(const struct transcript *transcript, int connection)
{
    return connection < 0 ? "" : transcript->who[connection];
}

size_t transcript_n_events(const struct transcript *transcript)
{
    return transcript->n_events;
}

const struct transcript_event *
transcript_event_at(const struct transcript *transcript, size_t i)
{
    return &transcript->events[i];
}

/* ---- the observer reads along
 * ----------------------------------------------*/

struct judge {
    const struct transcript *transcript;
    int connection;
    void (*on_breach)(void *user, const char *statement, bool is_should,
                      const char *who, const char *sentence);
    void (*on_packet)(void *user, int connection, enum wire_side from,
                      const struct wire_packet *packet);
    void *user;
};

static void on_finding(void *user, const struct observe_finding *finding)
{
    struct judge *judge = user;
    if (finding->who != WIRE_SERVER || !judge->on_breach)
        return;
    judge->on_breach(judge->user,
                     *finding->statement ? finding->statement : finding->rule,
                     finding->is_should,
                     transcript_who(judge->transcript, judge->connection),
                     finding->sentence);
}

static void on_packet(void *user, enum wire_side from,
                      const struct wire_packet *packet,
                      const struct wire_fault *fault, size_t packet_no,
                      uint64_t frame_no, int64_t time_ns)
{
    struct judge *judge = user;
    (void)fault, (void)packet_no, (void)frame_no, (void)time_ns;
    if (judge->on_packet)
        judge->on_packet(judge->user, judge->connection, from, packet);
}

/* After a restart the sessions may be there or not. */
static bool is_restart(const struct transcript_event *event)
{
    static const char words[] = "the broker is restarted";
    return event->n == sizeof words - 1 &&
           !memcmp(event->octets, words, event->n);
}

/* Feeds all events, in order, to one observer per connection. A case makes up
 * its own names and watches all its connections: its world is whole. */
static void observe_all(const struct judge *judge, bool is_alone)
{
    const struct transcript *transcript = judge->transcript;
    size_t n = (size_t)transcript->n_connections;
    struct observe **observers = room(calloc(n + 1, sizeof *observers));
    struct judge *judges = room(calloc(n + 1, sizeof *judges));
    struct observe_world *world = is_alone ? NULL : observe_world_new(true);
    for (size_t i = 0; i < n; i++) {
        judges[i] = *judge;
        judges[i].connection = (int)i;
        observers[i] = observe_new(world, on_finding, on_packet, &judges[i]);
    }
    for (size_t i = 0; i < transcript->n_events; i++) {
        const struct transcript_event *e = &transcript->events[i];
        struct observe *o = e->connection < 0 ? NULL : observers[e->connection];
        if (e->kind == TRANSCRIPT_OCTETS && o)
            observe_octets(o, e->from, e->octets, e->n, e->time_ns, i + 1);
        if (e->kind == TRANSCRIPT_FIN && o)
            observe_close(o, e->from, OBSERVE_FIN, e->time_ns, i + 1);
        if (e->kind == TRANSCRIPT_RST && o)
            observe_close(o, e->from, OBSERVE_RST, e->time_ns, i + 1);
        if (e->kind == TRANSCRIPT_NOTE && world && is_restart(e))
            observe_world_forget(world);
    }
    for (size_t i = 0; i < n; i++)
        observe_free(observers[i]);
    observe_world_free(world);
    free(observers);
    free(judges);
}

void transcript_judge(const struct transcript *transcript,
                      void (*on_breach)(void *user, const char *statement,
                                        bool is_should, const char *who,
                                        const char *sentence),
                      void *user)
{
    struct judge judge = {
        .transcript = transcript, .on_breach = on_breach, .user = user};
    observe_all(&judge, false);
}

void transcript_for_each_packet(
    const struct transcript *transcript,
    void (*on_each)(void *user, int connection, enum wire_side from,
                    const struct wire_packet *packet),
    void *user)
{
    struct judge judge = {
        .transcript = transcript, .on_packet = on_each, .user = user};
    observe_all(&judge, true);
}
