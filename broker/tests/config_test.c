// SPDX-License-Identifier: Apache-2.0
/* config_test.c -- the table of options: what is legal, what is refused, and
 * how it is said.
 */
#include "config_options.h"
#include "tests/tests.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct config config;
static struct complaint error;

static void set_up(void)
{
    config_init(&config);
    error.text[0] = '\0';
}

static void tear_down(void)
{
    config_clear(&config);
}

static int add(const char *url)
{
    return config_add_acceptor(&config, url, &error);
}

/* Each parameter of the manual with a legal or an illegal value. */
static const struct {
    const char *text;
    bool is_legal;
} parameters[] = {
    {"protocols=MQTT", true},
    {"protocols=MQTT-3.1.1,MQTT-5.0", true},
    {"protocols=AMQP", false},
    {"protocols=", false},
    {"protocols=MQTT,", false},
    {"allowLinkStealing=true", true},
    {"allowLinkStealing=false", true},
    {"allowLinkStealing=tru", false},
    {"allowLinkStealing=1", false},
    {"allowLinkStealing=TRUE", false},
    {"AllowLinkStealing=true", false},
    {"defaultMqttSessionExpiryInterval=-1", true},
    {"defaultMqttSessionExpiryInterval=0", true},
    {"defaultMqttSessionExpiryInterval=4294967295", true},
    {"defaultMqttSessionExpiryInterval=4294967296", false},
    {"defaultMqttSessionExpiryInterval=-2", false},
    {"receiveMaximum=-1", true},
    {"receiveMaximum=0", false},
    {"receiveMaximum=1", true},
    {"receiveMaximum=65535", true},
    {"receiveMaximum=65536", false},
    {"receiveMaximum=99999999999999999999", false},
    {"receiveMaximum=+5", false},
    {"receiveMaximum= 5", false},
    {"receiveMaximum=5x", false},
    {"receiveMaximum=-", false},
    {"receiveMaximum=", false},
    {"topicAliasMaximum=-2", false},
    {"topicAliasMaximum=-1", true},
    {"topicAliasMaximum=0", true},
    {"topicAliasMaximum=65535", true},
    {"topicAliasMaximum=65536", false},
    {"maximumPacketSize=-1", true},
    {"maximumPacketSize=0", false},
    {"maximumPacketSize=1", true},
    {"maximumPacketSize=268435460", true},
    {"maximumPacketSize=268435461", false},
    {"serverKeepAlive=-2", false},
    {"serverKeepAlive=-1", true},
    {"serverKeepAlive=0", true},
    {"serverKeepAlive=65535", true},
    {"serverKeepAlive=65536", false},
    {"serverKeepAlive=abc", false},
    {"closeMqttConnectionOnPublishAuthorizationFailure=false", true},
    {"closeMqttConnectionOnPublishAuthorizationFailure=no", false},
    {"sslEnabled=true", true},
    {"sslEnabled=yes", false},
    {"keyStorePath=/x.p12", true},
    {"keyStorePath=", false},
    {"keyStorePassword=secret", true},
    {"trustStorePath=/x.pem", true},
    {"trustStorePassword=secret", true},
    {"needClientAuth=true", true},
    {"needClientAuth=maybe", false},
    {"wantClientAuth=true", true},
    {"enabledProtocols=TLSv1.2", true},
    {"enabledProtocols=TLSv1.2,TLSv1.3", true},
    {"enabledProtocols=TLSv1.1", false},
    {"enabledProtocols=SSLv3,TLSv1.2", false},
    {"sniHost=.*\\.example", true},
    {"handshake-timeout=0", true},
    {"handshake-timeout=-1", false},
    {"connectionsAllowed=-1", true},
    {"connectionsAllowed=0", false},
    {"connectionsAllowed=5", true},
    {"webSocketMaxFramePayloadLength=65536", true},
    {"webSocketMaxFramePayloadLength=124", false},
    {"defaultMaximumInFlightPublishMessages=10", true},
    {"defaultMaximumInFlightPublishMessages=0", false},
    {"maximumQoS=2", true},
    {"maximumQoS=3", false},
    {"nonsense=1", false},
    {"receiveMaximum", false},
    {"=1", false},
};

START_TEST(parameter_is_read_or_refused_by_name)
{
    char url[256];
    const char *text = parameters[_i].text;
    int result;

    snprintf(url, sizeof url, "tcp://127.0.0.1:1883?%s", text);
    result = add(url);
    ck_assert_msg((result == 0) == parameters[_i].is_legal, "%s: %s", text,
                  error.text);
    if (result != 0)
        ck_assert_msg(strncmp(error.text, text, strcspn(text, "=")) == 0,
                      "%s does not name the parameter: %s", text, error.text);
    ck_assert_uint_eq(config.n_acceptors, result == 0);
}
END_TEST

