import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { selectNode } from '../../topics/index.js'

// topics.md 3.2
describe('selectNode', () => {
  test.each([
    ['emqttd_1', 1],
    ['emqttd_test', 2],
    ['reg_A1', 2],
    ['emqttd_A2', 4],
  ])('of 4 nodes %s has number %d', (clientId, node) => {
    expect(selectNode(clientId, 4)).toBe(node)
  })

  test('a named node is followed if it exists, and is as good as empty if not', () => {
    expect([1, 2, 3, 4].map((named) => selectNode('reg_A1', 4, named))).toEqual([1, 2, 3, 4])
    expect(
      [0, 5, -1, 1.5, NaN, undefined].map((named) => (named === undefined ? selectNode('reg_A1', 4) : selectNode('reg_A1', 4, named))),
    ).toEqual([2, 2, 2, 2, 2, 2])
  })

  test('is 1..N, by the first byte of MD5', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 64 }), (clientId, nodes) => {
        const first = parseInt(createHash('md5').update(clientId).digest('hex').slice(0, 2), 16)
        expect(selectNode(clientId, nodes)).toBe((first % nodes) + 1)
      }),
    )
  })

  test('no nodes is a fault', () => {
    for (const nodes of [0, -1, 1.5, NaN]) expect(() => selectNode('reg_A1', nodes)).toThrow(RangeError)
  })
})
