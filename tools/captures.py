#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""captures.py -- makes the captures of captures/.

usage: tools/captures.py [NAME ...]      all of them when none is named

Plays small scenes with raw packets against the reference broker (and
mosquitto, for one), while tcpdump listens on the loopback interface; then
bends some of the results: other orders, fragments, tags. Needs root or the
right to capture, tcpdump, mosquitto and its clients, openssl. Python's own
library is enough for all else.
"""
import base64
import hashlib
import hmac
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUT = os.path.join(TOP, "captures")
BROKER = os.path.join(TOP, "build/bin/mqttspec-broker")


# ---- packets ---------------------------------------------------------------

def string(text):
    octets = text.encode() if isinstance(text, str) else text
    return struct.pack(">H", len(octets)) + octets


def varint(n):
    out = b""
    while True:
        out += bytes([n & 127 | (128 if n > 127 else 0)])
        n >>= 7
        if not n:
            return out


def packet(first, body=b""):
    return bytes([first]) + varint(len(body)) + body


def props(*parts):
    return varint(sum(map(len, parts))) + b"".join(parts)


def connect(client_id, level=4, clean=True, keep_alive=60, will=None, user=None,
            properties=None):
    flags = (2 if clean else 0)
    payload = string(client_id)
    if will:
        topic, message, qos = will
        flags |= 4 | qos << 3
        payload += (props() if level == 5 else b"") + string(topic) + string(message)
    if user:
        flags |= 0xC0
        payload += string(user[0]) + string(user[1])
    body = string("MQTT") + bytes([level, flags]) + struct.pack(">H", keep_alive)
    if level == 5:
        body += properties if properties is not None else props()
    return packet(0x10, body + payload)


def publish(topic, message, qos=0, pid=0, retain=False, properties=None, dup=False):
    body = string(topic) + (struct.pack(">H", pid) if qos else b"")
    body += properties or b""
    message = message.encode() if isinstance(message, str) else message
    return packet(0x30 | qos << 1 | retain | dup << 3, body + message)


def subscribe(pid, *filters, properties=b""):
    body = struct.pack(">H", pid) + properties
    for text, options in filters:
        body += string(text) + bytes([options])
    return packet(0x82, body)


def ack(first, pid):
    return packet(first, struct.pack(">H", pid))


DISCONNECT = b"\xe0\x00"
PINGREQ = b"\xc0\x00"


# ---- a speaker -------------------------------------------------------------

class Speaker:
    """A connection that sends octets and waits for whole packets."""

    def __init__(self, port, wrap=None):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if wrap:
            self.socket = wrap(self.socket)
        self.socket.settimeout(10)
        self.octets = b""

    def send(self, *packets):
        self.socket.sendall(b"".join(packets))

    def fill(self):
        more = self.socket.recv(65536)
        if not more:
            raise EOFError
        self.octets += more

    def read(self):
        """The next whole packet."""
        while True:
            n, shift = 0, 0
            for at in range(1, len(self.octets)):
                n |= (self.octets[at] & 127) << shift
                shift += 7
                if not self.octets[at] & 128:
                    if len(self.octets) >= at + 1 + n:
                        whole = self.octets[:at + 1 + n]
                        self.octets = self.octets[at + 1 + n:]
                        return whole
                    break
            self.fill()

    def expect(self, *types):
        packets = [self.read() for _ in types]
        got = [p[0] >> 4 for p in packets]
        assert sorted(got) == sorted(types), (got, types)
        return packets if len(packets) > 1 else packets[0]

    def close(self, bye=True):
        if bye:
            self.send(DISCONNECT)
        try:
            while True:
                self.fill()
        except (EOFError, OSError):
            pass
        self.socket.close()

    def vanish(self):
        self.socket.close()


class WebSpeaker(Speaker):
    """The same inside WebSocket frames."""

    def __init__(self, port):
        super().__init__(port)
        self.raw = b""
        self.socket.sendall(
            b"GET /mqtt HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Key: %s\r\n"
            b"Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Version: 13\r\n\r\n"
            % (port, base64.b64encode(b"mqttspec-capture")))
        while b"\r\n\r\n" not in self.raw:
            self.raw += self.socket.recv(4096)
        head, self.raw = self.raw.split(b"\r\n\r\n", 1)
        assert b" 101 " in head.split(b"\r\n")[0] + b" ", head

    def frame(self, octets, first=0x82):
        mask = b"\x37\xfa\x21\x3d"
        n = len(octets)
        head = bytes([first, 0x80 | n]) if n < 126 else \
            bytes([first, 0x80 | 126]) + struct.pack(">H", n)
        return head + mask + bytes(o ^ mask[i % 4] for i, o in enumerate(octets))

    def send(self, *packets):
        octets = b"".join(packets)
        if len(octets) > 40:  # a message in two fragments: RFC 6455 s5.4
            self.socket.sendall(self.frame(octets[:20], 0x02) +
                                self.frame(octets[20:], 0x80))
        else:
            self.socket.sendall(self.frame(octets))

    def fill(self):
        while True:
            if len(self.raw) >= 2:
                n, at = self.raw[1] & 127, 2
                if n == 126 and len(self.raw) >= 4:
                    n, at = struct.unpack(">H", self.raw[2:4])[0], 4
                if len(self.raw) >= at + n:
                    if self.raw[0] & 15 < 8:
                        self.octets += self.raw[at:at + n]
                    closing = self.raw[0] & 15 == 8
                    self.raw = self.raw[at + n:]
                    if closing:
                        raise EOFError
                    return
            more = self.socket.recv(65536)
            if not more:
                raise EOFError
            self.raw += more


# ---- the stage -------------------------------------------------------------

def start_broker(acceptor="", *options):
    url = "tcp://127.0.0.1:0" + ("?" + acceptor if acceptor else "")
    child = subprocess.Popen([BROKER, "--acceptor", url, *options],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             text=True)
    for line in child.stdout:
        if "listening on" in line:
            return child, int(line.rsplit(":", 1)[1])
    raise SystemExit("the broker did not start")


def start_mosquitto():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    child = subprocess.Popen(["mosquitto", "-p", str(port)],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return child, port
        except OSError:
            time.sleep(0.05)
    raise SystemExit("mosquitto did not start")


class Recording:
    """tcpdump on the loopback interface while a scene is played."""

    def __init__(self, name, port):
        self.path = os.path.join(OUT, name + ".pcap")
        self.child = subprocess.Popen(
            ["tcpdump", "-i", "lo", "--immediate-mode", "-U", "-Z", "root",
             "-w", self.path, "tcp", "port", str(port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.child.stderr.readline()  # "listening on lo ..."
        time.sleep(0.3)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        time.sleep(0.4)
        self.child.send_signal(signal.SIGINT)
        self.child.wait()


def on_broker(name, scene, acceptor="", options=()):
    child, port = start_broker(acceptor, *options)
    try:
        with Recording(name, port):
            scene(port)
    finally:
        child.terminate()
        child.wait()


# ---- scenes ----------------------------------------------------------------

def qos2(port):
    watcher = Speaker(port)
    watcher.send(connect("watcher"))
    watcher.expect(2)
    watcher.send(subscribe(10, ("plant/+/state", 2), ("plant/note", 1)))
    watcher.expect(9)
    pump = Speaker(port)
    pump.send(connect("pump"))
    pump.expect(2)
    for i in range(1, 4):
        pump.send(publish("plant/pump/state", "run %d" % i, 2, i))
        pump.expect(5)
        pump.send(ack(0x62, i))
        pump.expect(7)
        delivery = watcher.read()
        pid = struct.unpack(">H", delivery[-7:-5])[0]
        watcher.send(ack(0x50, pid))
        watcher.expect(6)
        watcher.send(ack(0x70, pid))
    pump.send(publish("plant/note", "at least once", 1, 9))
    pump.expect(4)
    delivery = watcher.read()
    watcher.send(ack(0x40, struct.unpack(">H", delivery[14:16])[0]))
    watcher.send(PINGREQ)
    watcher.expect(13)
    pump.close()
    watcher.close()


def properties5(port):
    asker = Speaker(port)
    asker.send(connect("", 5, properties=props(b"\x22\0\5")))
    asker.expect(2)
    asker.send(subscribe(1, ("answers/#", 1), properties=props(b"\x0b\x2a")))
    asker.expect(9)
    worker = Speaker(port)
    worker.send(connect("worker", 5))
    worker.expect(2)
    worker.send(subscribe(7, ("questions", 1 | 4), properties=props()))
    worker.expect(9)
    asker.send(publish("questions", "what time is it?", 1, 3, properties=props(
        b"\x01\x01", b"\x08" + string("answers/time"), b"\x09" + string("no 7"),
        b"\x03" + string("text/plain"), b"\x26" + string("lang") + string("en"),
        b"\x26" + string("lang") + string("en-GB"), b"\x23\0\1")))
    asker.expect(4)
    delivery = worker.read()
    pid = struct.unpack(">H", delivery[13:15])[0]
    worker.send(ack(0x40, pid))
    worker.send(publish("answers/time", "ten past nine", 0, properties=props(
        b"\x09" + string("no 7"), b"\x26" + string("from") + string("worker"))))
    asker.expect(3)
    # the alias alone stands for the topic now; the worker hears of it
    asker.send(publish("", "thank you", 1, 4, properties=props(b"\x23\0\1")))
    asker.expect(4)
    delivery = worker.read()
    worker.send(ack(0x40, struct.unpack(">H", delivery[13:15])[0]))
    worker.send(packet(0xA2, struct.pack(">H", 8) + props() + string("questions")))
    worker.expect(11)
    worker.close()
    asker.close()


def pipeline(port):
    """Twenty messages sent in one go: deliveries and acknowledgements queue."""
    watcher = Speaker(port)
    watcher.send(connect("watcher"))
    watcher.expect(2)
    watcher.send(subscribe(1, ("line/#", 0)))
    watcher.expect(9)
    pump = Speaker(port)
    pump.send(connect("pump"))
    pump.expect(2)
    pump.send(*[publish("line/1", "piece %02d" % i, i % 2, i) for i in range(1, 27)])
    pump.expect(*[4] * 13)
    watcher.expect(*[3] * 26)
    pump.close()
    watcher.close()


def shared(port):
    members = [Speaker(port) for _ in range(2)]
    for i, member in enumerate(members):
        member.send(connect("member-%d" % i, 5))
        member.expect(2)
        member.send(subscribe(1, ("$share/crew/jobs/#", 0), properties=props()))
        member.expect(9)
    boss = Speaker(port)
    boss.send(connect("boss", 5))
    boss.expect(2)
    for i in range(6):
        boss.send(publish("jobs/%d" % i, "do it", 1, i + 1, properties=props()))
        boss.expect(4)
    for member in members:
        member.send(PINGREQ)
        while member.read()[0] >> 4 != 13:
            pass
    boss.close()
    for member in members:
        member.close()


def will_keep_alive(port):
    watcher = Speaker(port)
    watcher.send(connect("watcher"))
    watcher.expect(2)
    watcher.send(subscribe(1, ("status/#", 1)))
    watcher.expect(9)
    pump = Speaker(port)
    pump.send(connect("pump", keep_alive=1, will=("status/pump", "gone", 1)))
    pump.expect(2)
    pump.send(publish("status/pump", "here", 0))
    watcher.expect(3)
    # silence: after one and a half seconds the server must act
    delivery = watcher.read()
    watcher.send(ack(0x40, struct.unpack(">H", delivery[15:17])[0]))
    pump.close(bye=False)
    watcher.close()


def session(port):
    reader = Speaker(port)
    reader.send(connect("reader", clean=False))
    reader.expect(2)
    reader.send(subscribe(5, ("news", 1)))
    reader.expect(9)
    reader.vanish()  # without a DISCONNECT; its session stays
    time.sleep(0.2)
    writer = Speaker(port)
    writer.send(connect("writer"))
    writer.expect(2)
    for i in range(1, 4):
        writer.send(publish("news", "item %d" % i, 1, i))
        writer.expect(4)
    writer.send(publish("news/today", "kept", 0, retain=True))
    writer.close()
    reader = Speaker(port)
    reader.send(connect("reader", clean=False))
    got = [reader.read() for _ in range(4)]
    assert got[0][:4] == b"\x20\x02\x01\x00", got[0]
    for delivery in got[1:]:
        reader.send(ack(0x40, struct.unpack(">H", delivery[8:10])[0]))
    reader.send(subscribe(6, ("news/#", 0)))
    reader.expect(9, 3)
    reader.close()


def small_talk(speaker_class):
    def scene(port):
        speaker = speaker_class(port)
        speaker.send(connect("browser", 5))
        speaker.expect(2)
        speaker.send(subscribe(1, ("chat/#", 1), properties=props()))
        speaker.expect(9)
        speaker.send(publish("chat/room", "a message longer than one frame can "
                             "be bothered with", 1, 2, properties=props()))
        packets = speaker.expect(4, 3)
        delivery = [p for p in packets if p[0] >> 4 == 3][0]
        speaker.send(ack(0x40, struct.unpack(">H", delivery[13:15])[0]))
        speaker.send(PINGREQ)
        speaker.expect(13)
        speaker.close()
    return scene


def tls(name):
    with tempfile.TemporaryDirectory() as folder:
        key, cert = folder + "/key.pem", folder + "/cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
                        "-keyout", key, "-out", cert, "-days", "1", "-subj",
                        "/CN=localhost"], check=True, stderr=subprocess.DEVNULL)
        os.chmod(key, 0o600)
        log = os.path.join(OUT, name + ".keys")
        if os.path.exists(log):
            os.remove(log)

        def scene(port):
            for version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
                context.maximum_version = version
                context.keylog_filename = log
                small_talk(lambda p, c=context: Speaker(p, c.wrap_socket))(port)
        with open(cert) as more, open(key, "a") as store:
            store.write(more.read())
        on_broker(name, scene, "sslEnabled=true;keyStorePath=" + key)


def scram(name):
    with tempfile.TemporaryDirectory() as folder:
        users = folder + "/users"
        line = subprocess.run([BROKER, "--hash-password", "anna"], input="secret\n",
                              text=True, capture_output=True, check=True).stdout
        with open(users, "w") as file:
            file.write(line)
        os.chmod(users, 0o600)

        def auth(code, data):
            return packet(0xF0, bytes([code]) + props(
                b"\x15" + string("SCRAM-SHA-256"), b"\x16" + string(data)))

        def data_of(octets):
            at = octets.index(b"\x16", octets.index(b"SCRAM-SHA-256"))
            n = struct.unpack(">H", octets[at + 1:at + 3])[0]
            return octets[at + 3:at + 3 + n]

        def scene(port):
            client = Speaker(port)
            nonce = "fyko+d2lbbFgONRv9qkxdawL"
            bare = "n=anna,r=" + nonce
            client.send(connect("anna-1", 5, properties=props(
                b"\x15" + string("SCRAM-SHA-256"), b"\x16" + string("n,," + bare))))
            first = data_of(client.expect(15)).decode()
            part = dict(p.split("=", 1) for p in first.split(","))
            salted = hashlib.pbkdf2_hmac("sha256", b"secret",
                                         base64.b64decode(part["s"]), int(part["i"]))
            final = "c=biws,r=" + part["r"]
            key = hmac.new(salted, b"Client Key", "sha256").digest()
            signed = hmac.new(hashlib.sha256(key).digest(), ",".join(
                (bare, first, final)).encode(), "sha256").digest()
            proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signed)))
            client.send(auth(0x18, final + ",p=" + proof.decode()))
            client.expect(2)
            client.send(publish("door", "open", 1, 1, properties=props()))
            client.expect(4)
            client.close()
        on_broker(name, scene, options=("--users", users, "--scram-sha-256"))


def mosquitto_clients(name):
    """What the guide in captures/README.md does by hand."""
    child, port = start_mosquitto()
    try:
        with Recording(name, port):
            sub = subprocess.Popen(["mosquitto_sub", "-p", str(port), "-i", "reader",
                                    "-t", "kitchen/#", "-q", "1", "-C", "2"],
                                   stdout=subprocess.DEVNULL)
            time.sleep(0.5)
            for qos, text in (("1", "21.5"), ("2", "21.7")):
                subprocess.run(["mosquitto_pub", "-p", str(port), "-i", "sensor",
                                "-t", "kitchen/temperature", "-m", text, "-q", qos],
                               check=True)
                time.sleep(0.2)
            sub.wait(timeout=5)
    finally:
        child.terminate()
        child.wait()


# ---- bending ---------------------------------------------------------------

def read_pcap(name):
    with open(os.path.join(OUT, name + ".pcap"), "rb") as file:
        octets = file.read()
    frames, at = [], 24
    while at < len(octets):
        s, us, n, wire = struct.unpack("<IIII", octets[at:at + 16])
        frames.append((s, us, octets[at + 16:at + 16 + n]))
        at += 16 + n
    return frames


def write_pcap(name, frames):
    with open(os.path.join(OUT, name + ".pcap"), "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for s, us, octets in frames:
            file.write(struct.pack("<IIII", s, us, len(octets), len(octets)) + octets)


def payload_of(frame):
    ip = 14 + (frame[14] & 15) * 4
    return frame[ip + (frame[ip + 12] >> 4) * 4:]


def cut_segment(frame, begin, end):
    """The same segment with only some of its payload."""
    ip = 14 + (frame[14] & 15) * 4
    tcp = ip + (frame[ip + 12] >> 4) * 4
    sequence = struct.unpack(">I", frame[ip + 4:ip + 8])[0]
    octets = bytearray(frame[:tcp] + frame[tcp + begin:tcp + end])
    octets[ip + 4:ip + 8] = struct.pack(">I", (sequence + begin) & 0xFFFFFFFF)
    octets[16:18] = struct.pack(">H", len(octets) - 14)
    octets[24:26] = b"\0\0"
    total = sum(struct.unpack(">10H", octets[14:34]))
    total = (total & 0xFFFF) + (total >> 16)
    octets[24:26] = struct.pack(">H", ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF)
    return bytes(octets)


def out_of_order():
    """Segments cut in three, sent last part first, overlapping, and twice."""
    bent = []
    for s, us, frame in read_pcap("qos2"):
        n = len(payload_of(frame))
        if n < 12:
            bent.append((s, us, frame))
            continue
        parts = [cut_segment(frame, n // 2, n), cut_segment(frame, 0, n // 3),
                 cut_segment(frame, n // 4, n // 2 + 2), cut_segment(frame, 0, n // 3)]
        bent += [(s, us, part) for part in parts]
    write_pcap("out-of-order", bent)


def fragments():
    """Every datagram with payload in IP fragments of 24 octets, last one first."""
    bent, ident = [], 1
    for s, us, frame in read_pcap("qos2"):
        if not payload_of(frame):
            bent.append((s, us, frame))
            continue
        body, parts, ident = frame[34:], [], ident + 1
        for at in range(0, len(body), 24):
            piece = body[at:at + 24]
            more = at + 24 < len(body)
            head = bytearray(frame[:34])
            head[16:18] = struct.pack(">H", 20 + len(piece))
            head[18:20] = struct.pack(">H", ident)
            head[20:22] = struct.pack(">H", (0x2000 if more else 0) | at // 8)
            head[24:26] = b"\0\0"
            total = sum(struct.unpack(">10H", head[14:34]))
            total = (total & 0xFFFF) + (total >> 16)
            head[24:26] = struct.pack(">H", ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF)
            parts.append((s, us, bytes(head) + piece))
        bent += reversed(parts)
    write_pcap("ip-fragments", bent)


def tags():
    """Two VLAN tags on every frame."""
    write_pcap("vlan-qinq", [(s, us, f[:12] + b"\x88\xa8\0\x64\x81\0\0\x0a" + f[12:])
                             for s, us, f in read_pcap("qos2")])


SCENES = {
    "qos2": lambda: on_broker("qos2", qos2),
    "properties5": lambda: on_broker("properties5", properties5),
    "pipeline": lambda: on_broker("pipeline", pipeline),
    "shared": lambda: on_broker("shared", shared),
    "will-keep-alive": lambda: on_broker("will-keep-alive", will_keep_alive),
    "session": lambda: on_broker("session", session),
    "websocket": lambda: on_broker("websocket", small_talk(WebSpeaker)),
    "tls": lambda: tls("tls"),
    "scram": lambda: scram("scram"),
    "mosquitto-clients": lambda: mosquitto_clients("mosquitto-clients"),
    "out-of-order": out_of_order,
    "ip-fragments": fragments,
    "vlan-qinq": tags,
}


def main():
    os.makedirs(OUT, exist_ok=True)
    for name in sys.argv[1:] or SCENES:
        SCENES[name]()
        print(name, os.path.getsize(os.path.join(OUT, name + ".pcap")), "octets")


if __name__ == "__main__":
    main()
