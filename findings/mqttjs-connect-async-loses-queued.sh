#!/usr/bin/env bash
# mqtt.js: messages acknowledged before anybody could listen, when connectAsync is awaited.
#
# Expected: `const client = await connectAsync(options)`, then `client.on('message', …)` in the same step, sees all that
#   a persistent session had queued: nothing of ours ran in between that could have missed it.
# Happens: what lies in the same TCP segment as the CONNACK is taken, emitted and acknowledged (PUBACK) before the
#   awaited promise goes on. Nobody listens yet: the server strikes the messages off its queue and they are gone.
#   The same server and the same bytes lose nothing when `connect` is used and the listener set at once, nor when the
#   messages come in a later segment: tests on a slow server pass, a fast server loses messages.
# Hurts: everybody who resumes a session (clean: false) with connectAsync; QoS 1 and 2 promise nothing to them.
# Seen with mqtt 5.16.0, over MQTT 3.1.1 and 5.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null; npm install --silent --ignore-scripts --no-audit --no-fund mqtt@5.16.0 mqtt-packet@9.0.2
cat > run.mjs <<'JS'
import net from 'node:net'
import mqtt from 'mqtt'
import packets from 'mqtt-packet'

const listened = { listener: '1 2 3', connectAsync: '' }
let same = true
for (const protocolVersion of [4, 5])
  for (const way of Object.keys(listened)) {
    const acknowledged = []
    let all
    const done = new Promise(resolve => (all = resolve))
    const write = packet => packets.generate(packet, { protocolVersion })
    const queued = [1, 2, 3].map(n => write({ cmd: 'publish', topic: 'inbox', payload: `${n}`, qos: 1, messageId: n, dup: false, retain: false }))
    const server = net.createServer(socket => {
      const parser = packets.parser({ protocolVersion })
      parser.on('packet', packet => {
        if (packet.cmd === 'connect') socket.write(Buffer.concat([write({ cmd: 'connack', returnCode: 0, reasonCode: 0, sessionPresent: true }), ...queued]))
        if (packet.cmd === 'puback' && acknowledged.push(packet.messageId) === 3) all()
      })
      socket.on('data', bytes => parser.parse(bytes)).on('error', () => {})
    })
    await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
    const options = { host: '127.0.0.1', port: server.address().port, clientId: 'phone', clean: false, protocolVersion, reconnectPeriod: 0 }
    const got = []
    const client = way === 'listener' ? mqtt.connect(options) : await mqtt.connectAsync(options)
    client.on('message', (_topic, payload) => got.push(payload.toString()))
    await done
    console.log(`MQTT ${protocolVersion === 4 ? '3.1.1' : '5'}, ${way}: heard [${got}], acknowledged [${acknowledged}]`)
    same &&= got.join(' ') === listened[way] && acknowledged.join(' ') === '1 2 3'
    client.end(true)
    server.close()
  }
console.log(same ? 'As seen: connectAsync heard none of the three that it acknowledged.' : 'CHANGED')
process.exit(same ? 0 : 1)
JS
timeout 60 node run.mjs
