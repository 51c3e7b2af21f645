#!/usr/bin/env bash
# NATS as MQTT server: a connection that is taken over leaves without its will.
#
# Expected: when a second connection with the same client id displaces the first, the will of the first is published: the
#   server closed that connection without a DISCONNECT (MQTT 3.1.1, 3.1.2.5 and MQTT-3.1.4-2).
# Happens: the displaced connection's will is never published. The will of the second is, when its socket breaks.
# Hurts: presence and leases that are given back by a will: a phone that changes networks is taken over by itself, and
#   whoever waits for the will of the old connection waits for good.
# Seen with nats-server 2.9.10 (Debian 12), client mqtt 5.16.0.
set -euo pipefail
dir=$(mktemp -d); server=; trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; } 2>/dev/null; rm -rf "$dir"' EXIT; cd "$dir"; chmod 755 .
deb='nats-server=2.9.10-1+b3'
{ apt-get download $deb || { apt-get update && apt-get download $deb; }; } >/dev/null 2>&1 # Debian 12
dpkg -x nats-server_*.deb root
npm init -y >/dev/null; npm install --silent --ignore-scripts --no-audit --no-fund mqtt@5.16.0
port=$(node -e "const s=require('net').createServer().listen(0,'127.0.0.1',()=>{console.log(s.address().port);s.close()})")
printf 'listen: "127.0.0.1:-1"\nserver_name: one\njetstream { store_dir: "%s/js" }\nmqtt { listen: "127.0.0.1:%s" }\n' "$dir" "$port" > nats.conf
root/usr/sbin/nats-server -c nats.conf >log 2>&1 & server=$!
cat > run.mjs <<'JS'
import mqtt from 'mqtt'
import { setTimeout as wait } from 'node:timers/promises'

/** A client whose listener is set before the first byte comes; the first waits for a server that is still starting. */
const open = (clientId, options = {}) =>
  new Promise((resolve, reject) => {
    const client = mqtt.connect({ host: '127.0.0.1', port: Number(process.argv[2]), clientId, protocolVersion: 4, reconnectPeriod: 200, ...options })
    client.got = []
    client.on('message', (topic, payload) => client.got.push([topic, payload.toString()]))
    client.on('error', () => {})
    client.once('connect', () => resolve(client))
    setTimeout(reject, 20_000, new Error('no server')).unref()
  })

const watcher = await open('watcher')
await watcher.subscribeAsync('presence/#', { qos: 1 })
const first = await open('phone', { reconnectPeriod: 0, will: { topic: 'presence/phone', payload: 'first', qos: 1, retain: false } })
const closed = new Promise(resolve => first.once('close', resolve))
const second = await open('phone', { reconnectPeriod: 0, will: { topic: 'presence/phone', payload: 'second', qos: 1, retain: false } })
await closed
await wait(2000)
const afterTakeover = watcher.got.map(([, text]) => text)
second.stream.destroy()
for (let i = 0; i < 100 && !watcher.got.some(([, text]) => text === 'second'); i++) await wait(50)
const wills = watcher.got.map(([, text]) => text)
console.log('wills 2 s after the takeover:', afterTakeover, 'and once the second socket has broken:', wills)
const same = afterTakeover.length === 0 && wills.join() === 'second'
console.log(same ? 'As seen: no will at a takeover, the will at a broken socket.' : 'CHANGED')
process.exit(same ? 0 : 1)
JS
timeout 60 node run.mjs "$port"
