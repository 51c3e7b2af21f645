import { expect, test } from '@jest/globals'
import { type Reader, ReadingTurns } from '../../broker/packets/reading-turns.js'

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('who sends little reads before nearly all of those who send much and came before him, however many they are', async () => {
  let now = 0
  const turns = new ReadingTurns(() => now)
  const read: string[] = []
  /** Reads on for as long as he has something left. */
  const newReader = (name: string, packets: number, bytes: number): Reader => {
    let left = packets
    const reader: Reader = {
      isKnown: true,
      level: 0,
      wake() {
        if (!turns.begin(reader)) return
        now += 1
        read.push(name)
        turns.hasRead(reader, bytes)
        if (--left > 0) turns.later(reader)
      },
    }
    return reader
  }
  for (let i = 0; i < 100; i++) turns.later(newReader(`heavy ${String(i)}`, 50, 8_192))
  while (read.length < 150) await nextTurn()
  const before = read.length
  turns.later(newReader('light', 1, 200))
  while (!read.includes('light')) await nextTurn()
  expect(read.slice(before).indexOf('light')).toBeLessThan(8)
})
