#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fuzz_scenes.py -- inputs for the fuzz targets that chance would not find.

usage: tools/fuzz_scenes.py [OUT]      OUT: fuzz/corpus

Each scene leads the broker of the session target to a place that needs a proof,
a full queue, a restart at the right moment or many of a kind; the file is named
after it. A few more are for the targets ws, store, roundtrip, props, config and
capture. Run from the top of the checkout. Layouts: fuzz/session.c, fuzz/support/world.c, and each target's header comment.
"""
import base64
import hashlib
import hmac
import os
import re
import struct
import sys

from captures import packet, read_pcap, string as text, varint

# Control octets of an item: whose it is, and what happens around it.
CUT_UP, CUT_OFF, SAME_TURN = 4, 8, 16
WAIT_1, WAIT_6, WAIT_90, WAIT_HOURS = 4 << 5, 5 << 5, 6 << 5, 7 << 5
# Settings, as world.c reads them: four octets.
STORE = (0, 0, 0, 0x80)  # no setting of the broker: the target is durable
SCRAM = (0, 0x80, 0, 0)
RESTART = b"\x0f\0"
ROOM = 3, RESTART  # a full disk has room again


def settings(*parts):
    result = [0, 0, 0, 0]
    for part in parts:
        result = [a | b for a, b in zip(result, part)]
    return bytes(result)


def props(*parts):
    body = b"".join(parts)
    return varint(len(body)) + body


def number(identifier, n, size=4):
    return bytes([identifier]) + n.to_bytes(size, "big")


def named(identifier, s):
    return bytes([identifier]) + text(s)


def expiry(s):
    return number(0x11, s)


def connect(who="c0", version=5, clean=False, properties=(), will=None, user=None, password=None, keep_alive=0):
    flags = 2 if clean else 0
    payload = text(who)
    if will:
        topic, qos, retain, will_properties = will
        flags |= 4 | qos << 3 | (0x20 if retain else 0)
        payload += (props(*will_properties) if version == 5 else b"") + text(topic) + text("gone")
    if user:
        flags |= 0x80
        payload += text(user)
    if password:
        flags |= 0x40
        payload += text(password)
    name = text("MQIsdp") if version == 3 else text("MQTT")
    body = name + bytes([version, flags]) + struct.pack(">H", keep_alive)
    return packet(0x10, body + (props(*properties) if version == 5 else b"") + payload)


def publish(topic, payload="x", qos=0, pid=1, retain=False, properties=(), version=5, dup=False):
    body = text(topic) + (struct.pack(">H", pid) if qos else b"")
    body += (props(*properties) if version == 5 else b"") + payload.encode()
    return packet(0x30 | qos << 1 | retain | (8 if dup else 0), body)


def subscribe(*filters, qos=1, pid=1, identifier=0, options=0, version=5):
    body = struct.pack(">H", pid)
    if version == 5:
        body += props(b"\x0b" + varint(identifier)) if identifier else props()
    return packet(0x82, body + b"".join(text(f) + bytes([qos | options]) for f in filters))


def unsubscribe(*filters, pid=1):
    return packet(0xA2, struct.pack(">H", pid) + props() + b"".join(map(text, filters)))


def ack(kind, pid):
    return packet({"puback": 0x40, "pubrec": 0x50, "pubrel": 0x62, "pubcomp": 0x70}[kind], struct.pack(">H", pid))


def disconnect(reason=0, properties=()):
    return packet(0xE0, bytes([reason]) + props(*properties)) if reason or properties else packet(0xE0)


def auth(reason, data):
    return packet(0xF0, bytes([reason]) + props(named(0x15, "SCRAM-SHA-256"), named(0x16, data)))


FIRST = b"n,,n=ann,r=abc"


def proof(password=b"secret"):
    """What ann answers to the challenge that follows from FIRST (chance.c)."""
    salt = bytes(16)
    nonce = b"abc" + base64.b64encode(b"\x5a" * 18)
    challenge = b"r=" + nonce + b",s=" + base64.b64encode(salt) + b",i=1"
    final = b"c=biws,r=" + nonce
    said = FIRST[3:] + b"," + challenge + b"," + final
    salted = hashlib.pbkdf2_hmac("sha256", password, salt, 1)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    signature = hmac.digest(hashlib.sha256(client_key).digest(), said, "sha256")
    return final + b",p=" + base64.b64encode(bytes(a ^ b for a, b in zip(client_key, signature)))


def scram(who="c0", data=FIRST, more=(), **rest):
    method = (named(0x15, "SCRAM-SHA-256"),) + ((named(0x16, data),) if data else ())
    return connect(who, properties=method + tuple(more), **rest)


LONG = (expiry(3600),)


def on_authentication():
    yield "scram-proved-twice", SCRAM, [
        (0, scram(more=LONG, will=("own/c0/w", 1, False, (number(0x18, 5),)))), (0, auth(0x18, proof())),
        (0, subscribe("#")), (0, auth(0x19, FIRST)), (0, auth(0x18, proof())), (0, publish("a/b", qos=1)),
        (0, publish("c", qos=1, pid=2))]
    yield "scram-in-three-steps", SCRAM, [(0, scram(data=None)), (0, auth(0x18, FIRST)), (0, auth(0x18, proof()))]
    yield "scram-not-proved", SCRAM, [(0, scram()), (0, auth(0x18, proof(b"wrong")))]
    yield "scram-other-steps", SCRAM, [
        (0, scram(data=None)), (0, auth(0x18, b"p=x,,n=ann,r=abc")), (1, scram()), (1, auth(0x19, FIRST)),
        (2, scram(data=b"n,,n=nobody,r=abc")), (2, auth(0x18, proof())), (3, scram()), (3, publish("a"))]
    yield "scram-proved-and-refused-as-another", SCRAM, [
        (0, scram()), (0, auth(0x18, proof())), (0, auth(0x19, FIRST.replace(b"ann", b"bob"))), (0, auth(0x18, proof()))]
    yield "scram-kept-by-the-store", (0, 0x80, 0, STORE[3]), [
        (0, scram(more=LONG, will=("own/c0/w", 1, True, (number(0x18, 9), number(2, 60))))), (0, auth(0x18, proof())),
        (0, subscribe("a/#", "$share/g/c")), (0, RESTART), (WAIT_90, connect("c1", clean=True)), (1, subscribe("#"))]
    yield "rights-at-each-step", (0x40, 0x80, 0, 0), [
        (0, connect("c2")), (0, publish("a/b", retain=True)), (1, connect("c0", user="ann", password="secret")),
        (1, subscribe("#", "$share/g/a/+")), (0, publish("a/b", qos=1)), (1, publish("a/b", qos=2)),
        (2, connect("c3", version=4, user="ann", password="secret", clean=True)),
        (2, publish("a/b", qos=1, version=4)), (3, connect("c4", version=4, user="ann", password="no", clean=True))]


def on_queues():
    offline = [(0, connect("c0", properties=LONG)), (0, subscribe("a/#")), (CUT_OFF, packet(0xC0)), (1, connect("c1"))]
    yield "queue-full-of-expired", (0, 2, 0, 0), offline + [
        (1, publish("a/1", qos=1, properties=(number(2, 1),))), (1, publish("a/2", qos=1, properties=(number(2, 1),))),
        (1 | WAIT_1, publish("a/3", qos=1)), (1, publish("a/4", qos=1)), (1, publish("a/5", qos=1)),
        (0, connect("c0", properties=LONG))]
    yield "queue-full-of-octets", (0, 0, 0, 8), offline + [(1, publish("a/1", "x" * 30, qos=1))] * 3
    yield "queue-expires-before-the-client-returns", STORE, offline + [
        (1, publish("a/1", qos=1, properties=(number(2, 1),))), (1, publish("a/2", qos=2, pid=2)),
        (1, ack("pubrel", 2)), (WAIT_6, connect("c0", properties=LONG)), (0, ack("pubrec", 1)), (0, ack("pubcomp", 1))]
    yield "output-full", (0, 4, 0, 0), [(1, connect("c1"))] + [
        (1, publish(f"r/{i}", "x" * 40, retain=True)) for i in range(8)] + [
        (0, connect("c0")), (0, subscribe("r/#", qos=0)), (0, subscribe("r/#", qos=1, pid=2))]
    yield "abandoned-queues", (0, 0, 0, 1), [
        (0, connect("c0", properties=LONG)), (0, subscribe("a/#", "a/+", "b", "$share/g/a/s", pid=1)),
        (1, connect("c1")), (1, publish("a/1", qos=1)), (1, publish("a/s", qos=1, pid=2)), (CUT_OFF, packet(0xC0)),
        (1, publish("a/1", qos=1)), (1, publish("a/s", qos=1, pid=2)), (1, publish("b", qos=1, pid=3)),
        (1 | WAIT_90, packet(0xC0)), (1, publish("a/1", qos=1)), (1, publish("a/s", qos=1)),
        (0, connect("c0", properties=LONG)), (0, ack("puback", 1)), (1, publish("a/1", qos=1))]
    yield "abandoned-queue-that-another-filter-wants", (0, 0, 0, 1), [
        (0, connect("c0", properties=LONG)), (0, subscribe("a/#", "#")), (1, connect("c1")),
        (1, publish("a/1", qos=1)), (CUT_OFF, packet(0xC0)), (1, publish("a/1", qos=1)), (1 | WAIT_90, packet(0xC0))]
    yield "abandoned-if-short", (0, 0, 0, 1), [
        (0, connect("c0", properties=LONG)), (0, subscribe("b/#", "b/+/c")), (CUT_OFF, packet(0xC0)), (1, connect("c1")),
        (1, publish("b/1", qos=1)), (1, publish("b/2/c", qos=1)), (1 | WAIT_90, packet(0xC0)), (1, publish("b/1", qos=1))]
    few = LONG + (number(0x21, 1, 2),)
    sent = [(0, connect("c0", properties=LONG)), (0, subscribe("a/#", qos=2)), (1, connect("c1"))] + [
        (1, publish(f"a/{i}", qos=q, pid=i)) for i, q in ((1, 1), (2, 1), (3, 2), (4, 2))] + [
        (1, ack("pubrel", 3)), (1, ack("pubrel", 4)), (CUT_OFF, packet(0xC0)), (0, connect("c0", properties=few))]
    yield "acknowledged-before-sent-again", STORE, sent + [(0, ack("puback", 2)), (0, ack("puback", 1))]
    yield "received-before-sent-again", STORE, sent + [
        (0, ack("puback", 1)), (0, ack("puback", 2)), (0, ack("pubrec", 4)), (0, ack("pubrec", 3)), (0, ack("pubcomp", 3))]
    yield "received-and-next-to-be-sent-again", STORE, sent + [
        (0, ack("pubrec", 3)), (0, ack("puback", 2)), (0, ack("pubrec", 4)), (0, ack("puback", 1))]
    yield "too-many-qos-2", (1, 0, 0, 0), [(0, connect("c0"))] + [(0, publish("a", qos=2, pid=i)) for i in (1, 2, 3)]
    yield "aliases-that-do-not-fit", (0, 0, 0, 0), [
        (0, connect("c0", properties=(number(0x22, 9, 2), number(0x27, 20)))), (0, subscribe("#", qos=0)),
        (1, connect("c1"))] + [(1, publish("abcdef", "x" * n)) for n in (8, 10, 6, 8, 12)]
    yield "alias-told-twice-and-wrong", (0, 0, 0, 0), [
        (0, connect("c0")), (0, publish("a", properties=(number(0x23, 9, 2),))),
        (0, publish("a", properties=(number(0x23, 9, 2),))), (0, publish("a/+", properties=(number(0x23, 9, 2),)))]


def on_sessions():
    yield "will-too-deep", (0, 16, 0, 0), [(0, connect("c0", will=("a/b/c/d", 0, False, ()))),
                                           (0, connect("c0")), (0, publish("a/b/c/d", qos=1))]
    yield "will-with-a-wild-response-topic", (0, 0, 0, 0), [(0, connect("c0", will=("a", 0, False, (named(8, "a/#"),))))]
    yield "connack-too-large", (0, 0, 0, 0), [(0, connect("c0", properties=(number(0x27, 3),) + LONG)), (1, connect("c0"))]
    yield "another-server", (0, 0, 0, 6), [(0, connect("c0")), (1, connect("c0", version=4, clean=True)),
                                          (2, connect("c0", version=3, clean=True))]
    yield "stored-session-becomes-short", STORE, [
        (0, connect("c0", properties=LONG)), (0, subscribe("a/#", "b", qos=2)), (0, publish("a/1", qos=2)),
        (1, connect("c0", properties=(expiry(0),))), (1, publish("a/2", qos=1)), (2, connect("c0", properties=LONG)),
        (2, subscribe("a/#")), (2, disconnect(properties=(expiry(9),))), (WAIT_90, connect("c0"))]
    yield "restart-in-the-midst", STORE, [
        (0, connect("c0", properties=LONG + (number(0x21, 3, 2),), will=("a/w", 1, False, (number(0x18, 90), number(2, 7))))),
        (0, subscribe("a/#", "$share/g/a/+", qos=2, identifier=7)), (1, connect("c1", properties=LONG)),
        (1, publish("a/1", qos=2, pid=5)), (1, publish("a/2", qos=1, pid=6, retain=True, properties=(number(2, 99),))),
        (0, ack("pubrec", 1)), (1, publish("a/3", qos=2, pid=7)), (1, RESTART), (0, connect("c0", properties=LONG)),
        (1, connect("c1", properties=LONG)), (1, publish("a/1", qos=2, pid=5, dup=True)), (1, ack("pubrel", 5)),
        (1, ack("pubrel", 7)), (0, ack("pubcomp", 1)), (0, RESTART), (WAIT_HOURS, connect("c0"))]
    yield "restart-after-the-end", STORE, [
        (0, connect("c0", properties=(expiry(5),))), (0, subscribe("a/#")), (1, connect("c1")),
        (1, publish("a/1", qos=1)), (1, publish("r", retain=True, properties=(number(2, 1),))), (CUT_OFF, packet(0xC0)),
        (WAIT_90 | 1, RESTART), (0, connect("c0"))]
    yield "disk-full", (0, 0, 0, 0x60 | STORE[3]), [
        (0, connect("c0", properties=LONG)), (0, subscribe("a/#")), (1, connect("c1", properties=LONG))] + [
        (1, publish(f"a/{i}", "x" * n, qos=1, pid=i, retain=True)) for i, n in ((1, 5), (2, 1100))] + [
        (1, connect("c1")), (0, connect("c0", properties=LONG)), (0, RESTART), (0, connect("c0", properties=LONG))]
    yield "disk-full-and-room-again", (0, 0, 0, 0x60 | STORE[3]), [
        (0, connect("c0", properties=LONG)), (0, subscribe("a/#", qos=2)), (0, publish("b", qos=2, pid=9)),
        (1, connect("c1", properties=LONG)), (1, publish("a/1", "x" * 1100, qos=1, retain=True)), ROOM,
        (WAIT_90, connect("c0", properties=LONG)), (0, publish("b", qos=2, pid=7)), (1, connect("c1", properties=LONG)),
        (1, publish("a/2", "y", qos=1, retain=True)), (WAIT_90 | 1, packet(0xC0)), (0, RESTART), (0, connect("c0", properties=LONG))]
    yield "share-of-3-becomes-one-of-5", (0, 0, 0, 0), [
        (0, connect("c0", version=4)), (0 | CUT_OFF, subscribe("$share/g/a", version=4)),
        (0, connect("c0", properties=LONG)), (0, subscribe("$share/g/a")), (1, connect("c1")), (1, publish("a", qos=1))]
    yield "share-handed-over", (0, 0, 0, 0), [
        (0, connect("c0")), (0, subscribe("$share/g/a", qos=2)), (1, connect("c1", properties=LONG)),
        (1, subscribe("$share/g/a", qos=1, identifier=3)), (2, connect("c2"))] + [
        (2, publish("a", qos=q, pid=i)) for i, q in ((1, 1), (2, 1), (3, 2), (4, 2))] + [
        (2, publish("a", qos=1, pid=5, retain=True)), (CUT_OFF, packet(0xC0)), (1 | CUT_OFF, packet(0xC0)),
        (2, publish("a", qos=1, pid=6))]
    yield "share-that-nobody-else-takes", (0, 0, 0, 0), [
        (0, connect("c0")), (0, subscribe("$share/g/a", qos=1)), (2, connect("c2")), (2, publish("a", qos=1)),
        (0, unsubscribe("$share/g/a")), (CUT_OFF, packet(0xC0))]
    yield "retained-with-and-without-rap", (0, 0, 0, 0), [
        (0, connect("c0")), (0, subscribe("a", options=8)), (0, subscribe("+", pid=2)), (0, subscribe("#", options=8, pid=3)),
        (0, subscribe("a/#", pid=4, identifier=5)), (1, connect("c1")), (1, publish("a", qos=1, retain=True))]
    yield "retained-expire-one-after-the-other", (0, 0, 0, 0), [(0, connect("c0"))] + [
        (0, publish(f"a/{s}", retain=True, properties=(number(2, s),))) for s in (3, 100, 50, 200)] + [
        (WAIT_6, packet(0xC0)), (WAIT_6, packet(0xC0)), (WAIT_90, packet(0xC0)), (0, subscribe("a/#"))]


def on_many():
    yield "many-sessions", (0, 0, 0, 0), [
        (i & 3 | CUT_OFF, connect(f"s{i}", version=4)) for i in range(70)] + [(0, connect("s3", version=4))]
    yield "many-subscriptions", (0, 0, 0, 0), [
        (0, connect("c0")), (0, subscribe(*[f"a/{i}" for i in range(70)], qos=1)), (1, connect("c1")),
        (1, subscribe(*[f"a/{i}" for i in range(70)], qos=1)), (0, publish("a/3")),
        (0, unsubscribe(*[f"a/{i}" for i in range(70)])), (1, unsubscribe("a/3"))]
    yield "many-topics-and-aliases", (0, 0, 0, 0), [(0, connect("c0"))] + [
        (0, publish(f"tt/{i}", retain=True)) for i in range(100)] + [
        (1, connect("c1", properties=(number(0x22, 200, 2),))), (1, subscribe("tt/#", qos=0)), (0, publish("tt/7"))]
    ids = [(1, publish("a", qos=1, pid=i)) for i in range(1, 41)]
    yield "many-under-way", (0, 0, 0, 0), [
        (0, connect("c0")), (0, subscribe("a")), (1, connect("c1"))] + ids + [(0, ack("puback", i)) for i in (1, 9, 40)]
    yield "identifiers-in-one-chain", (0, 0, 0, 0), [(0, connect("c0")), (0, subscribe("a")), (1, connect("c1"))] + [
        item for i in range(1, 18) for item in ((1, publish("a", qos=1, pid=i)),) + (
            ((0, ack("puback", i)),) if i not in (1, 9, 17) else ())] + [(0, ack("puback", 1)), (0, ack("puback", 17))]


def others():
    """Yields (target, name, octets)."""
    def records(octets):
        return b"".join(bytes([len(octets[i : i + 256]) - 1]) + octets[i : i + 256] for i in range(0, len(octets), 256))

    def frame(opcode, payload):
        size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack(">H", len(payload))
        return bytes([opcode]) + size + b"\0\0\0\0" + payload

    yield "ws", "a-request-without-end", b"\0" + records(b"GET / HTTP/1.1\r\nA: " + b"x" * 9000)
    yield "ws", "answered-at-large", b"\x21" + records(frame(0x82, b"abc"))
    for n in (125, 126, 127):
        yield "ws", f"answered-with-{n}", b"\1" + records(frame(0x82, b"x" * n))
    yield "ws", "taken-in-small-pieces", b"\x51" + records(frame(0x82, b"abcdefgh") + frame(0x89, b"ping") + frame(0x82, b"x" * 200))
    yield "ws", "close-with-a-bad-text", b"\1" + records(frame(0x88, b"\x03\xe8\xff\xfe"))
    yield "ws", "a-ping-too-long", b"\1" + records(frame(0x89, b"x" * 126))
    yield "ws", "a-ping-in-fragments", b"\1" + records(frame(0x09, b"x" * 100) + frame(0x80, b"x" * 100))
    for reason in (0, 1, 0x84, 0x87, 0xA2, 0xA0, 0x77):
        yield "roundtrip", f"connack-of-{reason:02x}-in-3", b"\2" + packet(0x20, b"\0\x80" + props(named(0x1F, bytes([reason]))))
    yield "roundtrip", "auth-in-3", b"\2" + auth(0x18, b"x")
    for kind in ("puback", "pubrec"):
        yield "roundtrip", f"{kind}-in-3", b"\2" + ack(kind, 7)
    # Minimising keeps one input of those that take the same way, right or wrong.
    for name, octets in (("a-surrogate", b"\xed\xa0\x80"), ("the-last-before-surrogates", b"\xed\x9f\xbf"),
                         ("overlong-in-2", b"\xc1\xbf"), ("overlong-in-3", b"\xe0\x9f\xbf"), ("overlong-in-4", b"\xf0\x8f\xbf\xbf"),
                         ("the-last-of-all", b"\xf4\x8f\xbf\xbf"), ("beyond-the-last", b"\xf4\x90\x80\x80"),
                         ("a-nul-among-eight", b"abcd\0fgh"), ("cut-in-the-middle", b"\xe2\x82")):
        yield "utf8", name, octets
    for name, lines in (("dollar-and-wildcards", "$SYS/x\n#\n$SYS/#\n+/x\n+/+"), ("empty-levels", "a//b\na/+/b\na/#\na//#\n+//+"),
                        ("parent-of-a-hash", "a\na/#\n#\n+/#\na/+"), ("shares", "a/b\n$share/g/a/+\n$share/g/#\n$share/g")):
        yield "topic", name, lines.encode()
    yield "props", "a-property-that-is-none", b"\1\3\x05\x00\x00"
    small = lambda n: bytes([n << 3])
    null, at = b"\7", lambda s: b"\4" + struct.pack(">h", s)
    blob = lambda s: bytes([len(s) << 3 | 6]) + s
    wide = lambda n: b"\3" + struct.pack(">h", n)
    message = blob(b"a/b") + blob(b"pay") + blob(b"\0") + small(1) + small(0) + null
    spoilt = blob(b"a/b") + blob(b"pay") + blob(b"\7\x7f") + small(1) + small(0) + null
    no_message = null * 6
    session = lambda n, more=no_message, ends=small(0): (
        b"\0" + small(n) + blob(b"c%d" % n) + null + wide(60) + ends + small(0) + small(0) + more)
    subscription = lambda s, f, shared=0: b"\1" + small(s) + blob(f) + small(0) + small(1) + small(0) * 3 + small(shared)
    delivery = lambda n, s, m, pid, state, qos=1: (
        b"\3" + small(n) + small(s) + small(m) + small(pid) + small(qos) + small(0) + small(state) + null + null)
    yield "store", "as-the-broker-writes-it", b"\0" + session(1) + session(2, message) + subscription(1, b"a/#") + b"\2" + small(
        1) + message + b"\2" + small(2) + spoilt + delivery(1, 1, 1, 1, 1) + delivery(2, 1, 1, 0, 0) + delivery(
        3, 1, 0, 2, 3) + b"\4" + small(1) + small(9) + b"\5" + message + b"\5" + spoilt.replace(b"a/b", b"a/c")
    yield "store", "ended-long-ago", b"\0" + session(1, ends=at(-9)) + session(2, message, at(-9)) + subscription(1, b"a")
    yield "store", "rows-of-nobody", b"\0" + subscription(9, b"a") + delivery(1, 9, 9, 1, 1) + b"\4" + small(9) + small(1)
    yield "store", "a-delivery-without-its-message", b"\0" + session(1) + delivery(1, 1, 9, 1, 1)
    yield "store", "a-session-below-zero", b"\0" + session(1) + b"\2" + small(1) + message + b"\0" + wide(-5) + blob(b"c9") + null + wide(60) + small(
        0) * 3 + no_message + b"\1" + wide(-5) + blob(b"a") + small(0) * 6 + b"\3" + small(1) + wide(-5) + small(
        1) * 3 + small(0) + small(1) + null + null + b"\4" + wide(-5) + small(3)
    yield "store", "a-share-and-a-filter-that-are-none", b"\0" + session(1) + subscription(1, b"$share/g", 1) + subscription(1, b"", 0)
    yield "store", "the-same-identifier-twice", b"\0" + session(1) + b"\2" + small(1) + message + delivery(
        1, 1, 1, 5, 1) + delivery(2, 1, 1, 5, 2, 2) + delivery(3, 1, 0, 5, 3, 2) + delivery(4, 1, 1, 0, 1)
    for bit, name in ((1, "of-another-version"), (2, "without-a-table"), (4, "no-database"), (8, "no-folder"), (16, "a-column-of-another-name")):
        yield "store", name, bytes([bit]) + session(1)


def on_configuration():
    """Yields (name, octets): every option there is, in each of its places."""
    with open("broker/config_options.c") as file:
        rows = re.findall(r'(BROKER|ACCEPTOR|SETTING)\(\w+, \w+,\s*"([\w-]+)",\s*(?:"([^"]*)"|NULL)', file.read())
    of = lambda place: [(name, value or "x") for where, name, value in rows if where == place]
    lines = lambda pairs: "".join(f"{name} = {value}\n" for name, value in pairs)
    url = lambda pairs, between: "tcp://127.0.0.1:0?" + between.join(f"{name}={value}" for name, value in pairs)
    yield "a-url-with-every-parameter", b"\1" + url(of("ACCEPTOR"), ";").encode()
    yield "a-url-with-parameters-behind-ampersands", b"\1" + url(of("ACCEPTOR")[:9], "&").encode()
    for name, value in (("below-their-least", -2), ("beyond-their-most", 1 << 40), ("that-are-no-numbers", "1x")):
        yield "a-file-of-numbers-" + name, b"\0[acceptor a]\n" + lines((n, value) for n, v in of("ACCEPTOR") if v.isdigit()).encode()
    yield "a-file-with-every-option", ("\0[broker]\n" + lines(of("BROKER")) + "[acceptor a]\nurl = tcp://h:1\n" + lines(
        of("ACCEPTOR")) + "[address-setting a.#]\n" + lines(of("SETTING")) + "[address-setting a.*.b]\nno-expiry = true\n").encode()
    yield "arguments-with-every-option", ("\2" + "\n".join(f"--{name}\n{value}" for name, value in of("BROKER")[:8])).encode()
    yield "a-syntax-of-its-own", b"\0[broker]\ndelimiter = /\nsingle-word = +\nany-words = #\n[address-setting a/+/#]\nexpiry-delay = 1\n"
    yield "a-syntax-that-collides", b"\0[broker]\ndelimiter = *\nsingle-word = *\n"
    for name, address in (("in-brackets", "[::1]:1"), ("without-a-port", "h"), ("with-a-port-too-large", "h:65536"), ("in-open-brackets", "[::1:1")):
        yield "an-address-" + name, f"\1tcp://{address}?sslEnabled=true".encode()


def pcapng(frames, keys=b""):
    """A capture as Wireshark saves it: the keys inside, times in nanoseconds."""
    def block(kind, body):
        body += bytes(-len(body) % 4)
        return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)

    octets = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    octets += block(1, struct.pack("<HHIHHB3xI", 1, 0, 0, 9, 1, 9, 0))
    if keys:
        octets += block(10, struct.pack("<II", 0x544C534B, len(keys)) + keys)
    for s, us, frame in frames:
        ns = (s * 1000000 + us) * 1000
        octets += block(6, struct.pack("<5I", 0, ns >> 32, ns & 0xFFFFFFFF, len(frame), len(frame)) + frame)
    return octets


def on_captures():
    """Yields (name, octets)."""
    classic = lambda frames: struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1) + b"".join(
        struct.pack("<IIII", s, us, len(frame), len(frame)) + frame for s, us, frame in frames)
    for name in ("ip-fragments", "out-of-order", "vlan-qinq", "websocket"):
        yield name, classic(read_pcap(name)[:28])
    with open("captures/tls.keys", "rb") as file:
        keys = file.read()
    frames = read_pcap("tls")
    yield "pcapng", pcapng(read_pcap("qos2")[:12])
    yield "tls-with-its-keys", pcapng(frames, keys)
    yield "tls-with-keys-of-another", pcapng(frames[:8], keys.replace(b"1", b"2"))
    yield "tls-without-keys", pcapng(frames[:8])


def write(out, target, name, octets):
    folder = os.path.join(out, target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(octets)


def main():
    out = sys.argv[1] if len(sys.argv) > 1 else "fuzz/corpus"
    for scenes in (on_authentication, on_queues, on_sessions, on_many):
        for name, chosen, items in scenes():
            octets = settings(chosen) + b"".join(bytes([control]) + octets for control, octets in items)
            write(out, "durable" if chosen[3] & STORE[3] else "session", name, octets)
    for target, name, octets in others():
        write(out, target, name, octets)
    for target, scenes in (("config", on_configuration), ("capture", on_captures)):
        for name, octets in scenes():
            write(out, target, name, octets)


if __name__ == "__main__":
    main()
