#!/usr/bin/env bash
# lmdb (npm) and its ordered-binary keys: ['a'] and 'a' are one row, and -0 is a row that comes back as an array.
#
# Expected: the type of a key is kept, and any number can be one (README): ['a'] and 'a' are two rows, since ['a', 'b']
#   and 'a' are; 0 and -0, equal in JavaScript, are one row.
# Happens: an array of one element has the bytes of that element: each overwrites the other, and reads back as the
#   element. -0 has bytes of its own: get(0) does not find what was put at -0, and a range hands it out as the array
#   ['\x18', null]. -0 comes out of ordinary sums: -1 * 0, Math.round(-0.4), a difference of time zones times 60.
# Hurts: indices by path (the path of length one meets the plain name), and counters or offsets whose sign was turned.
# Seen with lmdb 3.5.6 with ordered-binary 1.6.3.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null; npm install --silent --ignore-scripts --no-audit --no-fund lmdb@3.5.6 ordered-binary@1.6.3
cat > run.mjs <<'JS'
import { open } from 'lmdb'

const db = open({ path: 'data.mdb' })
await db.put(['a'], 'array of one')
await db.put('a', 'string')
await db.put(['a', 'b'], 'array of two')
await db.put(Math.round(-0.4), 'minus zero')
const rows = [...db.getRange()].map(({ key, value }) => [key, value])
const seen = { rows, atArray: db.get(['a']), atZero: db.get(0) ?? null, atMinusZero: db.get(-0) ?? null }
console.log(JSON.stringify(seen))
await db.close()
const expected = {
  rows: [[['\x18', null], 'minus zero'], ['a', 'string'], [['a', 'b'], 'array of two']],
  atArray: 'string', atZero: null, atMinusZero: 'minus zero',
}
const same = JSON.stringify(seen) === JSON.stringify(expected)
console.log(same ? "As seen: ['a'] was overwritten by 'a'; what lies at -0 is not found at 0 and is listed under another key." : 'CHANGED')
process.exit(same ? 0 : 1)
JS
timeout 60 node run.mjs