START_TEST(refusal_says_name_value_and_what_is_legal)
{
    ck_assert_int_eq(add("tcp://h:1?receiveMaximum=0"), -1);
    ck_assert_str_eq(error.text, "receiveMaximum=0: must be -1 or 1 to 65535");
    ck_assert_int_eq(add("tcp://h:1?allowLinkStealing=x"), -1);
    ck_assert_str_eq(error.text, "allowLinkStealing=x: must be true or false");
    ck_assert_int_eq(add("tcp://h:1?nonsense=1"), -1);
    ck_assert_ptr_nonnull(
        strstr(error.text, "nonsense: unknown acceptor parameter"));
    ck_assert_ptr_nonnull(strstr(error.text, "allowLinkStealing"));
}
END_TEST

START_TEST(refusal_keeps_the_password_to_itself)
{
    ck_assert_int_eq(add("tcp://h:1?keyStorePassword="), -1);
    ck_assert_str_eq(error.text,
                     "keyStorePassword=***: must be a text that is not empty");
}
END_TEST

START_TEST(defaults_are_those_of_the_manual)
{
    const struct acceptor_options *a;

    ck_assert_int_eq(add("tcp://127.0.0.1:0"), 0);
    a = &config.acceptors[0];
    ck_assert(a->allow_link_stealing);
    ck_assert(a->close_on_publish_authorization_failure);
    ck_assert_int_eq(a->default_session_expiry_interval_s, -1);
    ck_assert(!a->is_session_expiry_interval_given);
    ck_assert_int_eq(a->receive_maximum, 65535);
    ck_assert_int_eq(a->topic_alias_maximum, 65535);
    ck_assert_int_eq(a->maximum_packet_size, 268435455);
    ck_assert_int_eq(a->server_keep_alive_s, 60);
    ck_assert_int_eq(a->handshake_timeout_s, 10);
    ck_assert_int_eq(a->web_socket_max_frame_payload_length, 65536);
    ck_assert_int_eq(config.session_scan_interval_ms, 5000);
    ck_assert_int_eq(config.address_queue_scan_period_ms, 30000);
    ck_assert(a->speaks_mqtt_3_1 && a->speaks_mqtt_3_1_1 && a->speaks_mqtt_5_0);
    ck_assert(!a->ssl_enabled && !a->ssl_optional);
    ck_assert_int_eq(a->port, 0);
}
END_TEST

/* Acceptor addresses. host NULL: refused. */
static const struct {
    const char *url;
    const char *host;
    unsigned port;
} addresses[] = {
    {"tcp://127.0.0.1:1883", "127.0.0.1", 1883},
    {"tcp://127.0.0.1:0", "127.0.0.1", 0},
    {"tcp://localhost", "localhost", 1883},
    {"tcp://localhost?", "localhost", 1883},
    {"tcp://[::1]:1884", "::1", 1884},
    {"tcp://[::1]", "::1", 1883},
    {"tcp://h:65535", "h", 65535},
    {"tcp://h:65536", NULL, 0},
    {"tcp://h:", NULL, 0},
    {"tcp://h:x", NULL, 0},
    {"tcp://h:18 83", NULL, 0},
    {"tcp://h:1883/path", NULL, 0},
    {"tcp://h/path:1", NULL, 0},
    {"tcp://:1883", NULL, 0},
    {"tcp://", NULL, 0},
    {"tcp://[::1", NULL, 0},
    {"tcp://[::1]x", NULL, 0},
    {"tcp://::1:1883", NULL, 0},
    {"mqtt://h:1", NULL, 0},
    {"127.0.0.1:1883", NULL, 0},
    {"", NULL, 0},
};

START_TEST(address_is_read_or_refused)
{
    int result = add(addresses[_i].url);

    ck_assert_msg((result == 0) == (addresses[_i].host != NULL), "%s: %s",
                  addresses[_i].url, error.text);
    if (result != 0) {
        ck_assert_ptr_nonnull(strstr(error.text, "must be tcp://HOST:PORT"));
        return;
    }
    ck_assert_str_eq(config.acceptors[0].host, addresses[_i].host);
    ck_assert_uint_eq(config.acceptors[0].port, addresses[_i].port);
}
END_TEST

START_TEST(parameters_are_separated_by_semicolon_or_ampersand)
{
    ck_assert_int_eq(add("tcp://h:1?receiveMaximum=7;serverKeepAlive=8&"
                         "topicAliasMaximum=9;"),
                     0);
    ck_assert_int_eq(config.acceptors[0].receive_maximum, 7);
    ck_assert_int_eq(config.acceptors[0].server_keep_alive_s, 8);
    ck_assert_int_eq(config.acceptors[0].topic_alias_maximum, 9);
}
END_TEST

