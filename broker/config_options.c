// SPDX-License-Identifier: Apache-2.0
/* config_options.c -- the table of options, and how a value is read.
 *
 * Names and defaults of acceptor parameters are those of the ActiveMQ Artemis
 * MQTT manual; those behind "Ours" are not in it.
 */
#include "config_options.h"

#include "base/die.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define U16 UINT16_MAX
#define U31 INT32_MAX
#define U53 (INT64_C(1) << 53) /* what monitoring tools can show */

/* One row each: place, type, field, name, default, then what is legal. */
#define ROW(of, in, kind, field, text, value, ...)                             \
    {                                                                          \
        .place = OPTION_##of, .type = OPTION_##kind, .name = text,             \
        .offset = offsetof(struct in, field), .initial = value, __VA_ARGS__    \
    }
#define BROKER(...) ROW(BROKER, config, __VA_ARGS__)
#define ACCEPTOR(...) ROW(ACCEPTOR, acceptor_options, __VA_ARGS__)
#define SETTING(...) ROW(ADDRESS_SETTING, address_setting, __VA_ARGS__)
#define RANGE(low, high) .minimum = (low), .maximum = (high)
#define UNSET_OR(low, high) RANGE(low, high), .may_be_unset = true

static const struct option options[] = {
    /* The acceptor, by the manual. */
    ACCEPTOR(LIST, protocols, "protocols", "MQTT",
             .choices = "MQTT|MQTT-3.1|MQTT-3.1.1|MQTT-5.0",
             .meaning = "what is spoken; MQTT means every version"),
    ACCEPTOR(BOOL, allow_link_stealing, "allowLinkStealing", "true",
             .meaning = "a new client with a Client Identifier in use ends the "
                        "old connection; false: the new one is refused"),
    ACCEPTOR(INT64, default_session_expiry_interval_s,
             "defaultMqttSessionExpiryInterval", "-1", UNSET_OR(0, UINT32_MAX),
             .meaning = "seconds after which a session without an interval of "
                        "its own expires; -1: never"),
    ACCEPTOR(INT32, receive_maximum, "receiveMaximum", "65535",
             UNSET_OR(1, U16),
             .meaning = "QoS 1 and 2 messages a 5.0 client may have "
                        "unacknowledged; -1: not told, 65535"),
    ACCEPTOR(INT32, topic_alias_maximum, "topicAliasMaximum", "65535",
             UNSET_OR(0, U16),
             .meaning = "Topic Aliases a 5.0 client may use; 0: none; -1: "
                        "not told, none"),
    ACCEPTOR(INT64, maximum_packet_size, "maximumPacketSize", "268435455",
             UNSET_OR(1, 268435460),
             .meaning = "octets of the largest packet accepted; -1: not told, "
                        "no limit but the standard's"),
    ACCEPTOR(INT32, server_keep_alive_s, "serverKeepAlive", "60",
             UNSET_OR(0, U16),
             .meaning = "seconds of Keep Alive at most; 0: keep alive is off; "
                        "-1: what the client asks for"),
    ACCEPTOR(BOOL, close_on_publish_authorization_failure,
             "closeMqttConnectionOnPublishAuthorizationFailure", "true",
             .meaning = "a 3.1.1 client that may not publish is disconnected; "
                        "false: it gets its acknowledgement"),
    ACCEPTOR(BOOL, ssl_enabled, "sslEnabled", "false",
             .meaning = "serve TLS (mqtts and wss)"),
    ACCEPTOR(TEXT, key_store_path, "keyStorePath", NULL,
             .meaning = "certificate and private key, PKCS#12 or PEM"),
    ACCEPTOR(TEXT, key_store_password, "keyStorePassword", NULL,
             .meaning = "password of the key store"),
    ACCEPTOR(TEXT, trust_store_path, "trustStorePath", NULL,
             .meaning = "authorities that sign clients' certificates, PKCS#12 "
                        "or PEM"),
    ACCEPTOR(TEXT, trust_store_password, "trustStorePassword", NULL,
             .meaning = "password of the trust store"),
    ACCEPTOR(BOOL, need_client_auth, "needClientAuth", "false",
             .meaning = "refuse clients without a trusted certificate"),
    ACCEPTOR(BOOL, want_client_auth, "wantClientAuth", "false",
             .meaning = "ask clients for a certificate"),
    ACCEPTOR(LIST, enabled_protocols, "enabledProtocols", "TLSv1.2,TLSv1.3",
             .choices = "TLSv1.2|TLSv1.3", .meaning = "versions of TLS"),
    ACCEPTOR(TEXT, enabled_cipher_suites, "enabledCipherSuites", NULL,
             .meaning = "cipher suites, OpenSSL's names, separated by commas"),
    ACCEPTOR(TEXT, sni_host, "sniHost", NULL,
             .meaning = "regular expression: host names a TLS client may ask "
                        "for"),
    ACCEPTOR(INT32, handshake_timeout_s, "handshake-timeout", "10",
             RANGE(0, 3600),
             .meaning = "seconds from TCP to CONNECT; 0: no limit"),
    ACCEPTOR(INT32, connections_allowed, "connectionsAllowed", "-1",
             UNSET_OR(1, U31),
             .meaning = "connections through this acceptor; -1: no limit"),
    ACCEPTOR(INT32, backlog, "backlog", "511", RANGE(1, U16),
             .meaning = "connections that wait to be accepted"),
    ACCEPTOR(INT32, web_socket_max_frame_payload_length,
             "webSocketMaxFramePayloadLength", "65536", RANGE(125, U31),
             .meaning =
                 "octets of payload in a WebSocket frame that is sent; when "
                 "given, clients that send longer ones are refused"),
    ACCEPTOR(INT32, default_maximum_in_flight,
             "defaultMaximumInFlightPublishMessages", "65535", RANGE(1, U16),
             .meaning = "QoS 1 and 2 messages sent to a client without "
                        "Receive Maximum and not yet acknowledged"),
    /* The acceptor, Ours. */
    ACCEPTOR(BOOL, ssl_optional, "sslOptional", "false",
             .meaning = "with sslEnabled: serve clients that do not begin TLS "
                        "as well"),
    ACCEPTOR(BOOL, web_socket_requires_subprotocol,
             "webSocketRequireSubprotocol", "true",
             .meaning = "refuse WebSocket clients that offer neither mqtt nor "
                        "mqttv3.1"),
    ACCEPTOR(BOOL, server_keep_alive_for_3, "serverKeepAliveMqtt3", "false",
             .meaning = "serverKeepAlive binds 3.x clients too, though they "
                        "cannot be told"),
    ACCEPTOR(INT32, maximum_qos, "maximumQoS", "2", RANGE(0, 2),
             .meaning = "largest QoS that is accepted"),
    ACCEPTOR(BOOL, retain_available, "retainAvailable", "true",
             .meaning = "retained messages are supported"),
    ACCEPTOR(BOOL, wildcard_subscription_available,
             "wildcardSubscriptionAvailable", "true",
             .meaning = "Topic Filters may hold wildcards"),
    ACCEPTOR(BOOL, subscription_identifier_available,
             "subscriptionIdentifierAvailable", "true",
             .meaning = "Subscription Identifiers are supported"),
    ACCEPTOR(BOOL, shared_subscription_available, "sharedSubscriptionAvailable",
             "true", .meaning = "Shared Subscriptions are supported"),
    ACCEPTOR(TEXT, server_reference, "serverReference", NULL,
             .meaning = "send 5.0 clients to this server (0x9C), refuse the "
                        "others"),

    /* Address settings, by the manual. */
    SETTING(BOOL, auto_delete_created_queues, "auto-delete-created-queues",
            "false", .meaning = "clean up abandoned subscriptions"),
    SETTING(BOOL, auto_delete_created_queues, "auto-delete-queues", "false",
            .meaning = "the same, by its other name"),
    SETTING(BOOL, auto_delete_addresses, "auto-delete-addresses", "false",
            .meaning = "accepted and without effect: retained messages that "
                       "end leave nothing behind here"),
    SETTING(INT64, auto_delete_queues_delay_ms, "auto-delete-queues-delay", "0",
            RANGE(0, U53),
            .meaning = "milliseconds without a client before that"),
    SETTING(INT64, auto_delete_queues_message_count,
            "auto-delete-queues-message-count", "0", UNSET_OR(0, U53),
            .meaning = "only when at most that many messages wait; -1: any"),
    SETTING(INT64, expiry_delay_ms, "expiry-delay", "-1", UNSET_OR(0, U53),
            .meaning = "milliseconds to live of messages without a Message "
                       "Expiry Interval; -1: no limit"),
    SETTING(INT64, min_expiry_delay_ms, "min-expiry-delay", "-1",
            UNSET_OR(0, U53), .meaning = "milliseconds to live at least"),
    SETTING(INT64, max_expiry_delay_ms, "max-expiry-delay", "-1",
            UNSET_OR(0, U53), .meaning = "milliseconds to live at most"),
    SETTING(BOOL, no_expiry, "no-expiry", "false",
            .meaning = "messages live for ever"),

    /* The broker, by the manual. */
    BROKER(INT32, session_scan_interval_ms, "mqtt-session-scan-interval",
           "5000", RANGE(1, U31),
           .meaning = "milliseconds between two looks for expired sessions"),
    BROKER(INT32, address_queue_scan_period_ms, "address-queue-scan-period",
           "30000", RANGE(1, U31),
           .meaning = "milliseconds between two clean-ups by address setting"),
    BROKER(CHARACTER, wildcard_syntax.delimiter, "delimiter", ".",
           .meaning = "between words in address settings"),
    BROKER(CHARACTER, wildcard_syntax.single_word, "single-word", "*",
           .meaning = "one word in address settings"),
    BROKER(CHARACTER, wildcard_syntax.any_words, "any-words", "#",
           .meaning = "any words in address settings"),
    /* The broker, Ours. */
    BROKER(TEXT, data_folder, "data", NULL,
           .meaning = "folder for what survives a restart; not given: memory"),
    BROKER(TEXT, observe_folder, "observe", NULL,
           .meaning = "put mqttspec-tap before the acceptors: it says what "
                      "either side breaks, keeps clients.pcap in this folder, "
                      "and at the end clients.html; exit code 1 if a MUST was "
                      "broken"),
    BROKER(BOOL, is_trace, "trace", "false",
           .meaning = "a line for each packet in and out"),
    BROKER(CHOICE, log_level, "log-level", "info",
           .choices = "error|warning|info|debug",
           .meaning = "what is written to standard error"),
    BROKER(BOOL, is_check_only, "check-config", "false",
           .meaning = "check the configuration and exit"),
    BROKER(BOOL, allow_anonymous, "allow-anonymous", "true",
           .meaning =
               "clients need neither a user name nor a trusted certificate"),
    BROKER(TEXT, users_file, "users", NULL,
           .meaning = "file of user names and salted password hashes"),
    BROKER(TEXT, acl_file, "acl", NULL,
           .meaning = "file of who may publish and subscribe where; not "
                      "given: everybody everywhere"),
    BROKER(TEXT, security_module, "security-module", NULL,
           .meaning = "shared object that decides about clients"),
    BROKER(TEXT, security_module_argument, "security-module-argument", NULL,
           .meaning = "what the module is told when it starts"),
    BROKER(BOOL, has_scram_sha_256, "scram-sha-256", "false",
           .meaning = "enhanced authentication for 5.0 clients"),
    BROKER(INT32, max_connections, "max-connections", "0", RANGE(0, U31),
           .meaning = "connections at most; 0: as descriptors allow"),
    BROKER(INT32, max_queued_messages, "max-queued-messages", "100000",
           RANGE(0, U31),
           .meaning = "messages queued for a session; 0: no limit"),
    BROKER(INT64, max_queued_octets, "max-queued-octets", "268435456",
           RANGE(0, U53),
           .meaning = "octets queued for a session; 0: no limit"),
    BROKER(INT64, max_output_octets, "max-output-octets", "16777216",
           RANGE(1024, U53),
           .meaning = "octets that wait to be written to a connection; above "
                      "it QoS 0 is dropped and the rest queued"),
    BROKER(INT32, max_subscriptions, "max-subscriptions", "100000",
           RANGE(0, U31), .meaning = "subscriptions of a session; 0: no limit"),
    BROKER(INT32, max_topic_levels, "max-topic-levels", "200", RANGE(0, U16),
           .meaning = "levels of a topic; 0: no limit"),
    BROKER(INT64, max_retained_messages, "max-retained-messages", "0",
           RANGE(0, U53), .meaning = "retained messages; 0: no limit"),
    BROKER(INT32, sys_interval_s, "sys-interval", "10", RANGE(0, 86400),
           .meaning = "seconds between two $SYS publications; 0: none"),
};

