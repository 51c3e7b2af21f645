import type { Term } from './erlang-term.js'

const [version, nil, smallTuple, largeTuple, list, string, binary, atom, smallInteger, integer, smallBig, float] = [
  131, 106, 104, 105, 108, 107, 109, 100, 97, 98, 110, 70,
]

/** External term format as a device of 2018 sends it. @see Erlang/OTP, External Term Format */
export function termBytes(term: Term): Buffer {
  return Buffer.concat([Buffer.from([version]), write(term)])
}

function write(term: Term): Buffer {
  switch (term.kind) {
    case 'atom':
      return Buffer.concat([Buffer.from([atom, 0, Buffer.byteLength(term.name)]), Buffer.from(term.name)])
    case 'binary':
      return Buffer.concat([withLength(binary, Buffer.byteLength(term.text)), Buffer.from(term.text)])
    case 'integer':
      return writeInteger(term.value)
    case 'float': {
      const bytes = Buffer.from([float, 0, 0, 0, 0, 0, 0, 0, 0])
      bytes.writeDoubleBE(term.value, 1)
      return bytes
    }
    case 'tuple':
      return Buffer.concat([Buffer.from([smallTuple, term.items.length]), ...term.items.map(write)])
    case 'list':
      if (term.items.length === 0) return Buffer.from([nil])
      return Buffer.concat([withLength(list, term.items.length), ...term.items.map(write), Buffer.from([nil])])
  }
}

function withLength(tag: number, length: number): Buffer {
  const bytes = Buffer.from([tag, 0, 0, 0, 0])
  bytes.writeUInt32BE(length, 1)
  return bytes
}

function writeInteger(value: number): Buffer {
  if (value >= 0 && value < 256) return Buffer.from([smallInteger, value])
  if (Math.abs(value) < 2 ** 31) {
    const bytes = Buffer.from([integer, 0, 0, 0, 0])
    bytes.writeInt32BE(value, 1)
    return bytes
  }
  const digits: number[] = []
  for (let rest = BigInt(Math.abs(value)); rest > 0n; rest >>= 8n) digits.push(Number(rest & 255n))
  return Buffer.from([smallBig, digits.length, value < 0 ? 1 : 0, ...digits])
}

/** Reads what the server sends: one term, in the forms of rpc.md 1.3 and no others. @throws if it is anything else */
export function termOf(bytes: Uint8Array): Term {
  const view = Buffer.from(bytes)
  let at = 1

  function take(count: number): Buffer {
    if (at + count > view.length) throw new RangeError('the term ends too early')
    at += count
    return view.subarray(at - count, at)
  }

  const uint32 = (): number => take(4).readUInt32BE()
  const several = (count: number): Term[] => Array.from({ length: count }, () => read())

  function read(): Term {
    const tag = take(1).readUInt8()
    switch (tag) {
      case nil:
        return { kind: 'list', items: [] }
      case smallTuple:
        return { kind: 'tuple', items: several(take(1).readUInt8()) }
      case largeTuple:
        return { kind: 'tuple', items: several(uint32()) }
      case list: {
        const items = several(uint32())
        if (take(1).readUInt8() !== nil) throw new TypeError('an improper list')
        return { kind: 'list', items }
      }
      case string:
        return { kind: 'list', items: [...take(take(2).readUInt16BE())].map((value) => ({ kind: 'integer', value })) }
      case binary:
        return { kind: 'binary', text: take(uint32()).toString('utf8') }
      case atom:
        return { kind: 'atom', name: take(take(2).readUInt16BE()).toString('latin1') }
      case smallInteger:
        return { kind: 'integer', value: take(1).readUInt8() }
      case integer:
        return { kind: 'integer', value: take(4).readInt32BE() }
      case smallBig: {
        const [count = 0, sign] = take(2)
        const value = [...take(count)].reduceRight((sum, digit) => sum * 256 + digit, 0)
        return { kind: 'integer', value: sign === 0 ? value : -value }
      }
      case float:
        return { kind: 'float', value: take(8).readDoubleBE() }
      default:
        throw new TypeError(`a term tag the server does not send: ${String(tag)}`)
    }
  }

  if (view[0] !== version) throw new TypeError('not external term format')
  const term = read()
  if (at !== view.length) throw new RangeError('bytes after the term')
  return term
}
