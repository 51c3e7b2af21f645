/** Who is handed what after the deaths of workers, whatever the requests, their order and their number. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { newTrials, type Triable } from '../../delivery/trials.js'

const node = 1

interface Asked extends Triable {
  readonly kills: boolean
}

const requests = fc.array(
  fc.record({ client: fc.constantFrom('a', 'b', 'c'), kills: fc.integer({ min: 0, max: 9 }).map((n) => n === 0) }),
  {
    minLength: 1,
    maxLength: 25,
  },
)
/** How many are under way at once, whether somebody ends the worker meanwhile, whether the connection of the first is lost, how many more come. */
const turns = fc.infiniteStream(
  fc.record({
    size: fc.integer({ min: 1, max: 5 }),
    isEnded: fc.nat(9).map((n) => n === 0),
    isLost: fc.nat(14).map((n) => n === 0),
    more: fc.nat(3),
  }),
)

test('every request ends once, in the order of its client; what kills is refused at its second try, nothing else ever is', () => {
  fc.assert(
    fc.property(requests, turns, (list, script) => {
      const unfinished = new Map<number, Asked>()
      const ended: { readonly request: number; readonly entry: Asked }[] = []
      let handed: number[] = []
      let deaths = 0
      const trials = newTrials<Asked>({
        unfinished,
        hand: (request) => handed.push(request),
        drop: () => {
          throw new Error('what is refused unread kills nobody')
        },
        onCondemned: ({ kills }) => {
          expect(kills).toBe(true)
        },
      })
      const waiting = list.map(({ client, kills }, i): [number, Asked] => [i + 1, { node, client, kills, suspicion: 'none' }])
      const submit = (count: number): void => {
        for (const [request, entry] of waiting.splice(0, count)) {
          unfinished.set(request, entry)
          if (trials.isOpen(node)) handed.push(request)
        }
      }
      const die = (underWay: readonly number[], isAsked: boolean): void => {
        deaths += isAsked ? 0 : 1
        handed = []
        trials.died(node, { underWay: new Set(underWay), isAsked })
        submit(2)
        expect(handed).toEqual([])
        trials.begin(node)
      }
      for (const { size, isEnded, isLost, more } of script) {
        submit(1 + more)
        if (unfinished.size === 0 && waiting.length === 0) break
        if (!trials.isOpen(node)) expect(handed.length).toBeLessThanOrEqual(1)
        const underWay = handed.slice(0, size)
        if (isLost && underWay[0] !== undefined && trials.isOpen(node)) {
          unfinished.delete(underWay[0])
          trials.forgotten(underWay[0])
        }
        const isDeadly = underWay.some(
          (request) => unfinished.get(request)?.kills === true && unfinished.get(request)?.suspicion !== 'condemned',
        )
        if (isDeadly || isEnded) {
          die(underWay, !isDeadly)
          continue
        }
        handed = handed.slice(size)
        for (const request of underWay) {
          const entry = unfinished.get(request)
          if (entry !== undefined) ended.push({ request, entry })
          unfinished.delete(request)
          trials.ended(request)
        }
      }
      for (const { entry } of ended) expect(entry.suspicion === 'condemned').toBe(entry.kills)
      for (const client of ['a', 'b', 'c']) {
        const order = ended.filter(({ entry }) => entry.client === client).map(({ request }) => request)
        expect(order).toEqual([...new Set(order)].sort((one, other) => one - other))
      }
      expect(deaths).toBeLessThanOrEqual(2 * list.filter(({ kills }) => kills).length)
      expect(trials.isOpen(node)).toBe(true)
    }),
    { numRuns: 300, seed: 10 },
  )
})
