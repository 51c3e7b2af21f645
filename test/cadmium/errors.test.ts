import { expect, test } from '@jest/globals'
import { coreErrors } from '../../cadmium/index.js'
import { quotedIn, tableOf } from './contract.js'

const inCode = Object.values<{ readonly code: number; readonly text: string; readonly published?: string }>(coreErrors)
/** Reserved: never sent. */
const reserved = [905]

function codesIn(cell: string): readonly number[] {
  const range = /^(\d+)\.\.(\d+)$/.exec(cell)
  if (range === null) return (cell.match(/\d+(?=[,\s]|$)/g) ?? []).map(Number)
  const [from, to] = [Number(range[1]), Number(range[2])]
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}

test('codes and texts are those of the contract, 2.2', () => {
  const rows = tableOf('### 2.2').filter(([code]) => !code?.startsWith('900'))
  const listed = rows.map(([code, text = '']) => ({ code: Number(code), text: quotedIn(text)[0] }))
  expect(inCode.filter(({ code }) => code < 900).map(({ code, text }) => ({ code, text }))).toEqual(listed)
})

test('texts of published types are those of the contract, 4.6', () => {
  const listed = tableOf('### 4.6', 1).flatMap(([codes = '', ids = '']) => {
    const numbers = codesIn(codes.replace(/\(.*\)/, ''))
    const [words, texts = []] = ids.split(', text ').map(quotedIn)
    return numbers.map((code, i) => ({ code, published: words?.length === 1 ? words[0] : words?.[i], text: texts[0] }))
  })
  const sent = inCode.filter(({ published }) => published !== undefined)
  const byCode = (a: { code: number }, b: { code: number }): number => a.code - b.code
  expect(sent.map(({ code, published }) => ({ code, published }))).toEqual(
    listed
      .filter(({ code }) => !reserved.includes(code))
      .sort(byCode)
      .map(({ code, published }) => ({ code, published })),
  )
  for (const { code, text } of listed) if (text !== undefined) expect(inCode.find((one) => one.code === code)?.text).toBe(text)
})

test('no code is used twice', () => expect(new Set(inCode.map(({ code }) => code)).size).toBe(inCode.length))
