/** A refusal that is kept back. */
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { PassThrough } from 'node:stream'
import { refuseLater } from '../../broker/packets/refuse-later.js'

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick'] })
})
afterEach(() => {
  jest.useRealTimers()
})

test('is told once its time has come, at once without one, and not to who has gone', async () => {
  const told: string[] = []
  const [waits, gone] = [new PassThrough(), new PassThrough()]
  refuseLater(new PassThrough(), 0, () => told.push('at once'))
  refuseLater(waits, 1_000, () => told.push('later'))
  refuseLater(gone, 1_000, () => told.push('never'))
  gone.destroy()
  await new Promise((resolve) => gone.once('close', resolve))
  jest.advanceTimersByTime(999)
  expect(told).toEqual(['at once'])
  jest.advanceTimersByTime(1)
  expect(told).toEqual(['at once', 'later'])
})
