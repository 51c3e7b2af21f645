import { StoreOutage } from '../contract.js'
import { infoOf, letIn } from './connection.js'
import { Link, RedisRefusal, type Reply } from './link.js'
import { parseRedisUrl } from './redis-url.js'
import { cannotServe } from './server-facts.js'

/** What a Redis promises about what it has acknowledged. A value that it does not want to tell is `unknown`. */
export interface RedisFacts {
  readonly version: string
  readonly appendonly: 'yes' | 'no' | 'unknown'
  readonly appendfsync: 'always' | 'everysec' | 'no' | 'unknown'
  /** Connected replicas, as far as Redis tells. */
  readonly replicas: number
  /** What stands against using it, each with what to do: a sentence for the log. */
  readonly problems: readonly string[]
}

export interface InspectOptions {
  /** As for the store. */
  readonly url: string
  /** 5,000 ms by default. */
  readonly answerWithinMs?: number
}

/**
 * Looks at a Redis over a connection of its own. It reads only.
 * @throws StoreOutage if Redis cannot be reached or lets nobody in; the text holds no password.
 * @throws RangeError if the URL is none.
 */
export async function inspectRedis({ url, answerWithinMs = 5_000 }: InspectOptions): Promise<RedisFacts> {
  const address = parseRedisUrl(url)
  const link = await Link.open({ address, answerWithinMs })
  try {
    await letIn(link, address)
    const info = await infoOf(link)
    const config = await configOf(link)
    const appendonly = oneOf(config.get('appendonly') ?? byAof[info.get('aof_enabled') ?? ''], ['yes', 'no'])
    const appendfsync = oneOf(config.get('appendfsync'), ['always', 'everysec', 'no'])
    const because = cannotServe(info)
    const problems = [
      ...(because === undefined ? [] : [because]),
      ...durabilityProblems(appendonly, appendfsync),
      ...(config.get('no-appendfsync-on-rewrite') === 'yes' ? [unsyncedRewrites] : []),
    ]
    const replicas = Number(info.get('connected_slaves') ?? 0)
    return { version: info.get('redis_version') ?? 'unknown', appendonly, appendfsync, replicas, problems }
  } catch (error) {
    throw error instanceof StoreOutage ? error : new StoreOutage(`Redis cannot be looked at: ${String(error)}`, { cause: error })
  } finally {
    link.end('it has been looked at')
  }
}

const byAof: Readonly<Record<string, string>> = { '0': 'no', '1': 'yes' }

const unsyncedRewrites =
  'while Redis rewrites its append-only file it does not sync it (no-appendfsync-on-rewrite yes): set no-appendfsync-on-rewrite no'

function durabilityProblems(appendonly: RedisFacts['appendonly'], appendfsync: RedisFacts['appendfsync']): string[] {
  if (appendonly === 'no') return ['Redis loses what was acknowledged when it stops (appendonly no): set appendonly yes']
  if (appendonly === 'unknown' || appendfsync === 'unknown') {
    return ['Redis does not tell how it keeps what was acknowledged (CONFIG is forbidden): see to appendonly yes and appendfsync always']
  }
  if (appendfsync === 'everysec') {
    return [
      'Redis may lose what was acknowledged in the last two seconds when it dies (appendfsync everysec): set appendfsync always where that matters',
    ]
  }
  if (appendfsync === 'no') return ['Redis leaves it to the system when to write (appendfsync no): set appendfsync always']
  return []
}

/** The settings that concern us; none where CONFIG is forbidden, as hosted Redis do. */
async function configOf(link: Link): Promise<ReadonlyMap<string, string>> {
  const config = new Map<string, string>()
  for (const name of ['appendonly', 'appendfsync', 'no-appendfsync-on-rewrite']) {
    const [key, value] = await setting(link, name)
    if (key !== undefined && value !== undefined) config.set(String(key), String(value))
  }
  return config
}

async function setting(link: Link, name: string): Promise<readonly Reply[]> {
  try {
    return (await link.send('config', ['get', name])) as readonly Reply[]
  } catch (error) {
    if (error instanceof RedisRefusal) return []
    throw error
  }
}

function oneOf<T extends string>(found: string | undefined, known: readonly T[]): T | 'unknown' {
  return known.find((one) => one === found) ?? 'unknown'
}
