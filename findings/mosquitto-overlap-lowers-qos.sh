#!/usr/bin/env bash
# Mosquitto, MQTT 3.1.1: a second, weaker subscription takes QoS 1 away from the first.
#
# Expected: with 'room/#' at QoS 1 and 'room/news' at QoS 0, a message to room/news comes at QoS 1: overlapping
#   subscriptions are served at the highest QoS among them (MQTT 3.1.1, MQTT-3.3.5-1).
# Happens: it comes once, at QoS 0, if the exact filter has QoS 0 and the wildcard QoS 1, in either order of
#   subscribing; swapped (exact QoS 1, wildcard QoS 0) it comes at QoS 1. So the filter decides, not the QoS. A client
#   that was away gets the same message at QoS 1: it is the connected ones that lose it. MQTT 5 clients get both copies.
# Hurts: apps of which one part listens loosely (a counter, a badge) and another depends on delivery; bridges.
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

async function deliver(protocolVersion, filters, away) {
  const kept = { clientId: `c${Math.random()}`, protocolVersion, clean: false, ...(protocolVersion === 5 && { properties: { sessionExpiryInterval: 60 } }) }
  let client = await open(kept)
  for (const [filter, qos] of filters) await client.subscribeAsync(filter, { qos })
  const sender = await open({ protocolVersion: 4 })
  if (away) await client.endAsync()
  await sender.publishAsync('room/news', 'x', { qos: 1 })
  if (away) client = await open(kept)
  await sender.publishAsync('room/end', 'end', { qos: 1 })
  for (let i = 0; i < 100 && !client.got.some(m => m.text === 'end'); i++) await wait(50)
  const seen = client.got.filter(m => m.text === 'x').map(m => m.qos).sort().join('+')
  await Promise.all([client.endAsync(true), sender.endAsync(true)])
  return seen
}
const weakExact = [['room/#', 1], ['room/news', 0]]
const seen = {
  'wildcard 1, then exact 0': await deliver(4, weakExact),
  'exact 0, then wildcard 1': await deliver(4, weakExact.toReversed()),
  'exact 1, wildcard 0': await deliver(4, [['room/end', 1], ['room/news', 1], ['room/#', 0]]),
  'wildcard 1, exact 0, client away': await deliver(4, weakExact, true),
  'MQTT 5': await deliver(5, weakExact),
}
console.log('QoS of the copies that came:', seen)
const same = Object.values(seen).join(' ') === '0 0 1 1 0+1'
console.log(same ? 'As seen: an exact filter at QoS 0 wins over a wildcard at QoS 1.' : 'CHANGED')
process.exit(same ? 0 : 1)
JS
timeout 90 node run.mjs "$port"