#define N_OPTIONS (sizeof options / sizeof *options)

const struct option *option_at(size_t i)
{
    return i < N_OPTIONS ? &options[i] : NULL;
}

const struct option *option_find(enum option_place place, struct slice name)
{
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (options[i].place == place &&
            slice_equals(name, slice_of_text(options[i].name)))
            return &options[i];
    return NULL;
}

void option_legal(const struct option *option, char *out, size_t n)
{
    switch (option->type) {
    case OPTION_BOOL:
        snprintf(out, n, "true or false");
        return;
    case OPTION_INT32:
    case OPTION_INT64:
        snprintf(out, n, "%s%lld to %lld", option->may_be_unset ? "-1 or " : "",
                 (long long)option->minimum, (long long)option->maximum);
        return;
    case OPTION_TEXT:
        snprintf(out, n, "a text that is not empty");
        return;
    case OPTION_CHARACTER:
        snprintf(out, n, "one visible ASCII character");
        return;
    case OPTION_CHOICE:
        snprintf(out, n, "one of %s", option->choices);
        return;
    case OPTION_LIST:
        snprintf(out, n, "a comma list of %s", option->choices);
        return;
    }
}

static bool read_number(struct slice value, int64_t *number)
{
    char text[24];
    char *end = NULL;
    size_t first = value.n > 0 && value.data[0] == '-';

    if (value.n <= first || value.n >= sizeof text || value.data[first] < '0' ||
        value.data[first] > '9')
        return false; /* strtoll would skip blanks and take a plus */
    memcpy(text, value.data, value.n);
    text[value.n] = '\0';
    errno = 0;
    *number = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0';
}

