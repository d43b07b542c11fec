// SPDX-License-Identifier: Apache-2.0
/* ws_handshake.c -- the HTTP request that opens a WebSocket, and its answer.
 *
 * Just enough HTTP, read strictly: one GET, header fields without folding, one
 * key of 16 octets, version 13. Once per WebSocket connection.
 * Spec: RFC 6455 s4.2.1, s4.2.2; RFC 9112 s2 to s5.
 */
#include "net/ws_handshake.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    MAX_REQUEST = 8192, /* octets, request line and all fields */
    KEY_TEXT = 24,      /* base64 of 16 octets */
};

/* What the fields of a request said. */
struct request {
    struct slice key;
    struct slice version;
    struct slice subprotocol; /* chosen; empty: none */
    unsigned n_hosts;
    unsigned n_keys;
    unsigned n_versions;
    bool has_upgrade;    /* Upgrade: websocket */
    bool has_connection; /* Connection: Upgrade */
};

struct refusal {
    int status;
    const char *phrase;
    const char *fields;
};

static const struct refusal bad_request = {400, "Bad Request", ""};
static const struct refusal not_get = {405, "Method Not Allowed",
                                       "Allow: GET\r\n"};
static const struct refusal not_websocket = {
    426, "Upgrade Required",
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"};
static const struct refusal too_large = {431, "Request Header Fields Too Large",
                                         ""};
static const struct refusal not_http_1_1 = {505, "HTTP Version Not Supported",
                                            ""};

static bool is_text(struct slice s, const char *text)
{
    return s.n == strlen(text) &&
           strncasecmp((const char *)s.data, text, s.n) == 0;
}

static struct slice trim(struct slice s)
{
    while (s.n > 0 && (s.data[0] == ' ' || s.data[0] == '\t')) {
        s.data++;
        s.n--;
    }
    while (s.n > 0 && (s.data[s.n - 1] == ' ' || s.data[s.n - 1] == '\t'))
        s.n--;
    return s;
}

static bool list_has(struct slice list, const char *word)
{
    while (list.n > 0)
        if (is_text(trim(slice_cut(&list, ",")), word))
            return true;
    return false;
}

/* choose takes the first one in the client's order that we know; names are
 * compared octet by octet.
 */
static struct slice choose(struct slice list)
{
    while (list.n > 0) {
        struct slice name = trim(slice_cut(&list, ","));
        if (slice_equals(name, slice_of_text("mqtt")) ||
            slice_equals(name, slice_of_text("mqttv3.1")))
            return name;
    }
    return slice_of(NULL, 0);
}

/* on_field notes what is of interest; each field has a way of its own. */
static void on_field(struct request *r, struct slice name, struct slice value)
{
    if (is_text(name, "Host")) {
        r->n_hosts++;
    } else if (is_text(name, "Upgrade")) {
        r->has_upgrade |= list_has(value, "websocket");
    } else if (is_text(name, "Connection")) {
        r->has_connection |= list_has(value, "upgrade");
    } else if (is_text(name, "Sec-WebSocket-Key")) {
        r->key = value;
        r->n_keys++;
    } else if (is_text(name, "Sec-WebSocket-Version")) {
        r->version = value;
        r->n_versions++;
    } else if (is_text(name, "Sec-WebSocket-Protocol")) {
        if (r->subprotocol.n == 0)
            r->subprotocol = choose(value);
    }
}

static bool is_token(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.data[i] <= ' ' || s.data[i] >= 127 ||
            strchr("\"(),/:;<=>?@[\\]{}", s.data[i]))
            return false;
    return s.n > 0;
}

/* read_fields reads the header fields; false: one of them is malformed. */
static bool read_fields(struct request *r, struct slice rest)
{
    while (rest.n > 0) {
        struct slice value = slice_cut(&rest, "\r\n");
        struct slice name;
        if (value.n == 0)
            return true;
        if (!memchr(value.data, ':', value.n) ||
            memchr(value.data, '\0', value.n))
            return false;
        name = slice_cut(&value, ":");
        if (!is_token(name)) /* also: a folded line begins with a blank */
            return false;
        on_field(r, name, trim(value));
    }
    return true;
}

