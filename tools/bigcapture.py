#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bigcapture.py -- writes a capture of 100,000 frames for measurements.

usage: tools/bigcapture.py FILE [FRAMES]

30 publishers and 6 subscribers on one broker, half of them 3.1.1 and half 5.0;
QoS 0, 1 and 2 in the mix 2:3:1; each message goes to the two subscribers of
its publisher's group. TCP headers are whole, checksums included; the order of
frames is what a busy broker makes. The same octets every time.
"""
import random
import struct
import sys

sys.path.insert(0, __file__.rsplit("/", 1)[0])
from captures import ack, connect, packet, props, publish, subscribe  # noqa: E402


def fold(octets):
    if len(octets) % 2:
        octets += b"\0"
    total = sum(struct.unpack(">%dH" % (len(octets) // 2), octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Wire:
    def __init__(self, file, limit):
        self.file, self.n, self.limit, self.us = file, 0, limit, 0
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))

    def frame(self, conn, from_client, flags, payload=b""):
        if self.n >= self.limit:
            raise EOFError
        me, other = (0, 1) if from_client else (1, 0)
        ends = ((b"\x0a\0\0\1", conn.port), (b"\x0a\0\0\2", 1883))
        tcp = struct.pack(">HHIIBBHHH", ends[me][1], ends[other][1], conn.seq[me],
                          conn.seq[other] if flags & 16 else 0, 0x50, flags, 65535, 0, 0)
        pseudo = ends[me][0] + ends[other][0] + struct.pack(">BBH", 0, 6, 20 + len(payload))
        check = fold(pseudo + tcp + payload)
        tcp = tcp[:16] + struct.pack(">H", check) + tcp[18:]
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(payload), self.n & 0xFFFF,
                         0x4000, 64, 6, 0) + ends[me][0] + ends[other][0]
        ip = ip[:10] + struct.pack(">H", fold(ip)) + ip[12:]
        octets = b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + ip + tcp + payload
        self.us += 12
        self.file.write(struct.pack("<IIII", 1700000000 + self.us // 1000000,
                                    self.us % 1000000, len(octets), len(octets)) + octets)
        self.n += 1
        conn.seq[me] = (conn.seq[me] + len(payload) + (1 if flags & 2 else 0)) & 0xFFFFFFFF


class Conn:
    def __init__(self, wire, number, level):
        self.wire, self.level, self.port = wire, level, 30000 + number
        self.seq = [number * 70001, number * 90001]
        self.pid = 0
        wire.frame(self, True, 2)
        wire.frame(self, False, 18)
        wire.frame(self, True, 16)
        self.up(connect("client-%d" % number, level))
        self.down(packet(0x20, b"\0\0" + (props() if level == 5 else b"")))

    def up(self, octets):
        self.wire.frame(self, True, 24, octets)

    def down(self, octets):
        self.wire.frame(self, False, 24, octets)

    def next_pid(self):
        self.pid = self.pid % 65535 + 1
        return self.pid

    def list(self):
        return props() if self.level == 5 else b""


def main():
    limit = int(sys.argv[2]) if len(sys.argv) > 2 else 100000
    rng = random.Random(5)
    with open(sys.argv[1], "wb") as file:
        wire = Wire(file, limit)
        try:
            play(wire, rng)
        except EOFError:
            pass


def play(wire, rng):
    subscribers = [Conn(wire, n, 4 + n % 2) for n in range(6)]
    for n, s in enumerate(subscribers):
        s.up(subscribe(s.next_pid(), ("group/%d/#" % (n // 2), 2), properties=s.list()))
        s.down(packet(0x90, struct.pack(">H", s.pid) + s.list() + b"\2"))
    publishers = [Conn(wire, 10 + n, 4 + n % 2) for n in range(30)]
    while True:
        p = rng.choice(publishers)
        qos = rng.choice((0, 0, 1, 1, 1, 2))
        group = publishers.index(p) % 3
        topic = "group/%d/sensor/%d" % (group, p.port)
        message = bytes(rng.randrange(32, 127) for _ in range(rng.randrange(20, 120)))
        pid = p.next_pid() if qos else 0
        p.up(publish(topic, message, qos, pid, properties=p.list()))
        if qos == 1:
            p.down(ack(0x40, pid))
        elif qos == 2:
            p.down(ack(0x50, pid))
            p.up(ack(0x62, pid))
            p.down(ack(0x70, pid))
        for s in subscribers[2 * group:2 * group + 2]:
            pid = s.next_pid() if qos else 0
            s.down(publish(topic, message, qos, pid, properties=s.list()))
            if qos == 1:
                s.up(ack(0x40, pid))
            elif qos == 2:
                s.up(ack(0x50, pid))
                s.down(ack(0x62, pid))
                s.up(ack(0x70, pid))


if __name__ == "__main__":
    main()
