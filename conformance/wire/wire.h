/* SPDX-License-Identifier: Apache-2.0 */
/* wire.h -- the harness's own codec: MQTT packets as tables of fields.
 *
 * One struct serves to build a packet, to read one and to say what is expected.
 * One reader and one writer walk the same tables (tables.h). The reader is
 * strict and names the statement that is broken; the writer writes what it is
 * told, nonsense included. Nothing here touches a socket, a clock or the heap
 * (but wire_dup). Spec: 5.0 and 3.1.1 chapters 1-3, 3.1 as a profile.
 *
 * How tests write packets:
 *     CONNECT(.client_id = "pump", .clean_start = 1, .keep_alive_s = 30,
 *             .will = {.topic = "status/pump", .payload = BYTES("gone")},
 *             .props = {.receive_maximum = OPT(1), .user_property = {{"k",
 * "v"}}}) SUBSCRIBE(.packet_id = 1, .filters = {{"a/b", .qos = 1, .no_local =
 * 1}}) SUBACK(.packet_id = 1, .codes = CODES(1, 0x80)) PUBLISH(.topic = "a",
 * .payload = BYTES("x"), .qos = 1, .packet_id = 7) RAW("c0 00") octets as they
 * stand Each yields a `struct wire_packet *` that lives as long as the block.
 */
#ifndef MQTTSPEC_WIRE_WIRE_H
#define MQTTSPEC_WIRE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/names.h"

/* `.client_id = "pump"` fills the first member of a slice; both compilers
 * would ask for braces that make every test harder to read. */
#pragma GCC diagnostic ignored "-Wmissing-braces"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* ---- values -------------------------------------------------------------- */

/* A run of octets: a string of MQTT, binary data or a payload.
 *
 * Unset is text == NULL. With n == 0 and text set, the length is strlen(text):
 * so "pump", BYTES("pump") and BYTES("") all mean what they say, and BYTES
 * keeps embedded NULs. The reader always sets n, and points an empty string
 * to "". Borrowed, never freed. Use wire_len for the length.
 */
struct wire_bytes {
    union {
        const char *text;
        const unsigned char *octets;
    };
    size_t n;
};
/* BYTES(literal): embedded NULs and bad UTF-8 as they stand. */
#define BYTES(literal) ((struct wire_bytes){{literal}, sizeof(literal) - 1})
/* SLICE(pointer, n): octets that are somewhere already. */
#define SLICE(pointer, length)                                                 \
    ((struct wire_bytes){{(length) ? (const char *)(pointer) : ""}, (length)})
/* CODES(1, 0x80) and OCTETS(0xff, 0xfe): octets by number. */
#define OCTETS(...)                                                            \
    ((struct wire_bytes){.octets = (const unsigned char[]){__VA_ARGS__},       \
                         .n = sizeof((const unsigned char[]){__VA_ARGS__})})
#define CODES(...) OCTETS(__VA_ARGS__)
/* In an expectation: this string is not in the packet. */
#define NO_BYTES ((struct wire_bytes){{NULL}, SIZE_MAX})

/* wire_len gives the length of a slice in octets; 0 when it is unset. */
size_t wire_len(struct wire_bytes bytes);
/* wire_same compares two slices octet by octet; unset equals empty. */
bool wire_same(struct wire_bytes a, struct wire_bytes b);

/* A number that may be absent (type uint64_t): 0 is absent, OPT(v) is present
 * with value v. In an expectation 0 is "not checked", NONE is "must be absent".
 * Plain nonzero numbers are taken as OPT of them. */
#define OPT(v) (UINT64_C(1) << 32 | (uint32_t)(v))
#define NONE (UINT64_C(1) << 33)
/* wire_is_set tells whether the optional number is present. */
static inline bool wire_is_set(uint64_t opt)
{
    return opt != 0 && opt != NONE;
}
/* wire_value gives the value of an optional number; `absent` when not set. */
static inline uint32_t wire_value(uint64_t opt, uint32_t absent)
{
    return wire_is_set(opt) ? (uint32_t)opt : absent;
}

/* ---- properties (5.0 s2.2.2.2) ------------------------------------------- */

enum { WIRE_MAX_PAIRS = 8, WIRE_MAX_IDENTIFIERS = 8, WIRE_MAX_EXTRA = 4 };

