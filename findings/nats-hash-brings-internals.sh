#!/usr/bin/env bash
# NATS as MQTT server: whoever subscribes to '#' is sent the server's own traffic.
#
# Expected: '#' brings what clients publish; topic names that begin with $ match no filter that begins with a wildcard
#   (MQTT 3.1.1, MQTT-4.7.2-1).
# Happens: one QoS 1 message from another client also brings, on topics that begin with $MQTT and $JS, its own stored
#   copy and the JetStream requests and replies of sessions that come. The same payload comes twice.
# Hurts: recorders, bridges and metrics that take '#': everything is counted and passed on twice, and a bridge carries
#   topics that no other broker lets a client publish.
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

const recorder = await open('recorder')
await recorder.subscribeAsync('#', { qos: 0 })
const sender = await open('sender')
await sender.publishAsync('room/news', 'hello', { qos: 1 })
await sender.subscribeAsync('other', { qos: 1 })
for (let i = 0; i < 100 && !(recorder.got.some(([topic]) => topic.startsWith('$JS')) && recorder.got.filter(([, text]) => text === 'hello').length > 1); i++) await wait(50)
const copies = recorder.got.filter(([, text]) => text === 'hello').map(([topic]) => topic).sort()
const kinds = [...new Set(recorder.got.map(([topic]) => topic.split('/')[0]).filter(level => level.startsWith('$')))].sort()
console.log('hello came on', copies, 'and topics of the server begin with', kinds)
const same = copies.join() === '$MQTT/msgs/room/news,room/news' && kinds.join() === '$JS,$MQTT'
console.log(same ? 'As seen: # matches topics that begin with $, and one message comes twice.' : 'CHANGED')
process.exit(same ? 0 : 1)
JS
timeout 60 node run.mjs "$port"
