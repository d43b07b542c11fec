/* SPDX-License-Identifier: Apache-2.0 */
/* target_probe.c -- asks a broker what it can do, before any case runs.
 *
 * One connection per version, and what CONNACK of 5.0 tells; an empty Client
 * Identifier; then what was promised is tried: one SUBSCRIBE each for QoS 2,
 * for a wildcard, for a share and for a Subscription Identifier, one message of
 * QoS 2. Some dozen packets, all under one topic of our own; nothing is kept.
 * A refusal that may have other reasons (rights, a quota) proves nothing.
 * Spec: 5.0 s3.2.2.3, s3.9.3, s4.13; 3.1.1 s3.1.3.1, s3.9.3.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "target_inside.h"
#include "wire/wire.h"

enum { MAX_OCTETS = 4096 };

/* Who is asked, and how long an answer is waited for. */
struct subject {
    struct target *target;
    const struct endpoint *endpoint;
    int patience_ms;
};

/* One connection, and the last packet that came on it. */
struct probe {
    const struct subject *of;
    enum wire_version version;
    struct link *link;
    unsigned char octets[MAX_OCTETS];
    size_t n_octets, n_used;
    struct wire_packet answer;
    bool is_bad;    /* the answer is not well-formed in this version */
    bool is_silent; /* no answer came in time, and no close either */
};

/* Reads the next packet. Returns false at the close, or when none comes. */
static bool read_answer(struct probe *p)
{
    int64_t until = link_now_ms() + p->of->patience_ms;
    memmove(p->octets, p->octets + p->n_used, p->n_octets - p->n_used);
    p->n_octets -= p->n_used;
    p->n_used = 0;
    while (link_now_ms() < until) {
        enum wire_status status =
            wire_read(p->version, WIRE_SERVER, p->octets, p->n_octets,
                      &p->answer, &p->n_used, NULL);
        p->is_bad = status == WIRE_BAD;
        if (status != WIRE_MORE)
            return p->n_used > 0;
        long got = link_read(p->link, p->octets + p->n_octets,
                             MAX_OCTETS - p->n_octets);
        if (got == LINK_AGAIN) {
            struct pollfd ready = {.fd = link_fd(p->link), .events = POLLIN};
            poll(&ready, 1, 100);
        } else if (got <= 0) {
            return false;
        } else {
            p->n_octets += (size_t)got;
        }
    }
    p->is_silent = true;
    return false;
}

static bool ask(struct probe *p, const struct wire_packet *packet)
{
    unsigned char octets[1024];
    size_t n = wire_write(p->version, packet, octets, sizeof octets);
    p->is_silent = false;
    return link_write(p->link, octets, n) >= 0 && read_answer(p);
}

/* Connects. Returns 1 when it is accepted, 0 when not, -1 without a connection.
 */
static int greet(struct probe *p, const char *client_id, char *error, size_t n)
{
    struct target *target = p->of->target;
    struct wire_packet *connect = CONNECT(.client_id = {{client_id}},
                                          .clean_start = 1, .keep_alive_s = 60);
    if (*target->descriptor.user) {
        connect->user_name.text = target_user(target, false);
        connect->password.text = target_password(target, false);
    }
    p->n_octets = p->n_used = 0;
    p->link = link_open(p->of->endpoint, p->of->patience_ms, error, n);
    if (!p->link)
        return -1;
    return ask(p, connect) && p->answer.type == WIRE_CONNACK &&
           p->answer.reason == 0;
}

static void part(struct probe *p)
{
    unsigned char octets[16];
    if (!p->link)
        return;
    link_write(p->link, octets,
               wire_write(p->version, DISCONNECT(), octets, sizeof octets));
    link_free(p->link);
    p->link = NULL;
}

/* The code that SUBACK has for one filter, or DISCONNECT in its place; 0xff
 * when neither comes. */