/* A User Property; {"k", "v"}. n_name, n_value as in struct wire_bytes. */
struct wire_pair {
    const char *name, *value;
    size_t n_name, n_value;
};
/* A pair with embedded NULs. */
#define PAIR_BYTES(k, v)                                                       \
    ((struct wire_pair){k, v, sizeof(k) - 1, sizeof(v) - 1})

/* One more property for the writer, after all the others: a second copy, one
 * of an unknown identifier ... `number` serves the numeric types, `octets` the
 * strings and binary data, with `value` the second half of a pair. An unknown
 * identifier is written followed by `octets` as they stand. */
struct wire_extra {
    uint32_t id; /* enum wire_property; 0 ends the list */
    uint32_t number;
    struct wire_bytes octets, value;
};

/* All 27 properties; which are allowed where is the business of the reader. */
struct wire_props {
    uint64_t payload_format_indicator;
    uint64_t message_expiry_interval_s;
    struct wire_bytes content_type;
    struct wire_bytes response_topic;
    struct wire_bytes correlation_data;
    uint64_t subscription_identifier[WIRE_MAX_IDENTIFIERS];
    uint64_t session_expiry_interval_s;
    struct wire_bytes assigned_client_identifier;
    uint64_t server_keep_alive_s;
    struct wire_bytes authentication_method;
    struct wire_bytes authentication_data;
    uint64_t request_problem_information;
    uint64_t will_delay_interval_s;
    uint64_t request_response_information;
    struct wire_bytes response_information;
    struct wire_bytes server_reference;
    struct wire_bytes reason_string;
    uint64_t receive_maximum;
    uint64_t topic_alias_maximum;
    uint64_t topic_alias;
    uint64_t maximum_qos;
    uint64_t retain_available;
    struct wire_pair user_property[WIRE_MAX_PAIRS];
    uint64_t maximum_packet_size; /* octets */
    uint64_t wildcard_subscription_available;
    uint64_t subscription_identifier_available;
    uint64_t shared_subscription_available;

    /* Set by the reader: all User Properties and Subscription Identifiers
     * there are (the arrays keep the first ones; wire_next_user_property
     * reaches the rest), and the octets between the length and the payload. */
    size_t n_user_properties, n_subscription_identifiers;
    struct wire_bytes octets;

    /* For the expectation: there is no User Property at all. */
    bool no_user_property;

    /* For the writer: more properties; the list's octets instead of all of the
     * above; a Property Length that lies; that length in so many octets; no
     * property list at all, not even its length. */
    struct wire_extra extra[WIRE_MAX_EXTRA];
    struct wire_bytes raw;
    uint64_t raw_length;
    int raw_length_octets;
    bool raw_omit;
};

/* ---- packets ------------------------------------------------------------- */

enum { WIRE_MAX_FILTERS = 8, WIRE_MAX_RAW_FIELDS = 4 };

/* A Topic Filter in SUBSCRIBE or UNSUBSCRIBE: {"a/b", .qos = 1}. */
struct wire_filter {
    struct wire_bytes filter;
    uint8_t qos;
    uint8_t no_local;            /* 5.0 */
    uint8_t retain_as_published; /* 5.0 */
    uint8_t retain_handling;     /* 5.0 */
    uint64_t raw_options;        /* writer: this octet instead */
};

struct wire_will {
    struct wire_bytes topic; /* there is a Will if topic or payload is set */
    struct wire_bytes payload;
    uint8_t qos;
    uint8_t retain;
    struct wire_props props; /* 5.0 */
};

/* Writer: the field of that name (its name in C, "client_id", "topic",
 * "packet_id", "props" ...; nested "will.topic") becomes these octets: a length
 * that lies is {"topic", BYTES("\x00\xff" "abc")}, a missing field is
 * {"keep_alive_s", BYTES("")}. The Remaining Length follows. */
struct wire_raw_field {
    const char *name; /* NULL ends the list */
    struct wire_bytes octets;
};

struct wire_packet {
    enum wire_type type;       /* 0 means `hex`, octets as they stand */
    enum wire_version version; /* set by the reader: how it was read */

