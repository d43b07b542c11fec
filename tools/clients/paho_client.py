# SPDX-License-Identifier: Apache-2.0
"""Paho's Python client against a broker: QoS 0-2, retained, Will, TLS, 5.0 properties.

usage: paho_client.py PORT TLS_PORT CA.pem      exits 0 if all is well
"""
import queue
import ssl
import sys

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

WAIT_S = 15


class Client:
    """A connected client whose events can be waited for."""

    def __init__(self, name, version, port, ca=None, will=None):
        self.events = queue.Queue()
        arguments = dict(client_id=name, protocol=version)
        if hasattr(mqtt, "CallbackAPIVersion"):  # Paho 2
            arguments["callback_api_version"] = mqtt.CallbackAPIVersion.VERSION1
        self.paho = mqtt.Client(**arguments)
        self.paho.on_connect = lambda *a: self.events.put(("connect", a[3]))
        self.paho.on_subscribe = lambda *a: self.events.put(("subscribe", None))
        self.paho.on_publish = lambda *a: self.events.put(("publish", None))
        self.paho.on_message = lambda c, u, message: self.events.put(("message", message))
        if will:
            self.paho.will_set(*will)
        if ca:
            self.paho.tls_set(ca_certs=ca, tls_version=ssl.PROTOCOL_TLS_CLIENT)
        self.paho.connect("localhost" if ca else "127.0.0.1", port)
        self.paho.loop_start()
        code = self.wait("connect")
        assert code == 0, code

    def wait(self, kind):
        kept = []
        while True:
            event = self.events.get(timeout=WAIT_S)
            if event[0] == kind:
                for other in kept:
                    self.events.put(other)
                return event[1]
            kept.append(event)

    def subscribe(self, topic_filter, qos):
        self.paho.subscribe(topic_filter, qos)
        self.wait("subscribe")

    def publish(self, *arguments, **options):
        self.paho.publish(*arguments, **options)
        self.wait("publish")

    def end(self):
        self.paho.disconnect()
        self.paho.loop_stop()


def run(version, port, ca):
    base = "py/%d/%s" % (version, "tls" if ca else "tcp")
    client = Client(base.replace("/", "-"), version, port, ca)
    client.subscribe(base + "/#", 2)
    for qos in (0, 1, 2):
        client.publish(base + "/q", "hello %d" % qos, qos)
        message = client.wait("message")
        assert (message.payload, message.qos, message.retain) == (b"hello %d" % qos, qos, False)

    client.publish(base + "/kept", "kept", 1, True)
    client.wait("message")
    reader = Client(base.replace("/", "-") + "-r", version, port, ca)
    reader.subscribe(base + "/kept", 1)
    message = reader.wait("message")
    assert message.retain and message.payload == b"kept"
    reader.end()

    dying = Client(base.replace("/", "-") + "-w", version, port, ca, will=(base + "/will", "gone", 1))
    dying.paho.loop_stop()
    dying.paho._sock_close()
    message = client.wait("message")
    assert (message.topic, message.payload) == (base + "/will", b"gone"), message.topic

    if version == mqtt.MQTTv5:
        properties = Properties(PacketTypes.PUBLISH)
        properties.ContentType = "text/plain"
        properties.UserProperty = [("k", "v")]
        properties.CorrelationData = b"c1"
        client.publish(base + "/props", "x", 1, properties=properties)
        message = client.wait("message")
        assert message.properties.ContentType == "text/plain"
        assert message.properties.UserProperty == [("k", "v")]
        assert message.properties.CorrelationData == b"c1"
    client.publish(base + "/kept", "", 1, True)
    client.end()


def main():
    port, tls_port, ca = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    for version in (mqtt.MQTTv31, mqtt.MQTTv311, mqtt.MQTTv5):
        run(version, port, None)
        run(version, tls_port, ca)


main()
