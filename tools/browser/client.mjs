// SPDX-License-Identifier: Apache-2.0
// client.mjs -- MQTT.js in a browser against the reference broker, by ws:// and wss://.
//
// usage: node client.mjs BROKER FOLDER     BROKER: the binary; FOLDER: for certificates
// The ports are the same that TCP and TLS clients use. Closes with "N passed, N failed".
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import path from "node:path";
import readline from "node:readline";
import { need, runAll, test } from "./harness.mjs";

const [binary, folder] = process.argv.slice(2).map((p) => path.resolve(p));
const library = path.join(path.dirname(need.resolve("mqtt/package.json")), "dist", "mqtt.min.js");

async function startBroker() {
  mkdirSync(folder, { recursive: true });
  execFileSync(path.join(import.meta.dirname, "../certificates.sh"), [folder]);
  const child = spawn(binary, [
    "--acceptor", "tcp://127.0.0.1:0",
    "--acceptor", `tcp://127.0.0.1:0?sslEnabled=true;keyStorePath=${folder}/server.p12;keyStorePassword=secret`,
  ], { stdio: ["ignore", "pipe", "inherit"] });
  const ports = [];
  for await (const line of readline.createInterface({ input: child.stdout })) {
    const port = /^listening on .*:(\d+)$/.exec(line);
    if (port) ports.push(Number(port[1]));
    if (ports.length === 2) return { child, plain: ports[0], secure: ports[1] };
  }
  throw new Error("the broker does not start");
}

// What runs in the page: an exchange at each QoS, a retained message, a Will.
async function exchange({ url, version }) {
  const connect = (name, options = {}) => mqtt.connectAsync(url, { protocolVersion: version, protocolId: version === 3 ? "MQIsdp" : "MQTT", clientId: `${name}-${version}`, reconnectPeriod: 0, ...options });
  const next = (client) => new Promise((resolve) => client.once("message", (topic, payload, packet) =>
    resolve({ topic, payload: payload.toString(), qos: packet.qos, retain: packet.retain })));
  const seen = [];
  const client = await connect("page");
  await client.subscribeAsync("page/#", { qos: 2 });
  for (const qos of [0, 1, 2]) {
    const message = next(client);
    await client.publishAsync("page/a", "QoS " + qos, { qos });
    seen.push(await message);
  }
  await client.publishAsync("kept", "kept", { qos: 1, retain: true });
  const kept = next(client);
  await client.subscribeAsync("kept", { qos: 1 });
  seen.push(await kept);
  const dying = await connect("dying", { will: { topic: "page/will", payload: "gone", qos: 1 } });
  const will = next(client);
  dying.stream.destroy();
  seen.push(await will);
  await client.publishAsync("kept", "", { qos: 1, retain: true });
  await client.endAsync();
  return seen;
}

const expected = [
  { topic: "page/a", payload: "QoS 0", qos: 0, retain: false },
  { topic: "page/a", payload: "QoS 1", qos: 1, retain: false },
  { topic: "page/a", payload: "QoS 2", qos: 2, retain: false },
  { topic: "kept", payload: "kept", qos: 1, retain: true },
  { topic: "page/will", payload: "gone", qos: 1, retain: false },
];

const broker = await startBroker();
// WebSocket needs a page of some origin: an empty one, from a loopback server.
const site = http.createServer((request, response) => response.end("<!doctype html><title>client</title>")).listen(0, "127.0.0.1");
const origin = await new Promise((resolve) => site.once("listening", () => resolve(`http://127.0.0.1:${site.address().port}/`)));

for (const version of [3, 4, 5]) {
  for (const [scheme, port] of [["ws", broker.plain], ["wss", broker.secure]]) {
    test(`MQTT.js ${scheme} protocol level ${version}`, async (browser) => {
      const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
      page.setDefaultTimeout(20000);
      const complaints = [];
      page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
      await page.goto(origin);
      await page.addScriptTag({ path: library });
      const options = { url: `${scheme}://127.0.0.1:${port}/mqtt`, version };
      assert.deepEqual(await page.evaluate(exchange, options), expected);
      assert.deepEqual(complaints, []);
      await page.context().close();
    });
  }
}

test("the same port still serves a TCP client", async () => {
  const socket = net.connect(broker.plain, "127.0.0.1");
  socket.write(Buffer.from("100d00044d5154540402003c000161", "hex"));
  const connack = await new Promise((resolve) => socket.once("data", resolve));
  assert.equal(connack.toString("hex"), "20020000");
  socket.destroy();
});

await runAll();
broker.child.kill("SIGTERM");
site.close();
