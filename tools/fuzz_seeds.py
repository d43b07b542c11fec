#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fuzz_seeds.py -- first inputs for the fuzz targets, from captures.

usage: tools/fuzz_seeds.py OUT CAPTURE.pcap ...

Reads plain pcap files (ours, and those that `mqttspec run --captures all`
writes), puts their TCP streams together, and writes OUT/TARGET/ for each target
in the layout its file describes. What has no packets gets a few texts.
"""
import hashlib
import os
import struct
import sys

LARGEST = 4096  # octets of an input
KEY = b"\0\4MQTT"


def frames(path):
    """Yields the frames of a pcap file; pcapng is left to the capture target."""
    data = open(path, "rb").read()
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\xa1\xb2\x3c\x4d": ">"}
    order = order.get(data[:4])
    at = 24
    while order and at + 16 <= len(data):
        size = struct.unpack(order + "I", data[at + 8 : at + 12])[0]
        yield data[at + 16 : at + 16 + size]
        at += 16 + size


def segments(path):
    """Yields (connection, from_client, octets) in the order of the capture."""
    seen = {}
    for frame in frames(path):
        at = 12
        while frame[at : at + 2] in (b"\x81\x00", b"\x88\xa8"):
            at += 4
        if frame[at : at + 2] != b"\x08\x00" or len(frame) < at + 42:
            continue
        ip = frame[at + 2 :]
        head, total = (ip[0] & 15) * 4, struct.unpack(">H", ip[2:4])[0]
        if ip[9] != 6 or total > len(ip):
            continue
        tcp = ip[head:total]
        source, target, sequence = struct.unpack(">HHI", tcp[:8])
        octets, flags = tcp[(tcp[12] >> 4) * 4 :], tcp[13]
        ends = ((ip[12:16], source), (ip[16:20], target))
        if flags & 2 and not flags & 16:
            seen[ends] = len(seen)
        is_client = ends in seen
        key = seen.get(ends, seen.get(ends[::-1]))
        if key is None or not octets:
            continue
        if (key, is_client, sequence) not in seen:
            seen[key, is_client, sequence] = 0
            yield key, is_client, octets


def packets(octets):
    """Cuts octets into MQTT packets; the rest is the last one."""
    at = 0
    while at + 2 <= len(octets):
        length = shift = 0
        end = at + 1
        while end < len(octets) and shift < 28:
            length |= (octets[end] & 0x7F) << shift
            end += 1
            shift += 7
            if not octets[end - 1] & 0x80:
                break
        yield octets[at : end + length]
        at = end + length


def write(out, target, octets):
    if octets and len(octets) <= LARGEST:
        folder = os.path.join(out, target)
        os.makedirs(folder, exist_ok=True)
        name = hashlib.sha1(octets).hexdigest()
        with open(os.path.join(folder, name), "wb") as file:
            file.write(octets)


def from_streams(out, path):
    session, observe, streams, version = b"\0" * 4, b"\1", {}, {}
    for connection, is_client, octets in segments(path):
        if is_client and octets[:1] == b"\x10" and KEY in octets[:12]:
            at = octets.index(KEY) + len(KEY)
            version[connection] = (octets[at : at + 1] or b"\4")[0]
        streams[connection, is_client] = streams.get((connection, is_client), b"") + octets
        for packet in packets(octets):
            place = connection & 3
            observe += bytes([place | (0 if is_client else 4)]) + packet
            if is_client:
                session += bytes([place]) + packet
    write(out, "session", session)
    # The same with a store, a restart, and the first half again.
    half = session[4 : 4 + LARGEST // 4]
    if len(session) < LARGEST // 2:
        write(out, "durable", b"\0\0\0\1" + session[4:] + b"\0\x0f\0" + half)
    write(out, "observe", observe)
    for (connection, is_client), octets in streams.items():
        if octets[:4] in (b"GET ", b"HTTP"):
            records = b"".join(b"\xff" + octets[i : i + 256] for i in range(0, len(octets), 256))
            write(out, "ws", b"\0" + records)
            write(out, "ws", b"\1" + records[records.find(b"\r\n\r\n") + 4 :])
            continue
        first = bytes([(version.get(connection, 3) - 3) % 3])
        for target in ("decode", "differential", "roundtrip"):
            write(out, target, first + octets[: LARGEST - 1])
        write(out, "wire", bytes([first[0] + (3 if is_client else 6)]) + octets[: LARGEST - 1])
        write(out, "frame", b"\0\x80" + octets[: LARGEST - 2])


TEXTS = {
    "topic": [b"a/b\na/b\n+/b\na/#\n#\n$share/g/a/+\n+/+", b"$SYS/x\n#\n$SYS/#\n+/x", b"/\n+/+\n/+\n#\n+",
              b"a//b\na/+/b\na/#\na//#", b"a\na/#\n$share/g/#\n\\.\n*.#"],
    "utf8": [b"plain", "\u00e9\u20ac\U0001f600".encode(), b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"a\0b"],
    "props": [b"\1\5\x11\0\0\0\x0a", b"\3\x0e\x01\1\x02\0\0\0\5\x26\0\1k\0\1v\x23\0\1\x0b\1",
              b"\2\x0b\x21\0\2\x22\0\2\x27\0\0\1\0", b"\0\5\x18\0\0\0\1", b"\x0e\6\x1f\0\3abc",
              b"\x0f\x0b\x15\0\1S\x16\0\3abc\x1f\0\1r"],
    "config": [b"\0[broker]\nlog-level = debug\nmax-connections = 5\n[acceptor a]\nurl = tcp://h:1\nprotocols = MQTT-5.0\n"
               b"[address-setting a.#]\nexpiry-delay = 10\n", b"\1tcp://127.0.0.1:0?receiveMaximum=3;protocols=MQTT-3.1.1",
               b"\1tcp://[::1]:1?sslEnabled=true&keyStorePath=x", b"\2--acceptor\ntcp://h:1\n--trace\n--log-level\ninfo"],
    "files": [b"\1topic read public/#\nuser ann\ntopic readwrite house/#\ntopic deny house/safe\nclient s-*\n"
              b"pattern write s/%c/%u/#\n",
              b"\0# users\nann:$pbkdf2-sha256$1$" + b"0" * 32 + b"$" + b"a0" * 32 + b"\n"],
    "ws": [b"\1\x0f\x82\x89abcd\x71\x62\x63\x68\x60\x61\x73\x64\x65", b"\1\x06\x89\x80abcd", b"\1\x07\x88\x82abcd\x62\x8a",
           b"\1\x07\x81\x81abcdz", b"\0\x30GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"],
}


def main():
    out, paths = sys.argv[1], sys.argv[2:]
    for target, texts in TEXTS.items():
        for text in texts:
            write(out, target, text)
    for path in paths:
        from_streams(out, path)
        write(out, "capture", open(path, "rb").read()[:LARGEST])


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main()