START_TEST(values_may_be_percent_encoded)
{
    ck_assert_int_eq(add("tcp://h:1?keyStorePassword=a%3Bb%26c%25"), 0);
    ck_assert_str_eq(config.acceptors[0].key_store_password, "a;b&c%");
    ck_assert_int_eq(add("tcp://h:1?keyStorePassword=a%3"), -1);
    ck_assert_int_eq(add("tcp://h:1?keyStorePassword=a%zz"), -1);
    ck_assert_int_eq(add("tcp://h:1?keyStorePassword=a%00b"), -1);
}
END_TEST

START_TEST(session_expiry_given_is_told_from_its_default)
{
    ck_assert_int_eq(add("tcp://h:1?defaultMqttSessionExpiryInterval=-1"), 0);
    ck_assert(config.acceptors[0].is_session_expiry_interval_given);
}
END_TEST

/* read_ini writes a file and reads it. */
static int read_ini(const char *text)
{
    char path[] = "/tmp/mqttspec-config-XXXXXX";
    int fd = mkstemp(path);
    int result;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    result = config_read_file(&config, path, &error);
    unlink(path);
    return result;
}

START_TEST(ini_file_sets_broker_acceptors_and_address_settings)
{
    ck_assert_msg(
        read_ini("; a comment\n"
                 "[broker]\n"
                 "mqtt-session-scan-interval = 100\n"
                 "allow-anonymous = false\n"
                 "[acceptor plain]\n"
                 "url = tcp://127.0.0.1:1?receiveMaximum=3;serverKeepAlive=4\n"
                 "topicAliasMaximum = 5\n"
                 "[acceptor other]\n"
                 "url = tcp://[::1]:2\n"
                 "[address-setting #]\n"
                 "expiry-delay = 7\n"
                 "[address-setting a.b]\n"
                 "expiry-delay = 8\n"
                 "[address-setting a.*]\n"
                 "no-expiry = true\n") == 0,
        "%s", error.text);
    ck_assert_int_eq(config.session_scan_interval_ms, 100);
    ck_assert(!config.allow_anonymous);
    ck_assert_uint_eq(config.n_acceptors, 2);
    ck_assert_str_eq(config.acceptors[0].name, "plain");
    ck_assert_int_eq(config.acceptors[0].receive_maximum, 3);
    ck_assert_int_eq(config.acceptors[0].server_keep_alive_s, 4);
    ck_assert_int_eq(config.acceptors[0].topic_alias_maximum, 5);
    ck_assert_str_eq(config.acceptors[1].host, "::1");
    ck_assert_str_eq(config.address_settings[0].filter, "a/b");
    ck_assert_str_eq(config.address_settings[1].filter, "a/+");
    ck_assert_str_eq(config.address_settings[2].filter, "#");
    ck_assert_int_eq(
        config_address_setting(&config, slice_of_text("a/b"))->expiry_delay_ms,
        8);
    ck_assert(config_address_setting(&config, slice_of_text("a/x"))->no_expiry);
    ck_assert_int_eq(
        config_address_setting(&config, slice_of_text("z"))->expiry_delay_ms,
        7);
}
END_TEST

/* What an INI file may not hold, and what the refusal says. */
static const struct {
    const char *text;
    const char *expected;
} bad_files[] = {
    {"[broker]\nnonsense = 1\n", ":2: nonsense: unknown option"},
    {"[broker]\ntrace = 2\n", ":2: trace=2: must be true or false"},
    {"[acceptor a]\nreceiveMaximum = 0\n", ":2: receiveMaximum=0: must be"},
    {"[acceptor a]\nurl = udp://h\n", "must be tcp://HOST:PORT"},
    {"[address-setting a]\nx = 0\n", ":2: x: unknown address setting"},
    {"[address-setting #.a]\nno-expiry = true\n", "address-setting=#.a"},
    {"[what]\nx = 1\n", "section=what: must be [broker]"},
    {"x = 1\n", "must be [broker]"},
    {"[broker]\nno equals sign\n", ":2: must be [SECTION] or name = value"},
    {"[broker]\ndelimiter = #\n", "must differ"},
    {"[broker]\ndata = 0123456789012345678901234567890123456789012345678901234"
     "567890123456789012345678901234567890123456789012345678901234567890123456"
     "789012345678901234567890123456789012345678901234567890123456789012345678"
     "90123456789\n",
     ":2: a line must not be longer than 199"},
};

