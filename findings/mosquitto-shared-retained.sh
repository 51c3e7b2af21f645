#!/usr/bin/env bash
# Mosquitto, MQTT 5: each member of a shared subscription is handed the retained messages.
#
# Expected: a member that joins $share/workers/jobs/# gets none of the retained messages (MQTT 5, 4.8.2: retained
#   messages are not sent to a session when it first subscribes to a shared subscription): work goes to one member.
# Happens: every member that joins gets all of them.
# Hurts: groups of workers: a retained job is done by each worker that starts, so by all of them after a deployment.
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

const sender = await open({ protocolVersion: 5 })
await sender.publishAsync('jobs/1', 'job', { qos: 1, retain: true })
const workers = []
for (let n = 0; n < 3; n++) {
  const worker = await open({ protocolVersion: 5 })
  await worker.subscribeAsync('$share/workers/jobs/#', { qos: 1 })
  workers.push(worker)
}
for (const worker of workers) await worker.subscribeAsync('end', { qos: 1 })
await sender.publishAsync('end', 'end', { qos: 1 })
for (let i = 0; i < 100 && !workers.every(worker => worker.got.some(m => m.text === 'end')); i++) await wait(50)
const seen = workers.map(worker => worker.got.filter(m => m.text === 'job' && m.retained).length)
console.log('copies of one retained job at three members of one group:', seen)
const same = seen.join() === '1,1,1'
console.log(same ? 'As seen: each member has the retained job.' : 'CHANGED')
process.exit(same ? 0 : 1)
JS
timeout 90 node run.mjs "$port"
