import { setTimeout as lasts } from 'node:timers/promises'
import type { ChatWorld } from './chat-world.js'

/** What happens to a cluster while people chat. It strikes after so many acknowledgements, and is over after so many more. */
export interface ChatFault {
  readonly name: string
  run(world: ChatWorld): Promise<void>
}

/** The nodes are killed in turn, each once; devices go to the others, and home when it is back. @param between acknowledgements before and after each kill */
export function killNodes(rounds: number, between: number): ChatFault {
  return {
    name: `kill -9 of a node, ${times(rounds)}`,
    async run({ cluster, load, fleet }) {
      for (let round = 0; round < rounds; round++) {
        const node = cluster.nodes[round % cluster.nodes.length]!
        await load.acknowledgements(between)
        await node.kill()
        await load.acknowledgements(between)
        await node.start()
        await fleet.begin(cluster.doors)
      }
      await load.acknowledgements(between)
    },
  }
}

/** @param between acknowledgements before and after each kill */
export function killRedis(rounds: number, between: number): ChatFault {
  return {
    name: `kill -9 of Redis, ${times(rounds)}`,
    async run({ cluster, load }) {
      for (let round = 0; round < rounds; round++) {
        await load.acknowledgements(between)
        await cluster.redis.kill()
        await cluster.redis.start()
      }
      await load.acknowledgements(between)
    },
  }
}

/** The link between one node and Redis is cut (connections reset, new ones refused) or goes silent. @param between acknowledgements before and after */
export function loseLink(kind: 'cut' | 'silent', seconds: number, between: number, place = 0): ChatFault {
  return {
    name: `link of a node to Redis ${kind} for ${String(seconds)} s`,
    async run({ cluster, load, fleet }) {
      const link = cluster.links[place]
      if (link === undefined) throw new Error('the cluster was started without links')
      await load.acknowledgements(between)
      if (kind === 'cut') await link.cut()
      else link.freeze()
      await lasts(seconds * 1_000)
      await link.heal()
      await load.acknowledgements(between)
      await fleet.begin(cluster.doors)
    },
  }
}

/** Redis answers nobody (SIGSTOP). @param between acknowledgements before and after */
export function stopRedis(seconds: number, between: number): ChatFault {
  return {
    name: `Redis silent for ${String(seconds)} s`,
    async run({ cluster, load }) {
      await load.acknowledgements(between)
      cluster.redis.stop()
      await lasts(seconds * 1_000)
      cluster.redis.goOn()
      await load.acknowledgements(between)
    },
  }
}

/** Every node is ended in order and started again, one after the other. @param between acknowledgements before each end, while it is away, and after */
export function restartInTurn(between: number): ChatFault {
  return {
    name: 'rolling restart',
    async run({ cluster, load, fleet }) {
      for (const node of cluster.nodes) {
        await load.acknowledgements(between)
        const code = await node.terminate()
        if (code !== 0) throw new Error(`a node that was told to end ended with ${String(code)}`)
        await fleet.allHere()
        await load.acknowledgements(between)
        await node.start()
      }
      await load.acknowledgements(between)
    },
  }
}

function times(rounds: number): string {
  return rounds === 1 ? 'once' : `${String(rounds)} times`
}
