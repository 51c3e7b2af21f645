#!/usr/bin/env bash
# Node.js 26: read() without a size hands over one chunk of what a paused stream holds, not all of it.
#
# Expected: in a listener of 'readable', one read() returns everything that is buffered, as in every release before and
#   as parsers count on that look at it, put the rest back with unshift(), and wait for the next 'readable'.
# Happens: it returns the first chunk. What was put back is a chunk by itself: whoever reads once each time, and puts it
#   back because more has to come, is handed the same bytes for ever, and what has come behind them is never seen.
# Hurts: protocol readers written as the documentation of unshift() shows (headers first, the rest put back): a header in
#   two pieces is never complete. read(readableLength) returns all of it in all releases.
# Seen with Node.js 26.10.0, against 25.9.0.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
for version in 25.9.0 26.10.0; do npm install --prefix "$version" --silent --no-audit --no-fund "node@$version" >/dev/null; done
cat > run.mjs <<'JS'
import { Readable } from 'node:stream'

/** Reads once for each 'readable', as long as a line is not complete puts back what it has. @returns the line, if it ever comes */
async function readLine(read) {
  const stream = new Readable({ read() {} })
  let [line, kept] = [null, 0]
  stream.on('readable', () => {
    if (stream.readableLength === kept) return // nothing has come since it was put back
    const bytes = read(stream)
    if (bytes === null || line !== null) return
    if (bytes.includes('\n')) line = bytes.toString().trim()
    else stream.unshift(bytes)
    kept = stream.readableLength
  })
  stream.push('hello ')
  await new Promise((resolve) => setTimeout(resolve, 5))
  stream.push('world\n')
  await new Promise((resolve) => setTimeout(resolve, 200))
  return line
}

const stream = new Readable({ read() {} })
for (const chunk of ['a', 'b', 'c']) stream.push(chunk)
console.log(JSON.stringify([String(stream.read()), await readLine((of) => of.read()), await readLine((of) => of.read(of.readableLength || undefined))]))
JS
before=$(25.9.0/node_modules/node/bin/node run.mjs); now=$(26.10.0/node_modules/node/bin/node run.mjs)
echo "three chunks by one read(), a line by read(), a line by read(readableLength)"
echo "25.9.0: $before"; echo "26.10.0: $now"
if [ "$before" = '["abc","hello world","hello world"]' ] && [ "$now" = '["a",null,"hello world"]' ]; then echo 'As seen.'; else echo 'CHANGED'; exit 1; fi
