// SPDX-License-Identifier: Apache-2.0
// sample.mjs -- two small runs for the test of the pages.
//
// Each is a conformance.json without what `mqttspec merge` works out: its
// statements and counts. The texts hold markup, which must stay text.

const packet = (time, who, from, type, text, fields, more) => ({ time, who, from, event: "packet", type, text, fields, octets: "3300", ...more });

const transcript = [
  { time: 0.001, who: "watcher", from: "client", event: "open", text: "connected over tcp" },
  packet(0.002, "watcher", "client", "CONNECT", 'CONNECT Clean Start Keep Alive 60 Session Expiry Interval 5 Client Identifier "watcher"', { "Clean Start": true, Will: false, "Keep Alive": 60, "Properties Session Expiry Interval": 5, "Client Identifier": "watcher" }),
  packet(0.003, "watcher", "broker", "CONNACK", "CONNACK Reason Code 0x00 (Success)", { "Session Present": false, "Reason Code": "0x00 Success" }),
  { time: 0.004, who: "pump", from: "client", event: "open", text: "connected over tcp" },
  packet(0.005, "pump", "client", "CONNECT", 'CONNECT Client Identifier "pump" Will Topic "status/pump" -- the Will has no payload', { Will: true, "Client Identifier": "pump", "Will Will Topic": "status/pump" }),
  packet(0.006, "pump", "broker", "CONNACK", "CONNACK Reason Code 0x00 (Success)", { "Session Present": false, "Reason Code": "0x00 Success" }),
  { time: 0.007, who: "pump", from: "client", event: "close", text: "cut (RST)" },
  packet(0.009, "watcher", "broker", "PUBLISH", 'PUBLISH "status/pump" retain=1 "<b>gone</b>"', { "Topic Name": "status/pump", RETAIN: true, Payload: "<b>gone</b>" }, { offending: true }),
];

const tests = [
  ["first_packet_is_connect", "3_1_connect.c", "MQTT-3.1.0-1", "passed"],
  ["second_connect_closes", "3_1_connect.c", "MQTT-3.1.0-2", "passed"],
  ["will_published_on_drop", "3_1_connect.c", "MQTT-3.1.2-8", "failed"],
  ["connack_comes_first", "3_2_connack.c", "MQTT-3.2.0-1", "passed"],
  ["users_are_checked", "3_1_connect.c", "MQTT-3.1.4-2", "skipped"],
  ["ping_is_answered", "3_12_pingreq.c", "MQTT-3.12.4-1", "passed"],
  ["wildcards_match_levels", "4_7_topics.c", "MQTT-4.7.1-1", "warning"],
  ["order_is_kept", "4_6_order.c", "MQTT-4.6.0-5", "inconclusive"],
];

function testCase([test, file, id, verdict], line, mqtt, transport) {
  const known = { failed: { expected: 'PUBLISH "status/pump" with RETAIN 0', actual: 'PUBLISH "status/pump" with RETAIN 1 & "<b>gone</b>"', transcript, capture: `captures/${test}.pcap` },
    warning: { expected: "DISCONNECT 0x82", actual: "the close alone" }, skipped: { reason: "the target has no users" }, inconclusive: { reason: "the broker was too slow to tell" } };
  return {
    name: `${test}/${mqtt}/${transport}`, test, file: "conformance/tests/" + file, line, mqtt, transport, driver: line % 2 ? "wire" : "paho",
    statements: [`${mqtt}/${id}`], verdict, ended_by: "test", seconds: 0.001 * (line + 1) * (line + 1),
    requirement: `What ${id} asks, in <i>our</i> words.`, rerun: `mqttspec run sample --only ${test} --mqtt ${mqtt} --transport ${transport}`, ...known[verdict],
  };
}

export function sampleRun(name, version, started, change = {}) {
  const cases = tests.map((t, i) => testCase([...t.slice(0, 3), change[t[0]] || t[3]], i, "5.0", i % 3 ? "tcp" : "ws"));
  return { schema: "mqttspec/1", target: { name, version, url: "mqtt://127.0.0.1:1883", settings: { users: "none" } }, started, seconds: 0.31, jobs: 2, summary: {}, cases, statements: [] };
}
