/**
 * People chat across two nodes while a part of the cluster fails; whatever has been acknowledged is stored and delivered once and in order.
 * `npm run faults` does the same for longer.
 */
import { afterEach, expect, test } from '@jest/globals'
import { type ChatFault, killNodes, killRedis, loseLink, restartInTurn } from './chat-faults.js'
import { type ChatWorld, type ChatWorldOptions, conclude, startChatWorld } from './chat-world.js'

const between = 100

let world: ChatWorld | undefined
afterEach(async () => {
  await world?.close()
  world = undefined
})

/** Lets it happen, and expects that nothing is missing, repeated or out of order. */
async function through(faults: readonly ChatFault[], options: Partial<ChatWorldOptions>): Promise<ChatWorld> {
  world = await startChatWorld({ nodes: 2, citizens: 8, ...options })
  for (const fault of faults) await fault.run(world)
  const { findings, sessionsLost, ...counts } = await conclude(world)
  process.stdout.write(`${faults.map(({ name }) => name).join(', ')}: ${JSON.stringify({ ...counts, ...world.fleet.counts })}\n`)
  expect({ count: findings.length, first: findings.slice(0, 5) }).toEqual({ count: 0, first: [] })
  expect(sessionsLost).toBe(0)
  return world
}

test('a node is killed and comes back', async () => {
  await through([killNodes(2, between)], {})
})

test('a Redis that brings every commit to the disk is killed and comes back', async () => {
  const { town } = await through([killRedis(2, between)], { appendFsync: 'always' })
  expect(town.citizens.map(({ device }) => device.counts.connectionsLost)).toEqual(town.citizens.map(() => 0))
})

test('a node loses its link to Redis, and has it again', async () => {
  await through([loseLink('cut', 1, between), loseLink('silent', 1, between)], { hasLinks: true })
})

test('all nodes behind HAProxy are restarted in turn', async () => {
  const { fleet, cluster } = await through([restartInTurn(between)], { isBalanced: true })
  expect(fleet.counts.returns).toBeGreaterThan(0)
  expect(cluster.nodes.flatMap(({ faults }) => faults)).toEqual([])
})
