import { redisVersion } from '../peers/redis.js'
import { clusterChat } from './cluster-chat.js'
import { clusterConnect } from './cluster-connect.js'
import { clusterStart } from './cluster-start.js'
import type { Scenario } from './scenario.js'

/** @see docs/decisions/0156-how-clusters-are-compared.md */
export const cluster: Scenario = {
  name: 'cluster',
  about: 'two nodes on one Redis, against two bare Aedes on one Redis: chat from node to node, connects, starts',
  run: async (context) => {
    if (redisVersion() === undefined) throw new Error('redis-server is not installed')
    return [...(await clusterChat(context)), ...(await clusterConnect(context)), ...(await clusterStart(context))]
  },
}
