import { expect, jest, test } from '@jest/globals'
import { closeWhenRead } from '../../delivery/close.js'
import type { Connection } from '../../delivery/index.js'
import type { DeliveryState } from '../../delivery/delivery-state.js'

test('a connection is closed when its device has read what it was sent and has been told that its request is done', () => {
  jest.useFakeTimers()
  try {
    const close = jest.fn()
    const pump = { isIdle: false }
    const connection = { pump, link: { close }, words: { clientId: 'one' }, state: 'open' } as unknown as Connection
    let underWay = 1
    const state = {
      doors: [],
      requests: { underWayOf: () => underWay },
      world: { log: { debug: () => undefined } },
    } as unknown as DeliveryState
    closeWhenRead(state, connection, 'logout')
    pump.isIdle = true
    jest.advanceTimersByTime(1_000)
    expect(close).not.toHaveBeenCalled()
    underWay = 0
    jest.advanceTimersByTime(1_000)
    expect(close).toHaveBeenCalledWith('logout')
  } finally {
    jest.useRealTimers()
  }
})