    /* CONNECT. name and level are set by the writer from the version if they
     * are unset, by the reader always. A user name or password is there if set.
     */
    struct wire_bytes protocol_name;
    uint64_t protocol_level;
    uint8_t clean_start; /* Clean Session of 3.1.1 */
    uint16_t keep_alive_s;
    struct wire_bytes client_id;
    struct wire_will will;
    struct wire_bytes user_name;
    struct wire_bytes password;

    /* CONNACK */
    uint8_t session_present;

    /* CONNACK, PUBACK, PUBREC, PUBREL, PUBCOMP, DISCONNECT, AUTH: the Reason
     * Code, or return code in 3.1.1; 0 where a short form leaves it out.
     * In an expectation also REASON_AT_LEAST(0x80). For SUBACK and UNSUBACK an
     * expected reason or reason_any is asked of each code. */
    uint32_t reason;
    struct wire_bytes reason_any; /* expectation: one of CODES(0x81, 0x82) */

    /* PUBLISH */
    struct wire_bytes topic;
    struct wire_bytes payload;
    uint8_t qos;
    uint8_t retain;
    uint8_t dup;

    /* all packets that have one */
    uint16_t packet_id;

    /* SUBSCRIBE, UNSUBSCRIBE. More than WIRE_MAX_FILTERS: the writer takes
     * filter_list[0..n_filter_list) after `filters`; the reader keeps the first
     * ones in `filters` and counts all in n_filters (see wire_filter_at). */
    struct wire_filter filters[WIRE_MAX_FILTERS];
    const struct wire_filter *filter_list;
    size_t n_filter_list;
    size_t n_filters;

    struct wire_bytes codes; /* SUBACK, UNSUBACK (5.0): one octet per filter */

    struct wire_props props; /* 5.0 */

    /* Set by the reader: the whole packet and its body (after the Remaining
     * Length), slices into what was read; first octet's low four bits. */
    struct wire_bytes octets, body;
    struct wire_bytes filter_octets; /* the filters as they stand */
    uint8_t flags;

    /* Writer's nonsense. */
    uint64_t raw_flags;             /* low four bits of the first octet */
    uint64_t raw_connect_flags;     /* set by the reader too: 0 to write anew */
    uint64_t raw_acknowledge_flags; /* the Connect Acknowledge Flags octet */
    uint64_t raw_length;            /* Remaining Length that lies */
    int raw_length_octets;          /* pad the Remaining Length: 2..5 octets */
    bool raw_full;                  /* Reason Code and property list even where
                                       the short form would do */
    size_t raw_cut;                 /* leave out the last octets (the Remaining
                                       Length still counts them) */
    struct wire_bytes raw_trailing; /* octets after the last field, counted */
    struct wire_bytes raw_body;     /* instead of all fields */
    struct wire_raw_field raw_fields[WIRE_MAX_RAW_FIELDS];
    const char *hex; /* type 0: "c0 00" */

    /* The arguments of the macro as written in the test. It tells an
     * expectation `.session_present = 0` from one that does not care, and
     * reports quote it. NULL if not made by a macro. */
    const char *said;
};

