import { chat } from './chat.js'
import { cluster } from './cluster.js'
import { codec } from './codec.js'
import { connectCost } from './connect.js'
import { durability } from './durability.js'
import { hostile } from './hostile.js'
import { memory } from './memory.js'
import { room } from './room.js'
import { rpcRead } from './rpc-read.js'
import { rpcWrite } from './rpc-write.js'
import type { Scenario } from './scenario.js'
import { search } from './search.js'

export type { Scenario, ScenarioContext } from './scenario.js'

export const scenarios: readonly Scenario[] = [
  rpcWrite,
  rpcRead,
  search,
  chat,
  room,
  connectCost,
  hostile,
  memory,
  codec,
  durability,
  cluster,
]
