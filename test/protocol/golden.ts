import { readFileSync } from 'node:fs'

/** Bytes made by Erlang (golden/make.escript): tuples of flows.md, and one of every kind of term in Service.data. */
export interface Golden {
  readonly set: 'flow' | 'term'
  readonly name: string
  readonly source: string
  readonly bytes: Uint8Array
}

export function readGolden(): readonly Golden[] {
  return readFileSync('test/protocol/golden/golden.jsonl', 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const { set, name, source, hex } = JSON.parse(line) as { set: Golden['set']; name: string; source: string; hex: string }
      return { set, name, source, bytes: new Uint8Array(Buffer.from(hex, 'hex')) }
    })
}

export function goldenBytes(source: string): Uint8Array {
  const golden =
    readGolden().find((entry) => entry.set === 'term' && entry.name === source) ?? readGolden().find((entry) => entry.source === source)
  if (golden === undefined) throw new Error(`no golden bytes of ${source}`)
  return golden.bytes
}