#define CONNECT(...)                                                           \
    (&(struct wire_packet){                                                    \
        .type = WIRE_CONNECT, .said = #__VA_ARGS__, __VA_ARGS__})
#define CONNACK(...)                                                           \
    (&(struct wire_packet){                                                    \
        .type = WIRE_CONNACK, .said = #__VA_ARGS__, __VA_ARGS__})
#define PUBLISH(...)                                                           \
    (&(struct wire_packet){                                                    \
        .type = WIRE_PUBLISH, .said = #__VA_ARGS__, __VA_ARGS__})
#define PUBACK(...)                                                            \
    (&(struct wire_packet){                                                    \
        .type = WIRE_PUBACK, .said = #__VA_ARGS__, __VA_ARGS__})
#define PUBREC(...)                                                            \
    (&(struct wire_packet){                                                    \
        .type = WIRE_PUBREC, .said = #__VA_ARGS__, __VA_ARGS__})
#define PUBREL(...)                                                            \
    (&(struct wire_packet){                                                    \
        .type = WIRE_PUBREL, .said = #__VA_ARGS__, __VA_ARGS__})
#define PUBCOMP(...)                                                           \
    (&(struct wire_packet){                                                    \
        .type = WIRE_PUBCOMP, .said = #__VA_ARGS__, __VA_ARGS__})
#define SUBSCRIBE(...)                                                         \
    (&(struct wire_packet){                                                    \
        .type = WIRE_SUBSCRIBE, .said = #__VA_ARGS__, __VA_ARGS__})
#define SUBACK(...)                                                            \
    (&(struct wire_packet){                                                    \
        .type = WIRE_SUBACK, .said = #__VA_ARGS__, __VA_ARGS__})
#define UNSUBSCRIBE(...)                                                       \
    (&(struct wire_packet){                                                    \
        .type = WIRE_UNSUBSCRIBE, .said = #__VA_ARGS__, __VA_ARGS__})
#define UNSUBACK(...)                                                          \
    (&(struct wire_packet){                                                    \
        .type = WIRE_UNSUBACK, .said = #__VA_ARGS__, __VA_ARGS__})
#define PINGREQ(...)                                                           \
    (&(struct wire_packet){                                                    \
        .type = WIRE_PINGREQ, .said = #__VA_ARGS__, __VA_ARGS__})
#define PINGRESP(...)                                                          \
    (&(struct wire_packet){                                                    \
        .type = WIRE_PINGRESP, .said = #__VA_ARGS__, __VA_ARGS__})
#define DISCONNECT(...)                                                        \
    (&(struct wire_packet){                                                    \
        .type = WIRE_DISCONNECT, .said = #__VA_ARGS__, __VA_ARGS__})
#define AUTH(...)                                                              \
    (&(struct wire_packet){                                                    \
        .type = WIRE_AUTH, .said = #__VA_ARGS__, __VA_ARGS__})
/* Octets as they stand; hex digits, spaces are skipped. */
#define RAW(digits) (&(struct wire_packet){.hex = (digits)})

/* For `.reason` of an expectation: this code or any above it. */
#define REASON_AT_LEAST(code) (0x100u | (uint32_t)(code))

/* ---- writing ------------------------------------------------------------- */

/* wire_write encodes a packet.
 *
 * version   3.1, 3.1.1 or 5.0; decides about the fields that are written
 * packet    what to write; unset numbers are written as 0, unset strings that
 *           the packet must have as empty; QoS 1-3 writes the packet_id,
 *           acknowledgements of 5.0 take their short form when they can
 * out, cap  where to; out may be NULL if cap is 0
 *
 * Returns the length of the packet in octets, also if it is more than cap (only
 * cap octets have then been written). Never refuses: what is asked is written.
 */
size_t wire_write(enum wire_version version, const struct wire_packet *packet,
                  void *out, size_t cap);

/* wire_hex turns hex digits into octets; what is no hex digit is skipped.
 *
 * Returns the number of octets (also beyond cap).
 */
size_t wire_hex(const char *digits, void *out, size_t cap);

/* ---- reading ------------------------------------------------------------- */

enum wire_status { WIRE_OK, WIRE_MORE, WIRE_BAD };

/* What is wrong with a packet. */
struct wire_fault {
    /* Statement that is broken, "5.0/MQTT-2.1.3-1"; "" if the rule has no id,
     * then the section stands in `rule`: "5.0 s2.2.2.2". Both static. */
    const char *statement;
    const char *rule;
    uint8_t reason;     /* the code 5.0 gives for it: 0x81, 0x82 ...; 0 if the
                           receiver need not treat it as an error */
    bool is_readable;   /* all fields could be read in spite of it */
    size_t at;          /* octet offset in the packet */
    char sentence[200]; /* what is wrong, with the octets */
};

/* wire_read decodes the first packet of a stream of octets, strictly.
 *
 * version   how to read it. CONNECT says its own version. WIRE_UNKNOWN reads
 *           the fixed header only of any other packet
 * from      who sent it: some rules bind one side; WIRE_ANYBODY skips those
 * octets, n what has arrived; borrowed, and by the slices of `packet` too
 * packet    out: what was read, with WIRE_BAD as far as it could be read
 * total     out: length of the packet in octets, 0 while it is not known (also
 *           with WIRE_BAD, if the Remaining Length cannot be read)
 * fault     out: what is wrong, set with WIRE_BAD; may be NULL
 *
 * Returns WIRE_OK; WIRE_MORE if the packet is not all there; WIRE_BAD.
 */
enum wire_status wire_read(enum wire_version version, enum wire_side from,
                           const void *octets, size_t n,
                           struct wire_packet *packet, size_t *total,
                           struct wire_fault *fault);

/* wire_frame tells how long the first packet is.
 *
 * Returns WIRE_OK with its length in total if it is all there; WIRE_MORE with
 * total 0 or above n; WIRE_BAD if the Remaining Length takes a fifth octet.
 */
enum wire_status wire_frame(const void *octets, size_t n, size_t *total);

/* wire_dup copies a packet that was read, with its octets, to the heap.
 * Returns one block for free(); the slices point into it. */
struct wire_packet *wire_dup(const struct wire_packet *packet);

/* wire_filter_at gives filter i of a (UN)SUBSCRIBE that was read or built.
 * Returns false if there are fewer. */
bool wire_filter_at(const struct wire_packet *packet, size_t i,
                    struct wire_filter *filter);
/* Where one stands in properties that may be repeated; {0} before the first.
 * There may be tens of thousands: each is found from where the last one was. */
struct wire_cursor {
    size_t i;               /* how many were given */
    size_t n_passed;        /* of them, how many the list was read past */
    struct wire_bytes rest; /* of the list; .text NULL before its start */
};
/* wire_next_user_property gives the next User Property of properties that were
 * read or built. Returns false behind the last one. */
bool wire_next_user_property(const struct wire_props *props,
                             struct wire_cursor *at, struct wire_bytes *name,
                             struct wire_bytes *value);
/* wire_next_subscription_identifier: likewise. */
bool wire_next_subscription_identifier(const struct wire_props *props,
                                       struct wire_cursor *at,
                                       uint32_t *identifier);

/* wire_utf8_is_valid: well-formed, no surrogates, no U+0000 (5.0 s1.5.4). */
bool wire_utf8_is_valid(struct wire_bytes text);

/* ---- comparing ----------------------------------------------------------- */

/* wire_match compares an expectation with a packet that was read.
 *
 * expected  fields that the macro names, or that are not zero, are compared;
 *           all others are free. Strings and the codes compare exactly. In
 *           `props` and `will`, members set are compared, and so are members
 *           named in the macro's text; NONE and NO_BYTES demand absence.
 *           user_property compares the whole list in order; filters likewise.
 * actual    a packet that was read
 * why, cap  out: first difference as a sentence by the standard's names
 *
 * Returns true if everything that is asked for is there.
 */
bool wire_match(const struct wire_packet *expected,
                const struct wire_packet *actual, char *why, size_t cap);

/* wire_says tells whether a macro's text names a field: `.name =`, or
 * `.props = {.name =` for "props.name". said may be NULL (false). */
bool wire_says(const char *said, const char *name);

/* ---- telling ------------------------------------------------------------- */

/* One field of a packet, by its name in the standard. */
struct wire_item {
    const char
        *group;   /* "", "Will", "Properties", "Will Properties", "Filter" */
    size_t index; /* of the filter, code or repeated property; from 0 */
    const char *name; /* "Packet Identifier", "Topic Name" ... */
    enum wire_kind {
        WIRE_NUMBER,
        WIRE_FLAG,
        WIRE_TEXT,
        WIRE_BINARY,
        WIRE_PAIR,
        WIRE_CODE
    } kind;
    uint64_t number;                 /* NUMBER, FLAG, CODE */
    struct wire_bytes octets, value; /* TEXT, BINARY, PAIR (name and value) */
    const char *meaning;             /* CODE: its name; else NULL */
};

/* wire_walk calls on_item for each field a packet has, in wire order. */
void wire_walk(const struct wire_packet *packet,
               void (*on_item)(void *user, const struct wire_item *item),
               void *user);

/* wire_describe writes a packet on one line: `PUBLISH QoS 1 Packet Identifier 7
 * Topic Name "a" Payload "x" (1 octet)`. Long values are cut with "...".
 *
 * Returns out, always NUL-terminated; cap at least 1.
 */
char *wire_describe(const struct wire_packet *packet, char *out, size_t cap);

#endif
