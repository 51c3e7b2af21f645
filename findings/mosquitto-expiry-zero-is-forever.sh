#!/usr/bin/env bash
# Mosquitto, MQTT 5: a message with an expiry of 0 seconds never expires.
#
# Expected: an expiry interval of 0 (for whom is connected now, and nobody later) is the shortest of all: a client that
#   comes seconds later does not get the message. The property is a lifetime in seconds and only its absence means
#   "does not expire" (MQTT 5, 3.3.2.3.3).
# Happens: 0 is read as absent. Beside a message of 1 s, which is dropped as it should be, the one of 0 s is queued and
#   kept as retained without limit, and is passed on without the property, so no later server knows either.
# Hurts: typing signs, calls and one-time codes that are sent with 0 in order not to be kept: they ring days later.
# Seen with Mosquitto 2.0.11 (Debian 12), client mqtt 5.16.0.
set -euo pipefail
dir=$(mktemp -d); server=; trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$dir"' EXIT; cd "$dir"; chmod 755 .
debs='mosquitto=2.0.11-1.2+deb12u2 libwrap0 libcjson1 libdlt2 libwebsockets17 libev4'
{ apt-get download $debs || { apt-get update && apt-get download $debs; }; } >/dev/null 2>&1 # Debian 12
for deb in *.deb; do dpkg -x "$deb" root; done
npm init -y >/dev/null; npm install --silent --ignore-scripts --no-audit --no-fund mqtt@5.16.0
port=$(node -e "const s=require('net').createServer().listen(0,'127.0.0.1',()=>{console.log(s.address().port);s.close()})")
printf 'listener %s 127.0.0.1\nallow_anonymous true\n' "$port" > mosquitto.conf
LD_LIBRARY_PATH=$dir/root/usr/lib/x86_64-linux-gnu:$dir/root/lib/x86_64-linux-gnu root/usr/sbin/mosquitto -c mosquitto.conf >log 2>&1 & server=$!
cat > run.mjs <<'JS'
import mqtt from 'mqtt'
import { setTimeout as wait } from 'node:timers/promises'

/** A client whose listener is set before the first byte comes; it waits for a server that is still starting. */
const open = options =>
  new Promise((resolve, reject) => {
    const client = mqtt.connect({ host: '127.0.0.1', port: Number(process.argv[2]), reconnectPeriod: 200, ...options })
    client.got = []
    client.on('message', (topic, payload, packet) => client.got.push({ topic, text: payload.toString(), qos: packet.qos, retained: packet.retain, properties: packet.properties }))
    client.once('connect', () => resolve(client))
    setTimeout(reject, 20_000, new Error('no server')).unref()
  })

const kept = { clientId: 'phone', protocolVersion: 5, clean: false, properties: { sessionExpiryInterval: 600 } }
const before = await open(kept)
await before.subscribeAsync('calls/#', { qos: 1 })
await before.endAsync()
const sender = await open({ protocolVersion: 5 })
for (const seconds of [0, 1, 100]) {
  const lasting = { qos: 1, properties: { messageExpiryInterval: seconds } }
  await sender.publishAsync('calls/me', `${seconds} s`, lasting)
  await sender.publishAsync(`kept/${seconds}`, `retained ${seconds} s`, { ...lasting, retain: true })
}
await wait(3500)
const after = await open(kept)
await after.subscribeAsync('kept/#', { qos: 1 })
await sender.publishAsync('calls/end', 'end', { qos: 1 })
for (let i = 0; i < 100 && !after.got.some(m => m.text === 'end'); i++) await wait(50)
const seen = after.got.filter(m => m.text !== 'end').map(m => `${m.text}${m.properties?.messageExpiryInterval === undefined ? ' (no expiry)' : ''}`).sort()
console.log('came after 3.5 s:', seen)
const same = seen.join() === '0 s (no expiry),100 s,retained 0 s (no expiry),retained 100 s'
console.log(same ? 'As seen: what was to live 1 s is gone, what was to live 0 s is there for good.' : 'CHANGED')
process.exit(same ? 0 : 1)
JS
timeout 90 node run.mjs "$port"
