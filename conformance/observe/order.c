/* SPDX-License-Identifier: Apache-2.0 */
/* order.c -- what the observer asks of every packet: its place and its size.
 *
 * Spec: 5.0 s3.1.0, s3.2.0, s3.14, s3.1.2.11; 3.1.1 s3.1, s3.2, s3.14.
 */
#include "observe/state.h"

/* The packets that come first and last. Returns false if it is to be ignored.
 */
static bool judge_client_order(struct observe *o, const struct wire_packet *p)
{
    static const struct observe_cite first = {"3.1.1/MQTT-3.1.0-1",
                                              "5.0/MQTT-3.1.0-1"};
    static const struct observe_cite twice = {"3.1.1/MQTT-3.1.0-2",
                                              "5.0/MQTT-3.1.0-2"};
    static const struct observe_cite last = {"3.1.1/MQTT-3.14.4-2",
                                             "5.0/MQTT-3.14.4-1"};
    static const struct observe_cite auth_only = {NULL, "5.0/MQTT-3.1.2-30"};

    if (o->sides[WIRE_CLIENT].has_disconnected) {
        observe_blame(o, WIRE_CLIENT, &last, MUST, "%s after DISCONNECT",
                      wire_type_name(p->type));
        observe_taint(o);
        return false;
    }
    if (o->phase == AWAIT_CONNECT && p->type != WIRE_CONNECT) {
        observe_blame(o, WIRE_CLIENT, &first, MUST,
                      "the first packet is not CONNECT");
        observe_taint(o);
        return false;
    }
    if (o->phase != AWAIT_CONNECT && p->type == WIRE_CONNECT) {
        observe_blame(o, WIRE_CLIENT, &twice, MUST, "a second CONNECT");
        observe_taint(o);
        return false;
    }
    if (o->phase == AWAIT_CONNACK && o->connect &&
        o->connect->props.authentication_method.text && p->type != WIRE_AUTH &&
        p->type != WIRE_DISCONNECT) {
        observe_blame(o, WIRE_CLIENT, &auth_only, MUST,
                      "%s before CONNACK, but an Authentication Method was "
                      "named",
                      wire_type_name(p->type));
        observe_taint(o);
    }
    return true;
}

static bool judge_server_order(struct observe *o, const struct wire_packet *p)
{
    static const struct observe_cite early = {"3.1.1/MQTT-3.2.0-1",
                                              "5.0/MQTT-3.2.0-1"};
    static const struct observe_cite early_disconnect = {NULL,
                                                         "5.0/MQTT-3.14.0-1"};
    static const struct observe_cite twice = {"3.1.1 s3.2", "5.0/MQTT-3.2.0-2"};
    static const struct observe_cite refused = {"3.1.1/MQTT-3.2.2-5",
                                                "5.0/MQTT-3.2.2-7"};
    static const struct observe_cite last = {NULL, "5.0/MQTT-3.14.4-1"};
    const char *name = wire_type_name(p->type);

    if (o->sides[WIRE_SERVER].has_disconnected) {
        observe_blame(o, WIRE_SERVER, &last, MUST, "%s after DISCONNECT", name);
        return false;
    }
    if (o->phase == REFUSED) {
        observe_blame(o, WIRE_SERVER,
                      p->type == WIRE_DISCONNECT ? &early_disconnect : &refused,
                      MUST, "%s after a CONNACK that refuses", name);
        return false;
    }
    if (o->phase <= AWAIT_CONNACK && p->type != WIRE_CONNACK &&
        !(p->type == WIRE_AUTH && o->version == WIRE_5_0)) {
        observe_blame(o, WIRE_SERVER,
                      p->type == WIRE_DISCONNECT && o->version == WIRE_5_0
                          ? &early_disconnect
                          : &early,
                      MUST, "%s before CONNACK", name);
        return false;
    }
    if (o->phase == RUNNING && p->type == WIRE_CONNACK && !o->is_midstream) {
        observe_blame(o, WIRE_SERVER, &twice, MUST, "a second CONNACK");
        return false;
    }
    return true;
}

static void judge_size(struct observe *o, enum wire_side from,
                       const struct wire_packet *p)
{
    static const struct observe_cite by_server = {NULL, "5.0/MQTT-3.1.2-24"};
    static const struct observe_cite by_client = {NULL, "5.0/MQTT-3.2.2-15"};
    const struct sender *sender = &o->sides[from];
    const size_t n = p->octets.n;

    if (!sender->packet_max || n <= sender->packet_max)
        return;
    observe_blame(o, from, from == WIRE_SERVER ? &by_server : &by_client, MUST,
                  "the %s has %zu octets, the Maximum Packet Size is %u",
                  wire_type_name(p->type), n, (unsigned)sender->packet_max);
    if (from == WIRE_CLIENT)
        observe_taint(o);
}

static void judge_problem_information(struct observe *o,
                                      const struct wire_packet *p)
{
    static const struct observe_cite cite = {NULL, "5.0/MQTT-3.1.2-29"};

    if (!o->is_connect_taken || p->type == WIRE_PUBLISH ||
        p->type == WIRE_CONNACK || p->type == WIRE_DISCONNECT ||
        wire_value(o->connect->props.request_problem_information, 1))
        return;
    if (p->props.reason_string.text || p->props.n_user_properties)
        observe_blame(o, WIRE_SERVER, &cite, MUST,
                      "%s has a Reason String or User Property, but Request "
                      "Problem Information is 0",
                      wire_type_name(p->type));
}

bool observe_order(struct observe *o, enum wire_side from,
                   const struct wire_packet *p)
{
    const bool is_client = from == WIRE_CLIENT;

    if (!o->is_midstream &&
        !(is_client ? judge_client_order(o, p) : judge_server_order(o, p)))
        return false;
    judge_size(o, from, p);
    if (!is_client)
        judge_problem_information(o, p);
    return true;
}
