#!/usr/bin/env bash
# MessagePack libraries: the bytes of an ArrayBuffer, and of wide typed arrays, are dropped without an error.
#
# Expected: bytes that fetch, Blob and crypto.subtle hand out (ArrayBuffer) are written as bin, or refused; a
#   Float32Array is written whole.
# Happens: @msgpack/msgpack and msgpack5 write an ArrayBuffer as an empty map, at any size; msgpackr and notepack.io
#   write bin. But notepack.io writes a Float32Array as bin with each number cut to one byte, a quarter of its bytes.
# Hurts: web clients that encrypt or hash: key, signature and file arrive as {}, and the sender was told nothing.
# Seen with @msgpack/msgpack 3.1.3, notepack.io 3.0.1, msgpack5 6.1.0, msgpackr 2.1.3.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --ignore-scripts --no-audit --no-fund msgpackr@2.1.3 @msgpack/msgpack@3.1.3 notepack.io@3.0.1 msgpack5@6.1.0
cat > run.mjs <<'JS'
import * as msgpack from '@msgpack/msgpack'
import five from 'msgpack5'
import * as msgpackr from 'msgpackr'
import notepack from 'notepack.io'

const hex = bytes => Buffer.from(bytes).toString('hex')
const digest = new Uint8Array([1, 2, 3, 4]).buffer
const seen = {
  '@msgpack/msgpack': hex(msgpack.encode(digest)),
  'notepack.io': hex(notepack.encode(digest)),
  msgpack5: hex(five().encode(digest).slice()),
  msgpackr: hex(msgpackr.pack(digest)),
  'notepack.io, Float32Array of 1.5 and 300': hex(notepack.encode(new Float32Array([1.5, 300]))),
}
console.log(seen)
const same = Object.values(seen).join() === '80,c40401020304,80,c40401020304,c402012c'
console.log(same ? 'As seen: two of four write an ArrayBuffer as an empty map (80).' : 'CHANGED')
process.exit(same ? 0 : 1)
JS
timeout 60 node run.mjs
