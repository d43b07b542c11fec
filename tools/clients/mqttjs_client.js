// SPDX-License-Identifier: Apache-2.0
// mqttjs_client.js -- MQTT.js against a broker: QoS 0-2, retained, Will, 5.0 properties.
//
// usage: node mqttjs_client.js URL CA.pem      exits 0 if all is well
const fs = require('fs');
const assert = require('assert');
const mqtt = require('mqtt');

const [url, caPath] = process.argv.slice(2);
const ca = fs.readFileSync(caPath);
const scheme = url.split(':')[0];
const deadline = setTimeout(() => { console.error('timed out'); process.exit(1); }, 20000);

function connect(version, options = {}) {
  return mqtt.connectAsync(url, {
    ca, protocolVersion: version, protocolId: version === 3 ? 'MQIsdp' : 'MQTT',
    reconnectPeriod: 0, clientId: `js-${scheme}-${version}-${Math.random().toString(16).slice(2, 8)}`, ...options,
  });
}

function nextMessage(client) {
  return new Promise((resolve) => client.once('message', (topic, payload, packet) => resolve({ topic, payload: payload.toString(), packet })));
}

async function run(version) {
  const base = `js/${scheme}/${version}`;
  const client = await connect(version);
  await client.subscribeAsync(`${base}/#`, { qos: 2 });
  for (const qos of [0, 1, 2]) {
    const arrived = nextMessage(client);
    await client.publishAsync(`${base}/q${qos}`, `hello ${qos}`, { qos });
    const message = await arrived;
    assert.strictEqual(message.payload, `hello ${qos}`);
    assert.strictEqual(message.packet.qos, qos);
    assert.strictEqual(message.packet.retain, false);
  }

  await client.publishAsync(`${base}/kept`, 'kept', { qos: 1, retain: true });
  const reader = await connect(version);
  const kept = nextMessage(reader);
  await reader.subscribeAsync(`${base}/kept`, { qos: 1 });
  assert.strictEqual((await kept).packet.retain, true);
  await client.publishAsync(`${base}/kept`, '', { qos: 1, retain: true });
  await reader.endAsync();

  const watcher = await connect(version);
  await watcher.subscribeAsync(`${base}/will`, { qos: 1 });
  const will = nextMessage(watcher);
  const dying = await connect(version, { will: { topic: `${base}/will`, payload: Buffer.from('gone'), qos: 1 } });
  dying.stream.destroy();
  assert.strictEqual((await will).payload, 'gone');
  await watcher.endAsync();

  if (version === 5) {
    const arrived = nextMessage(client);
    await client.publishAsync(`${base}/props`, 'x', { qos: 1, properties: {
      contentType: 'text/plain', responseTopic: 'answer', correlationData: Buffer.from('c1'),
      payloadFormatIndicator: true, messageExpiryInterval: 100, userProperties: { k: 'v' } } });
    const { properties } = (await arrived).packet;
    assert.strictEqual(properties.contentType, 'text/plain');
    assert.strictEqual(properties.responseTopic, 'answer');
    assert.strictEqual(properties.correlationData.toString(), 'c1');
    assert.strictEqual(properties.userProperties.k, 'v');
  }
  await client.endAsync();
}

(async () => {
  for (const version of [3, 4, 5]) await run(version);
  clearTimeout(deadline);
})().catch((error) => { console.error(error); process.exit(1); });