static bool set_number(const struct option *option, void *field,
                       struct slice value)
{
    int64_t number;

    if (!read_number(value, &number))
        return false;
    if ((number < option->minimum || number > option->maximum) &&
        !(option->may_be_unset && number == CONFIG_UNSET))
        return false;
    if (option->type == OPTION_INT32)
        *(int32_t *)field = (int32_t)number;
    else
        *(int64_t *)field = number;
    return true;
}

static bool set_bool(void *field, struct slice value)
{
    bool is_true = slice_equals(value, slice_of_text("true"));

    if (!is_true && !slice_equals(value, slice_of_text("false")))
        return false;
    *(bool *)field = is_true;
    return true;
}

/* is_choice tells whether one word is among "a|b|c". */
static bool is_choice(const char *choices, struct slice word)
{
    struct slice rest = slice_of_text(choices);

    while (rest.n > 0)
        if (slice_equals(word, slice_cut(&rest, "|")))
            return true;
    return false;
}

static bool is_list(const char *choices, struct slice value)
{
    while (value.data)
        if (!is_choice(choices, slice_cut(&value, ",")))
            return false;
    return true;
}

static bool set_text(void *field, struct slice value)
{
    char **text = field;

    if (value.n == 0 || memchr(value.data, '\0', value.n))
        return false;
    free(*text);
    *text = mem_dup(value.data, value.n);
    return true;
}

