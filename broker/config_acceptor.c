// SPDX-License-Identifier: Apache-2.0
/* config_acceptor.c -- parameters of one acceptor, and the URL with them. */
#include "config_acceptor.h"

#include "base/die.h"
#include "config_options.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_PORT = 1883 };

void acceptor_clear(struct acceptor_options *a)
{
    option_clear(OPTION_ACCEPTOR, a);
    free(a->name);
    free(a->host);
}

/* set_versions sets the versions from the comma list of protocols. */
static void set_versions(struct acceptor_options *a)
{
    char *list = mem_dup(a->protocols, strlen(a->protocols));
    char *rest = NULL;

    a->speaks_mqtt_3_1 = a->speaks_mqtt_3_1_1 = a->speaks_mqtt_5_0 = false;
    for (char *name = strtok_r(list, ",", &rest); name;
         name = strtok_r(NULL, ",", &rest)) {
        bool is_all = strcmp(name, "MQTT") == 0;
        a->speaks_mqtt_3_1 |= is_all || strcmp(name, "MQTT-3.1") == 0;
        a->speaks_mqtt_3_1_1 |= is_all || strcmp(name, "MQTT-3.1.1") == 0;
        a->speaks_mqtt_5_0 |= is_all || strcmp(name, "MQTT-5.0") == 0;
    }
    free(list);
}

void config_init_acceptor(struct acceptor_options *options)
{
    memset(options, 0, sizeof *options);
    option_set_defaults(OPTION_ACCEPTOR, options);
    options->host = mem_dup("127.0.0.1", 9);
    options->port = DEFAULT_PORT;
    set_versions(options);
}

int acceptor_set(struct acceptor_options *a, struct slice name,
                 struct slice value, struct complaint *error)
{
    if (option_set_named(OPTION_ACCEPTOR, a, name, value, error) != 0)
        return -1;
    set_versions(a);
    if (slice_equals(name, slice_of_text("defaultMqttSessionExpiryInterval")))
        a->is_session_expiry_interval_given = true;
    if (slice_equals(name, slice_of_text("webSocketMaxFramePayloadLength")))
        a->is_web_socket_limit_given = true;
    return 0;
}

/* unescape undoes %XX of RFC 3986 s2.1 in place; false: not two digits. */
static bool unescape(char *text, size_t *n)
{
    size_t out = 0;

    for (size_t i = 0; i < *n; i++, out++) {
        int high;
        int low;
        text[out] = text[i];
        if (text[i] != '%')
            continue;
        high = i + 2 < *n ? OPENSSL_hexchar2int((uint8_t)text[i + 1]) : -1;
        low = i + 2 < *n ? OPENSSL_hexchar2int((uint8_t)text[i + 2]) : -1;
        if (high < 0 || low < 0)
            return false;
        text[out] = (char)(high << 4 | low);
        i += 2;
    }
    *n = out;
    return true;
}

/* read_parameter reads "name=value" of a URL. */
static int read_parameter(struct acceptor_options *a, const char *text,
                          size_t n_text, struct complaint *error)
{
    const char *equals = memchr(text, '=', n_text);
    size_t n_name = equals ? (size_t)(equals - text) : n_text;
    struct slice name = slice_of(text, n_name);
    size_t n_value = equals ? n_text - n_name - 1 : 0;
    char *value;
    int result;

    if (!equals && option_find(OPTION_ACCEPTOR, name))
        return complain(error, "%.*s=: must be written name=value", (int)n_name,
                        text);
    if (!equals)
        return option_unknown(OPTION_ACCEPTOR, name, error);
    value = mem_dup(equals + 1, n_value);
    if (unescape(value, &n_value))
        result = acceptor_set(a, name, slice_of(value, n_value), error);
    else
        result = complain(error,
                          "acceptor=%.*s: %% must be followed by two "
                          "hexadecimal digits",
                          (int)n_text, text);
    free(value);
    return result;
}

/* read_address reads "host:port" or "[address]:port"; false: malformed. */
static bool read_address(struct acceptor_options *a, const char *text,
                         size_t n_text)
{
    bool has_bracket = n_text > 0 && text[0] == '[';
    const char *host = text + has_bracket;
    const char *end =
        memchr(host, has_bracket ? ']' : ':', n_text - has_bracket);
    size_t n_host = end ? (size_t)(end - host) : n_text - has_bracket;
    const char *rest = host + n_host + (has_bracket && end);
    size_t n_rest = n_text - (size_t)(rest - text);
    unsigned port = 0;

    if (n_host == 0 || (has_bracket && !end) || memchr(host, '/', n_host))
        return false;
    if (n_rest == 1 || n_rest > 6 || (n_rest && rest[0] != ':'))
        return false;
    for (size_t i = 1; i < n_rest; i++) {
        if (rest[i] < '0' || rest[i] > '9')
            return false;
        port = port * 10 + (unsigned)(rest[i] - '0');
    }
    if (port > UINT16_MAX)
        return false;
    free(a->host);
    a->host = mem_dup(host, n_host);
    a->port = n_rest ? (uint16_t)port : (uint16_t)DEFAULT_PORT;
    return true;
}

int acceptor_read_url(struct acceptor_options *a, const char *url,
                      struct complaint *error)
{
    static const char scheme[] = "tcp://";
    const char *at = url + sizeof scheme - 1;
    size_t n_address;

    if (strncmp(url, scheme, sizeof scheme - 1) != 0 ||
        !read_address(a, at, n_address = strcspn(at, "?")))
        return complain(error,
                        "acceptor=%s: must be "
                        "tcp://HOST:PORT?name=value;name=value, PORT 0 to "
                        "65535, an IPv6 address in brackets",
                        url);
    at += n_address + (at[n_address] == '?');
    while (*at) {
        size_t n_text = strcspn(at, ";&");
        if (n_text > 0 && read_parameter(a, at, n_text, error) != 0)
            return -1;
        at += n_text + (at[n_text] != '\0');
    }
    return 0;
}