static unsigned subscribe(struct probe *p, const char *filter, uint8_t qos,
                          bool has_identifier)
{
    struct wire_packet *packet =
        SUBSCRIBE(.packet_id = 1, .filters = {{{{filter}}, .qos = qos}});
    if (has_identifier)
        packet->props.subscription_identifier[0] = OPT(1);
    if (!ask(p, packet))
        return 0xff;
    if (p->answer.type == WIRE_DISCONNECT)
        return p->answer.reason;
    if (p->answer.type != WIRE_SUBACK || wire_len(p->answer.codes) != 1)
        return 0xff;
    return p->answer.codes.octets[0];
}

/* ---- what is found
 * ---------------------------------------------------------*/

static const char *const capability_of[] = {
    [WIRE_3_1] = "mqtt3.1", [WIRE_3_1_1] = "mqtt3.1.1", [WIRE_5_0] = "mqtt5.0"};

static bool is_listed(const char *words, const char *word)
{
    char list[420], quoted[64];
    snprintf(list, sizeof list, " %.400s ", words);
    snprintf(quoted, sizeof quoted, " %s ", word);
    return strstr(list, quoted) != NULL;
}

static void tell(struct target *target, const char *line)
{
    size_t n = strlen(target->told);
    snprintf(target->told + n, sizeof target->told - n, "%s%s", n ? "\n" : "",
             line);
}

static void deny(struct target *target, const char *capability)
{
    size_t n = strlen(target->lacks);
    if (!is_listed(target->lacks, capability))
        snprintf(target->lacks + n, sizeof target->lacks - n, "%s%s",
                 n ? " " : "", capability);
}

/* The broker has a capability, or has it not; what the descriptor says must
 * agree. */
static void find(struct target *target, const char *capability, bool has)
{
    char line[160];
    bool is_denied = is_listed(target->descriptor.lacks, capability);
    if (!has)
        deny(target, capability);
    snprintf(line, sizeof line, "%s: %s%s", capability, has ? "yes" : "no",
             has && is_denied ? ", though it is declared to be missing" : "");
    tell(target, line);
}

/* The same of what was asked for: a broker that is silent has not said no. */
static void find_asked(struct probe *p, const char *capability, bool has)
{
    char line[160];
    if (has || !p->is_silent) {
        find(p->of->target, capability, has);
        return;
    }
    deny(p->of->target, capability);
    snprintf(line, sizeof line, "%s: no answer in %d ms, taken for no",
             capability, p->of->patience_ms);
    tell(p->of->target, line);
}

/* What the broker said of itself is not so. */
static void find_broken(struct target *target, const char *capability,
                        const char *promise)
{
    char line[160];
    deny(target, capability);
    snprintf(line, sizeof line, "%s: no, though %s", capability, promise);
    tell(target, line);
}

static void tell_number(struct target *target, const char *name,
                        uint64_t number, uint32_t absent)
{
    char line[80];
    snprintf(line, sizeof line, "%s: %u%s", name,
             (unsigned)wire_value(number, absent),
             number ? "" : " (by default)");
    tell(target, line);
}

/* CONNACK of 5.0 names what is not there and what is limited. */
static void learn_from_connack(struct target *target,
                               const struct wire_props *props)
{
    uint32_t qos = wire_value(props->maximum_qos, 2);
    find(target, "qos1", qos >= 1);
    find(target, "qos2", qos >= 2);
    find(target, "retain", wire_value(props->retain_available, 1) == 1);
    find(target, "wildcards",
         wire_value(props->wildcard_subscription_available, 1) == 1);
    find(target, "shared",
         wire_value(props->shared_subscription_available, 1) == 1);
    find(target, "subscription_identifiers",
         wire_value(props->subscription_identifier_available, 1) == 1);
    find(target, "topic_alias", wire_value(props->topic_alias_maximum, 0) > 0);
    tell_number(target, "Receive Maximum", props->receive_maximum, 65535);
    tell_number(target, "Topic Alias Maximum", props->topic_alias_maximum, 0);
    if (props->server_keep_alive_s)
        tell_number(target, "Server Keep Alive", props->server_keep_alive_s, 0);
    if (props->maximum_packet_size)
        tell_number(target, "Maximum Packet Size", props->maximum_packet_size,
                    0);
}

