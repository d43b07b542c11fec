// SPDX-License-Identifier: Apache-2.0
// aedes.js -- listens with aedes on free ports of the loopback interface.
//
// usage: node aedes.js FOLDER CERTIFICATE [users] [acl]
// FOLDER is where the running mqttspec lies; aedes and ws are looked for in
// the build folders around it. Says "listening on HOST:PORT" for TCP, TLS,
// WebSocket and secure WebSocket, in this order. With users, "tester" and
// "bound" may connect and nobody else; with acl "bound" may not use topics
// whose second level is "denied".
'use strict'
const fs = require('node:fs')
const net = require('node:net')
const tls = require('node:tls')
const http = require('node:http')
const https = require('node:https')
const path = require('node:path')
const { createRequire } = require('node:module')
const { pathToFileURL } = require('node:url')

const [folder, certificate, ...words] = process.argv.slice(2)
const passwords = { tester: 'tester-secret', bound: 'bound-secret' }
const has = (word) => words.includes(word)

function findModules () {
  const places = [path.join(folder, '../aedes'), path.join(folder, '../../aedes'),
    path.resolve('build/aedes')]
  const place = places.find((p) => fs.existsSync(path.join(p, 'node_modules/aedes')))
  if (!place) throw new Error('aedes is not installed: tools/setup.sh target-aedes')
  return createRequire(path.join(place, 'here.js'))
}

const isDenied = (client, topic) =>
  has('acl') && client && client.user === 'bound' && topic.split('/')[1] === 'denied'

function restrict (broker) {
  broker.authenticate = (client, user, password, done) => {
    const isRight = passwords[user] !== undefined && password?.toString() === passwords[user]
    client.user = user
    if (isRight) return done(null, true)
    done(Object.assign(new Error('bad user name or password'), { returnCode: 4 }), false)
  }
  broker.authorizePublish = (client, packet, done) =>
    done(isDenied(client, packet.topic) ? new Error('denied') : null)
  broker.authorizeSubscribe = (client, subscription, done) =>
    done(null, isDenied(client, subscription.topic) ? null : subscription)
}

async function main () {
  const modules = findModules()
  const { Aedes } = await import(pathToFileURL(modules.resolve('aedes')))
  const { WebSocketServer, createWebSocketStream } = modules('ws')
  const broker = await Aedes.createBroker()
  if (has('users')) restrict(broker)
  const pem = fs.readFileSync(certificate)
  const secret = { key: pem, cert: pem }
  const servers = [net.createServer(broker.handle), tls.createServer(secret, broker.handle),
    http.createServer(), https.createServer(secret)]
  for (const server of servers) {
    if (server instanceof http.Server || server instanceof https.Server) {
      const sockets = new WebSocketServer({
        server,
        handleProtocols: (names) => [...names].find((n) => n.startsWith('mqtt')) ?? false
      })
      sockets.on('connection', (socket, request) =>
        broker.handle(createWebSocketStream(socket), request))
    }
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    console.log(`listening on 127.0.0.1:${server.address().port}`)
  }
  process.on('SIGTERM', () => broker.close(() => process.exit(0)))
}

main().catch((error) => {
  console.error(error.message)
  process.exit(1)
})
