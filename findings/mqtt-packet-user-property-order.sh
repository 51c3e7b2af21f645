#!/usr/bin/env bash
# mqtt-packet (mqtt.js, Aedes): the order of MQTT 5 user properties is lost, and names of digits are sorted.
#
# Expected: user properties are a list of pairs in which a name may come again; who passes a message on keeps their order
#   (MQTT 5, MQTT-3.3.2-18). Reading a packet and writing it again gives the same bytes.
# Happens: they are read into an object with a name's values gathered: a=1 b=2 a=3 becomes a=1 a=3 b=2. Names that look
#   like array indices go first, in rising order, whatever was sent: 10 9 b becomes 9 10 b. A name that came once reads
#   as a string, the same name twice as an array; one item in an array is written, and reads as a string.
# Hurts: bridges and proxies made of mqtt.js; trace hops and signatures over the properties, which then do not agree.
# Seen with mqtt-packet 9.0.2.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null; npm install --silent --ignore-scripts --no-audit --no-fund mqtt-packet@9.0.2
cat > run.mjs <<'JS'
import packets from 'mqtt-packet'

const text = value => Buffer.concat([Buffer.from([0, value.length]), Buffer.from(value)])
/** A PUBLISH to topic t with these user properties, written by hand. */
function publish(pairs) {
  const properties = Buffer.concat(pairs.map(([name, value]) => Buffer.concat([Buffer.from([0x26]), text(name), text(value)])))
  const body = Buffer.concat([text('t'), Buffer.from([properties.length]), properties, Buffer.from('payload')])
  return Buffer.concat([Buffer.from([0x30, body.length]), body])
}
function read(bytes) {
  let seen
  packets.parser({ protocolVersion: 5 }).on('packet', packet => (seen = packet)).parse(bytes)
  return seen
}
const cases = [
  ['a1 b2 a3', 'a1 a3 b2'],
  ['100 91 bz', '91 100 bz'],
  ['a1 a2 b3', 'a1 a2 b3'],
]
let same = true
for (const [sent, expected] of cases) {
  const pairs = sent.split(' ').map(pair => [pair.slice(0, -1), pair.slice(-1)])
  const packet = read(publish(pairs))
  const again = packets.generate(packet, { protocolVersion: 5 })
  const wanted = publish(expected.split(' ').map(pair => [pair.slice(0, -1), pair.slice(-1)]))
  console.log(`sent ${sent}; read ${JSON.stringify(packet.properties.userProperties)}; passed on ${again.equals(wanted) ? expected : again.toString('hex')}`)
  same &&= again.equals(wanted)
}
console.log(same ? 'As seen: pairs are regrouped by name, and names of digits come first.' : 'CHANGED')
process.exit(same ? 0 : 1)
JS
timeout 30 node run.mjs
