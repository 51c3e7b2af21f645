import { expect, test } from '@jest/globals'
import { newKeptLedger } from '../../delivery/kept-ledger.js'

const kib = 1024

test('where all together leave too much unread, those who leave most are let go, as things stand and not as they were', () => {
  const unread = new Map<string, number>()
  const gone: string[] = []
  const ledger = newKeptLedger<string>({
    limitBytes: 100 * kib,
    bytesOf: (owner) => unread.get(owner) ?? 0,
    onMost: (owner) => gone.push(owner),
  })
  const leaves = (owner: string, bytes: number): void => {
    unread.set(owner, bytes)
    ledger.note(owner, bytes)
  }
  leaves('read since', 60 * kib)
  unread.set('read since', 0)
  leaves('ann', 30 * kib)
  leaves('mallory', 50 * kib)
  expect(gone).toEqual([])
  leaves('boris', 40 * kib)
  expect(gone).toEqual(['mallory'])
  for (let i = 0; i < 100; i++) leaves(`small ${String(i)}`, 15 * kib)
  expect(gone).toEqual(['mallory'])
  leaves('carl', 200 * kib)
  expect(gone).toEqual(['mallory', 'carl'])
})
