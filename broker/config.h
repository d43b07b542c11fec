// SPDX-License-Identifier: Apache-2.0
/* config.h -- every setting of the broker, read from one table.
 *
 * The same rows serve the command line (--name value), the INI file ([broker],
 * [acceptor NAME], [address-setting MATCH]), the acceptor URL (?name=value;...)
 * and --help. A row says name, place, type, default, range and meaning. Names
 * of acceptor parameters are those of the ActiveMQ Artemis MQTT manual. An
 * unknown name or an illegal value is refused with the name, the value and what
 * is legal.
 */
#ifndef BROKER_CONFIG_H
#define BROKER_CONFIG_H

#include <stdio.h>

#include "base/complaint.h"
#include "state/topic.h"

/* What -1 means in the parameters of the manual. */
#define CONFIG_UNSET (-1)

/* The parameters of one acceptor. Texts are owned by struct config; NULL: not
 * given. */
struct acceptor_options {
    char *name;
    char *host;
    uint16_t port; /* 0: any free one */

    char *protocols;      /* as written; it sets the next three */
    bool speaks_mqtt_3_1; /* protocols=MQTT: all three */
    bool speaks_mqtt_3_1_1;
    bool speaks_mqtt_5_0;

    bool allow_link_stealing; /* allowLinkStealing = true */
    /* defaultMqttSessionExpiryInterval = -1, in seconds. Applies to 3.x always;
     * to 5.0 only when it was given (decision D1: CONNACK then says so). */
    int64_t default_session_expiry_interval_s;
    bool is_session_expiry_interval_given;
    int32_t receive_maximum;     /* receiveMaximum = 65535; -1: not sent */
    int32_t topic_alias_maximum; /* topicAliasMaximum = 65535; -1: not sent */
    int64_t maximum_packet_size; /* maximumPacketSize = 268435455; -1: none */
    int32_t
        server_keep_alive_s; /* serverKeepAlive = 60; -1: client's; 0: off */
    bool server_keep_alive_for_3; /* serverKeepAliveMqtt3 = false (D8) */
    bool close_on_publish_authorization_failure; /* closeMqttConnection... */
    int32_t
        default_maximum_in_flight; /* defaultMaximumInFlightPublishMessages
                                      = 65535: for clients that say nothing */
    int32_t maximum_qos;           /* maximumQoS = 2 */
    bool retain_available;         /* retainAvailable = true */
    bool wildcard_subscription_available;
    bool subscription_identifier_available;
    bool shared_subscription_available;
    int32_t backlog;             /* backlog = 511 */
    int32_t connections_allowed; /* connectionsAllowed = -1: no limit */
    int32_t handshake_timeout_s; /* handshake-timeout = 10; 0: off */
    char *server_reference;      /* serverReference: 0x9C and this (5.0) */

    bool ssl_enabled;
    char *key_store_path; /* PKCS#12, or PEM with certificate and key */
    char *key_store_password;
    char *trust_store_path;
    char *trust_store_password;
    bool ssl_optional; /* sslOptional = false: plain clients are refused */
    bool need_client_auth;
    bool want_client_auth;
    char *enabled_cipher_suites; /* TLS 1.2 and 1.3, OpenSSL's names */
    char *enabled_protocols;     /* "TLSv1.2,TLSv1.3" */
    char *sni_host;

    int32_t web_socket_max_frame_payload_length; /* 65536 octets */
    bool is_web_socket_limit_given;       /* then it binds clients as well */
    bool web_socket_requires_subprotocol; /* webSocketRequireSubprotocol = true:
                                             [MQTT-6.0.0-3], [MQTT-6.0.0-4] */
};

/* [address-setting MATCH]: rules for the topics that match. */
struct address_setting {
    char *match;  /* as written */
    char *filter; /* an MQTT Topic Filter, translated from the syntax */
    bool auto_delete_created_queues;
    bool auto_delete_addresses;
    int64_t auto_delete_queues_delay_ms;
    int64_t auto_delete_queues_message_count; /* -1: any */
    int64_t expiry_delay_ms;                  /* -1: none */
    int64_t min_expiry_delay_ms;
    int64_t max_expiry_delay_ms;
    bool no_expiry;
};

struct config {
    struct acceptor_options *acceptors;
    size_t n_acceptors;
    struct address_setting *address_settings; /* the most specific first */
    size_t n_address_settings;

    struct topic_syntax wildcard_syntax; /* '.', '*', '#' */
    char *data_folder;                   /* --data; NULL: memory only */
    char
        *observe_folder; /* --observe: a tap before each acceptor; NULL: none */
    bool is_trace;       /* --trace: a line per packet */
    char *log_level;     /* "error" ... "debug" */
    bool is_check_only;  /* --check-config */
    int32_t session_scan_interval_ms; /* mqtt-session-scan-interval = 5000 */
    int32_t address_queue_scan_period_ms; /* 30000 */

    bool allow_anonymous;  /* true */
    char *users_file;      /* NULL: none */
    char *acl_file;        /* NULL: everything is allowed */
    char *security_module; /* path of a shared object; NULL: none */
    char *security_module_argument;
    bool has_scram_sha_256; /* enhanced authentication, off by default */

    int32_t max_connections;     /* 0: as descriptors allow */
    int32_t max_queued_messages; /* per session, 0: no limit */
    int64_t max_queued_octets;   /* per session */
    int64_t max_output_octets;   /* per connection */
    int32_t max_subscriptions;   /* per session */
    int32_t max_topic_levels;
    int64_t max_retained_messages;
    int32_t sys_interval_s; /* $SYS counters; 0: none */
};

/* config_init sets all defaults; no acceptor yet. */
void config_init(struct config *c);

/* config_clear frees what the struct holds. */
void config_clear(struct config *c);

/* config_init_acceptor sets the defaults of one acceptor's parameters, for
 * those who have no URL (tests, fuzzing).
 */
void config_init_acceptor(struct acceptor_options *options);

/* config_add_acceptor reads 'tcp://host:port?name=value;name=value' ("&" does
 * for ";").
 *
 * error   out: one sentence when -1 is returned
 *
 * Returns 0 or -1.
 */
int config_add_acceptor(struct config *c, const char *url,
                        struct complaint *error);

/* config_read_file reads an INI file; likewise. */
int config_read_file(struct config *c, const char *path,
                     struct complaint *error);

/* config_read_arguments reads the command line; -c FILE is read in its place.
 *
 * wants_help   out: --help was given (config_print_help shows it)
 */
int config_read_arguments(struct config *c, int argc, char **argv,
                          bool *wants_help, struct complaint *error);

/* config_print_help writes the usage and every option from the table. */
void config_print_help(FILE *out);

/* config_has_auto_delete tells whether any address setting asks for it. */
bool config_has_auto_delete(const struct config *c);

/* config_address_setting finds the rules for a topic; NULL: none. */
const struct address_setting *config_address_setting(const struct config *c,
                                                     struct slice topic);

#endif