/* 3.x tells nothing in CONNACK: try. */
static void learn_by_subscribing(struct probe *p, const char *topic)
{
    char filter[80];
    unsigned code = subscribe(p, topic, 2, false);
    find_asked(p, "qos1", code == 1 || code == 2);
    find_asked(p, "qos2", code == 2);
    snprintf(filter, sizeof filter, "%s/+/#", topic);
    find_asked(p, "wildcards", subscribe(p, filter, 0, false) == 0);
}

/* ---- what is promised
 * --------------------------------------------------------*/

/* What a SUBSCRIBE shows: its filter, and the Reason Code that says that there
 * is no such thing here. */
static const struct promise {
    const char *capability, *filter;
    bool has_identifier;
    unsigned refusal;
} promises[] = {
    {"wildcards", "%s/+/#", false, 0xA2},
    {"shared", "$share/mqttspec/%s", false, 0x9E},
    {"subscription_identifiers", "%s", true, 0xA1},
};

/* A message of QoS 2 from end to end. Returns 1 when it goes through, 0 when
 * the broker cannot, -1 when something else was in the way. */
static int publish_qos2(struct probe *p, const char *topic)
{
    struct wire_packet *publish =
        PUBLISH(.packet_id = 7, .qos = 2, .topic = {{topic}}, .payload = "x");
    bool is_answered = ask(p, publish);
    bool is_refused =
        p->answer.type == WIRE_DISCONNECT && p->answer.reason == 0x9B;
    if (is_answered && (p->answer.type == WIRE_PUBACK || is_refused))
        return 0;
    if (!is_answered || p->answer.type != WIRE_PUBREC ||
        p->answer.reason >= 0x80)
        return -1;
    return ask(p, PUBREL(.packet_id = 7)) && p->answer.type == WIRE_PUBCOMP
               ? 1
               : -1;
}

static void try_qos2(const struct subject *of, enum wire_version version,
                     const char *id, const char *topic)
{
    char error[200];
    struct probe p = {.of = of, .version = version};
    if (!is_listed(of->target->lacks, "qos2") &&
        greet(&p, id, error, sizeof error) > 0 && publish_qos2(&p, topic) == 0)
        find_broken(of->target, "qos2",
                    version == WIRE_5_0 ? "CONNACK does not limit it"
                                        : "SUBACK grants it");
    part(&p);
}

/* Each on a connection of its own, which a refusal may end. */
static void try_promises(const struct subject *of, const char *id,
                         const char *topic)
{
    for (size_t i = 0; i < sizeof promises / sizeof *promises; i++) {
        char error[200], filter[80];
        const struct promise *promise = &promises[i];
        struct probe p = {.of = of, .version = WIRE_5_0};
        if (is_listed(of->target->lacks, promise->capability))
            continue;
        snprintf(filter, sizeof filter, promise->filter, topic);
        if (greet(&p, id, error, sizeof error) > 0 &&
            subscribe(&p, filter, 0, promise->has_identifier) ==
                promise->refusal)
            find_broken(of->target, promise->capability,
                        "CONNACK does not deny it");
        part(&p);
    }
}

/* Publishes to the share and then to the fence. Returns 1 when a message of
 * the share came before the fence did, 0 when none, -1 without a fence. */
static int share_delivers(struct probe *p, const char *topic, const char *fence)
{
    unsigned char octets[256];
    bool is_shared = false;
    size_t n = wire_write(p->version, PUBLISH(.topic = {{topic}}), octets,
                          sizeof octets);
    bool came = link_write(p->link, octets, n) >= 0 &&
                ask(p, PUBLISH(.topic = {{fence}}));
    for (; came; came = read_answer(p)) {
        if (p->answer.type != WIRE_PUBLISH)
            continue;
        if (wire_len(p->answer.topic) == strlen(fence))
            return is_shared;
        is_shared |= wire_len(p->answer.topic) == strlen(topic);
    }
    return -1;
}

