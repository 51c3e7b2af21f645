#!/usr/bin/env bash
# MessagePack across libraries: a time in milliseconds changes its type on the way, in both directions.
#
# Expected: Date.now(), a safe integer, written by one JavaScript library and read by another, is the same number, and on
#   the wire an integer.
# Happens: @msgpack/msgpack, notepack.io and msgpack5 write uint64, which msgpackr reads as a BigInt (which equals the
#   number under == alone, and throws in sums with numbers and in JSON). msgpackr and msgpack-lite write float64, which a
#   typed reader (Go int64, Rust u64, an Erlang guard is_integer) refuses. msgpackr does not read its own times so: the
#   round trip that people test is the one that works. From 2^32 on, so seconds pass and milliseconds do not.
# Hurts: servers that speak msgpackr to phones with any other library, each time a message carries a time or a long id.
# Seen with msgpackr 2.1.3, @msgpack/msgpack 3.1.3, notepack.io 3.0.1, msgpack5 6.1.0, msgpack-lite 0.1.26.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --ignore-scripts --no-audit --no-fund msgpackr@2.1.3 @msgpack/msgpack@3.1.3 notepack.io@3.0.1 msgpack5@6.1.0 msgpack-lite@0.1.26
cat > run.mjs <<'JS'
import * as msgpack from '@msgpack/msgpack'
import lite from 'msgpack-lite'
import five from 'msgpack5'
import * as msgpackr from 'msgpackr'
import notepack from 'notepack.io'

const libraries = {
  '@msgpack/msgpack': msgpack,
  'notepack.io': notepack,
  msgpack5: { encode: value => five().encode(value).slice(), decode: five().decode },
  msgpackr: { encode: msgpackr.pack, decode: msgpackr.unpack },
  'msgpack-lite': lite,
}
const at = 1764572400000
const seen = Object.entries(libraries).map(([name, { encode }]) => {
  const bytes = Buffer.from(encode(at))
  const read = Object.values(libraries).map(({ decode }) => typeof decode(bytes))
  const wire = { 0xcf: 'uint64', 0xcb: 'float64' }[bytes[0]]
  console.log(`${name} writes ${wire}; read by ${Object.keys(libraries).map((by, i) => `${by}: ${read[i]}`).join(', ')}`)
  return [wire, ...read].join(' ')
})
const asInteger = 'uint64 number number number bigint number'
const asFloat = 'float64 number number number number number'
const same = seen.join() === [asInteger, asInteger, asInteger, asFloat, asFloat].join() && typeof msgpackr.unpack(msgpack.encode(2 ** 32 - 1)) === 'number'
console.log(same ? 'As seen: msgpackr reads the integers of others as BigInt and writes floats itself.' : 'CHANGED')
process.exit(same ? 0 : 1)
JS
timeout 60 node run.mjs