START_TEST(bad_file_is_refused_with_its_line)
{
    ck_assert_int_eq(read_ini(bad_files[_i].text), -1);
    ck_assert_msg(strstr(error.text, bad_files[_i].expected) != NULL,
                  "expected \"%s\" in \"%s\"", bad_files[_i].expected,
                  error.text);
}
END_TEST

START_TEST(missing_file_is_refused)
{
    ck_assert_int_eq(config_read_file(&config, "/nonexistent/x.ini", &error),
                     -1);
    ck_assert_str_eq(error.text,
                     "/nonexistent/x.ini: No such file or directory");
}
END_TEST

static int read_arguments(int argc, char **argv, bool *wants_help)
{
    return config_read_arguments(&config, argc, argv, wants_help, &error);
}

START_TEST(command_line_sets_options)
{
    char *argv[] = {(char[]){"x"},
                    (char[]){"--trace"},
                    (char[]){"--data"},
                    (char[]){"/d"},
                    (char[]){"--sys-interval=0"},
                    (char[]){"--allow-anonymous"},
                    (char[]){"false"},
                    (char[]){"--scram-sha-256"}};
    bool wants_help;

    ck_assert_int_eq(read_arguments(8, argv, &wants_help), 0);
    ck_assert(config.is_trace && !wants_help);
    ck_assert(!config.allow_anonymous && config.has_scram_sha_256);
    ck_assert_str_eq(config.data_folder, "/d");
    ck_assert_int_eq(config.sys_interval_s, 0);
    ck_assert_uint_eq(config.n_acceptors, 1);
    ck_assert_uint_eq(config.acceptors[0].port, 1883);
}
END_TEST

/* Arguments that are refused, and what is said. */
static const struct {
    const char *arguments[2];
    const char *expected;
} bad_arguments[] = {
    {{"--nonsense", "1"}, "nonsense: unknown option"},
    {{"nonsense", ""}, "nonsense: unknown argument"},
    {{"--trace=maybe", ""}, "trace=maybe: must be true or false"},
    {{"--trace", "maybe"}, "trace=maybe: must be true or false"},
    {{"--trace", "--data"}, "--data: needs a value"},
    {{"--config", "/nonexistent"}, "/nonexistent: No such file"},
    {{"-c", "/nonexistent"}, "/nonexistent: No such file"},
    {{"--acceptor", "x"}, "acceptor=x: must be"},
};

START_TEST(bad_argument_is_refused)
{
    char first[64];
    char second[64];
    char *argv[] = {(char[]){"x"}, first, second};
    bool wants_help;

    snprintf(first, sizeof first, "%s", bad_arguments[_i].arguments[0]);
    snprintf(second, sizeof second, "%s", bad_arguments[_i].arguments[1]);
    ck_assert_int_eq(read_arguments(second[0] ? 3 : 2, argv, &wants_help), -1);
    ck_assert_msg(strstr(error.text, bad_arguments[_i].expected) != NULL,
                  "expected \"%s\" in \"%s\"", bad_arguments[_i].expected,
                  error.text);
}
END_TEST

START_TEST(every_option_stands_in_the_help_and_takes_its_default)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    const struct option *option;

    config_print_help(out);
    fclose(out);
    for (size_t i = 0; (option = option_at(i)) != NULL; i++) {
        ck_assert_ptr_nonnull(option->meaning);
        ck_assert_msg(strstr(text, option->name) != NULL, "%s", option->name);
    }
    free(text);
}
END_TEST

#define N(rows) ((int)(sizeof(rows) / sizeof *(rows)))

Suite *suite_config(void)
{
    Suite *suite = suite_create("config");
    TCase *tc = tcase_create("config");

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, parameter_is_read_or_refused_by_name, 0,
                        N(parameters));
    tcase_add_test(tc, refusal_says_name_value_and_what_is_legal);
    tcase_add_test(tc, refusal_keeps_the_password_to_itself);
    tcase_add_test(tc, defaults_are_those_of_the_manual);
    tcase_add_loop_test(tc, address_is_read_or_refused, 0, N(addresses));
    tcase_add_test(tc, parameters_are_separated_by_semicolon_or_ampersand);
    tcase_add_test(tc, values_may_be_percent_encoded);
    tcase_add_test(tc, session_expiry_given_is_told_from_its_default);
    tcase_add_test(tc, ini_file_sets_broker_acceptors_and_address_settings);
    tcase_add_loop_test(tc, bad_file_is_refused_with_its_line, 0, N(bad_files));
    tcase_add_test(tc, missing_file_is_refused);
    tcase_add_test(tc, command_line_sets_options);
    tcase_add_loop_test(tc, bad_argument_is_refused, 0, N(bad_arguments));
    tcase_add_test(tc, every_option_stands_in_the_help_and_takes_its_default);
    suite_add_tcase(suite, tc);
    return suite;
}