/* is_key tells whether s is base64 of 16 octets. */
static bool is_key(struct slice s)
{
    uint8_t octets[KEY_TEXT];

    return s.n == KEY_TEXT && s.data[21] != '=' && s.data[22] == '=' &&
           s.data[23] == '=' && EVP_DecodeBlock(octets, s.data, (int)s.n) == 18;
}

/* check tells why a request is refused; NULL: it is not. */
static const struct refusal *check(struct slice octets, struct request *r,
                                   bool requires_subprotocol)
{
    struct slice rest = octets;
    struct slice line = slice_cut(&rest, "\r\n");
    struct slice method = slice_cut(&line, " ");
    struct slice target = slice_cut(&line, " ");

    if (!is_token(method) || target.n == 0 || line.n != 8 ||
        memcmp(line.data, "HTTP/", 5) != 0)
        return &bad_request;
    if (memcmp(line.data, "HTTP/1.1", 8) != 0)
        return &not_http_1_1;
    if (!slice_equals(method, slice_of_text("GET")))
        return &not_get;
    if (!read_fields(r, rest) || r->n_hosts != 1)
        return &bad_request;
    if (!r->has_upgrade || !r->has_connection)
        return &not_websocket;
    if (r->n_keys != 1 || !is_key(r->key) || r->n_versions > 1)
        return &bad_request;
    if (!is_text(r->version, "13"))
        return &not_websocket;
    if (requires_subprotocol && r->subprotocol.n == 0)
        return &bad_request;
    return NULL;
}

static enum ws_handshake refuse(struct buf *response, const struct refusal *why)
{
    char text[256];
    int n = snprintf(text, sizeof text,
                     "HTTP/1.1 %d %s\r\n%sConnection: close\r\n"
                     "Content-Length: 0\r\n\r\n",
                     why->status, why->phrase, why->fields);

    buf_append(response, text, (size_t)n);
    return WS_HANDSHAKE_REFUSED;
}

static enum ws_handshake accept_request(struct buf *response,
                                        const struct request *r)
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned n_digest = 0;
    char joined[KEY_TEXT + sizeof guid];
    unsigned char key[64];
    char text[256];
    int n;

    memcpy(joined, r->key.data, KEY_TEXT);
    memcpy(joined + KEY_TEXT, guid, sizeof guid);
    EVP_Digest(joined, KEY_TEXT + sizeof guid - 1, digest, &n_digest,
               EVP_sha1(), NULL);
    EVP_EncodeBlock(key, digest, (int)n_digest);
    n = snprintf(text, sizeof text,
                 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                 "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s%.*s%s"
                 "\r\n",
                 (const char *)key,
                 r->subprotocol.n ? "Sec-WebSocket-Protocol: " : "",
                 (int)r->subprotocol.n,
                 r->subprotocol.n ? (const char *)r->subprotocol.data : "",
                 r->subprotocol.n ? "\r\n" : "");
    buf_append(response, text, (size_t)n);
    return WS_HANDSHAKE_ACCEPTED;
}

enum ws_handshake ws_handshake_answer(struct slice octets,
                                      bool requires_subprotocol,
                                      struct buf *response, size_t *n_used)
{
    struct request r = {0};
    const struct refusal *why;
    const uint8_t *end = slice_find(octets, "\r\n\r\n");

    if (!end && octets.n <= MAX_REQUEST)
        return WS_HANDSHAKE_MORE;
    if (!end || end - octets.data > MAX_REQUEST)
        return refuse(response, &too_large);
    *n_used = (size_t)(end - octets.data) + 4;
    why = check(slice_of(octets.data, *n_used - 2), &r, requires_subprotocol);
    return why ? refuse(response, why) : accept_request(response, &r);
}
