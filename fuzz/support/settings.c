/* SPDX-License-Identifier: Apache-2.0 */
/* settings.c -- what an input says about the broker's configuration.
 *
 * Reading a URL and a file for each input would take longer than what the
 * input does, so that is done once, and each run changes a copy.
 */
#include "support/settings.h"

#include <stdlib.h>
#include <unistd.h>

static void set_acceptor(struct acceptor_options *o, unsigned bits)
{
    o->receive_maximum = bits & 1 ? 2 : 65535;
    o->topic_alias_maximum = bits & 2 ? 2 : 65535;
    o->maximum_packet_size = bits & 4 ? 200 : 268435455;
    o->server_keep_alive_s = bits & 8 ? 3 : -1;
    o->allow_link_stealing = !(bits & 16);
    o->maximum_qos = bits & 32 ? (bits & 64 ? 0 : 1) : 2;
    o->close_on_publish_authorization_failure = (bits & 64) != 0;
    o->retain_available = !(bits & 128);
}

/* What few inputs should have: chosen by more than one bit, or harmless. */
static void set_rarely(struct config *c, unsigned bits)
{
    static char elsewhere[] = "elsewhere:1883";
    struct acceptor_options *o = c->acceptors;
    o->server_reference = (bits & 6) == 6 ? elsewhere : NULL;
    c->max_queued_octets = bits & 8 ? 40 : 0;
    o->server_keep_alive_for_3 = (bits & 16) != 0;
}

static void set_broker(struct config *c, unsigned bits)
{
    struct acceptor_options *o = c->acceptors;
    c->sys_interval_s = bits & 1 ? 10 : 0;
    c->max_queued_messages = bits & 2 ? 2 : 1000;
    c->max_output_octets = bits & 4 ? 100 : 0;
    c->max_subscriptions = bits & 8 ? 3 : 0;
    c->max_topic_levels = bits & 16 ? 3 : 0;
    c->max_retained_messages = bits & 32 ? 2 : 0;
    c->max_connections = bits & 64 ? 2 : 0;
    c->has_scram_sha_256 = (bits & 128) != 0;
    c->allow_anonymous = true;
    o->wildcard_subscription_available = (bits & 0x300) != 0x300;
    o->shared_subscription_available = (bits & 0x300) != 0x200;
    o->subscription_identifier_available = (bits & 0x300) != 0x200;
    o->default_session_expiry_interval_s = bits & 0x400 ? 5 : -1;
    o->is_session_expiry_interval_given = (bits & 0x400) != 0;
}

/* make_shared reads what never changes: the defaults of the broker and of an
 * acceptor, and rules for the topics under "a" and "b", as the manual has them.
 */
static void make_shared(struct config *c)
{
    static const char text[] =
        "[address-setting a.#]\nauto-delete-queues = true\n"
        "auto-delete-queues-delay = 2000\n"
        "auto-delete-queues-message-count = -1\n"
        "auto-delete-addresses = true\n"
        "[address-setting b.#]\nexpiry-delay = 5000\nmax-expiry-delay = 9000\n"
        "auto-delete-queues = true\nauto-delete-queues-message-count = 1\n";
    struct feed feed = {(const uint8_t *)text, sizeof text - 1};
    char path[64];
    struct complaint error;
    config_init(c);
    int fd = feed_file(&feed, path);
    if (fd < 0)
        abort();
    if (config_read_file(c, path, &error) != 0 ||
        config_add_acceptor(c, "tcp://127.0.0.1:0", &error) != 0)
        fuzz_fail("%s", error.text);
    close(fd);
}

static struct security *open_security(void)
{
    static const char users[] =
        "ann:$pbkdf2-sha256$1$00000000000000000000000000000000$"
        "a0f0e61741c34aa36279dd8a411c6ca26a84ce284a983b43ba79caba8a5f26d0\n";
    static const char acl[] =
        "topic readwrite #\nuser ann\ntopic deny a/b\nclient c1\n"
        "topic deny b/#\npattern write own/%c/#\n";
    struct feed parts[] = {{(const uint8_t *)users, sizeof users - 1},
                           {(const uint8_t *)acl, sizeof acl - 1}};
    static struct config config; /* borrowed by it */
    static char paths[2][64];
    struct complaint error;
    if (feed_file(&parts[0], paths[0]) < 0 ||
        feed_file(&parts[1], paths[1]) < 0)
        abort();
    config_init(&config);
    config.users_file = paths[0];
    config.acl_file = paths[1];
    config.has_scram_sha_256 = true;
    struct security *security = security_open(&config, NULL, &error);
    if (!security)
        fuzz_fail("%s", error.text);
    return security;
}

void settings_read(struct config *config, struct acceptor_options *acceptor,
                   const uint8_t octets[4])
{
    static struct config shared;
    static char yes[] = "yes";
    if (!shared.n_acceptors)
        make_shared(&shared);
    *config = shared;
    *acceptor = shared.acceptors[0];
    config->acceptors = acceptor;
    set_acceptor(acceptor, octets[0]);
    set_broker(config, octets[1] | (octets[2] & 7u) << 8);
    set_rarely(config, octets[3]);
    if (!(octets[3] & 1))
        config->n_address_settings = 0;
    if (config->has_scram_sha_256)
        config->acl_file = yes; /* only says that there is one */
}

bool settings_fill_the_disk(const uint8_t octets[4])
{
    return (octets[3] & 0x60) == 0x60;
}

struct security *settings_security(const struct config *config)
{
    static struct security *security;
    if (config->has_scram_sha_256 && !security)
        security = open_security();
    return config->has_scram_sha_256 ? security : NULL;
}