/* 3.1.1 has no shared subscriptions, and some brokers have them all the same.
 */
static void learn_of_shares(const struct subject *of, const char *id,
                            const char *topic)
{
    char error[200], filter[80], fence[80];
    struct probe p = {.of = of, .version = WIRE_3_1_1};
    snprintf(filter, sizeof filter, "$share/mqttspec/%s", topic);
    snprintf(fence, sizeof fence, "%s/fence", topic);
    if (greet(&p, id, error, sizeof error) > 0 &&
        subscribe(&p, filter, 0, false) == 0 &&
        subscribe(&p, fence, 0, false) == 0) {
        int is_shared = share_delivers(&p, topic, fence);
        if (is_shared >= 0)
            tell(of->target, is_shared ? "shared under 3.1.1: yes"
                                       : "shared under 3.1.1: no");
    }
    part(&p);
}

/* Tries one version. Returns as greet. */
static int probe_version(const struct subject *of, enum wire_version version,
                         char *error, size_t n)
{
    char id[24], topic[40];
    struct probe p = {.of = of, .version = version};
    snprintf(id, sizeof id, "mqttspec%d", (int)getpid() % 100000);
    snprintf(topic, sizeof topic, "%s/probe", id);
    int is_spoken = greet(&p, id, error, n);
    if (is_spoken > 0 && p.is_bad) { /* it takes CONNECT of any level */
        find_broken(of->target, capability_of[version],
                    "CONNECT is accepted: CONNACK has another form");
        is_spoken = 0;
    } else if (is_spoken >= 0) {
        find_asked(&p, capability_of[version], is_spoken);
    }
    if (is_spoken > 0) {
        of->target->versions |= 1u << version;
        if (version == WIRE_5_0)
            learn_from_connack(of->target, &p.answer.props);
        else if (version == WIRE_3_1_1)
            learn_by_subscribing(&p, topic);
    }
    part(&p);
    if (is_spoken > 0 && version != WIRE_3_1)
        try_qos2(of, version, id, topic);
    if (is_spoken > 0 && version == WIRE_3_1_1)
        learn_of_shares(of, id, topic);
    if (is_spoken > 0 && version == WIRE_5_0)
        try_promises(of, id, topic);
    return is_spoken;
}

static void probe_empty_client_id(const struct subject *of,
                                  enum wire_version version)
{
    char error[200];
    struct probe p = {.of = of, .version = version};
    int is_taken = greet(&p, "", error, sizeof error);
    find_asked(&p, "empty_client_id", is_taken > 0);
    if (is_taken > 0 && version == WIRE_5_0 &&
        wire_len(p.answer.props.assigned_client_identifier) == 0)
        tell(of->target, "Assigned Client Identifier: missing");
    part(&p);
}

static const struct endpoint *any_endpoint(const struct instance *instance)
{
    for (int i = 0; i < N_TRANSPORTS; i++) {
        if (instance->endpoints[i].port)
            return &instance->endpoints[i];
    }
    return &instance->endpoints[0];
}

int target_probe(struct target *target, struct instance *instance,
                 int patience_ms, char *error, size_t n)
{
    struct subject of = {target, any_endpoint(instance), patience_ms};
    snprintf(target->lacks, sizeof target->lacks, "%.299s",
             target->descriptor.lacks);
    for (unsigned v = WIRE_3_1; v <= WIRE_5_0; v++) {
        if (probe_version(&of, (enum wire_version)v, error, n) < 0)
            return -1;
    }
    if (target->versions == 0) {
        snprintf(error, n, "%s accepts no CONNECT of any version",
                 target_name(target));
        return -1;
    }
    if (target->versions & (1u << WIRE_3_1_1 | 1u << WIRE_5_0))
        probe_empty_client_id(
            &of, target->versions & 1u << WIRE_3_1_1 ? WIRE_3_1_1 : WIRE_5_0);
    return 0;
}

const char *target_told(const struct target *target)
{
    return target->told;
}