static bool set_character(void *field, struct slice value)
{
    if (value.n != 1 || value.data[0] <= ' ' || value.data[0] >= 127)
        return false;
    *(char *)field = (char)value.data[0];
    return true;
}

static bool set_field(const struct option *option, void *field,
                      struct slice value)
{
    switch (option->type) {
    case OPTION_BOOL:
        return set_bool(field, value);
    case OPTION_INT32:
    case OPTION_INT64:
        return set_number(option, field, value);
    case OPTION_TEXT:
        return set_text(field, value);
    case OPTION_CHARACTER:
        return set_character(field, value);
    case OPTION_CHOICE:
        return is_choice(option->choices, value) && set_text(field, value);
    case OPTION_LIST:
        return is_list(option->choices, value) && set_text(field, value);
    }
    return false;
}

int option_set(const struct option *option, void *target, struct slice value,
               struct complaint *error)
{
    bool is_secret = strstr(option->name, "Password") != NULL;
    struct slice shown = is_secret ? slice_of_text("***") : value;
    char legal[128];

    if (set_field(option, (char *)target + option->offset, value))
        return 0;
    option_legal(option, legal, sizeof legal);
    return complain(error, "%s=%.*s: must be %s", option->name, (int)shown.n,
                    (const char *)shown.data, legal);
}

int option_unknown(enum option_place place, struct slice name,
                   struct complaint *error)
{
    static const char *const what[OPTION_N_PLACES] = {
        [OPTION_BROKER] = "option",
        [OPTION_ACCEPTOR] = "acceptor parameter",
        [OPTION_ADDRESS_SETTING] = "address setting",
    };
    struct complaint known;
    size_t at = 0;

    for (size_t i = 0; i < N_OPTIONS && at < sizeof known.text; i++)
        if (options[i].place == place)
            at += (size_t)snprintf(known.text + at, sizeof known.text - at,
                                   " %s", options[i].name);
    return complain(error, "%.*s: unknown %s; legal are%s", (int)name.n,
                    (const char *)name.data, what[place], known.text);
}

int option_set_named(enum option_place place, void *target, struct slice name,
                     struct slice value, struct complaint *error)
{
    const struct option *option = option_find(place, name);

    if (!option)
        return option_unknown(place, name, error);
    return option_set(option, target, value, error);
}

void option_set_defaults(enum option_place place, void *target)
{
    struct complaint error;

    for (const struct option *o = options; o < options + N_OPTIONS; o++)
        if (o->place == place && o->initial &&
            option_set(o, target, slice_of_text(o->initial), &error) != 0)
            die("%s", error.text);
}

void option_clear(enum option_place place, void *target)
{
    for (const struct option *o = options; o < options + N_OPTIONS; o++) {
        char **text = (char **)((char *)target + o->offset);
        if (o->place != place ||
            (o->type != OPTION_TEXT && o->type != OPTION_CHOICE &&
             o->type != OPTION_LIST))
            continue;
        free(*text);
        *text = NULL;
    }
}
