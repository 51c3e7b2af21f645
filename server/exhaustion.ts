import { type Monotonic, monotonicMs, wallMs } from '../clock/index.js'
import type { Readiness } from './http.js'
import type { Log } from './log.js'
import type { Metrics } from './metrics.js'

/** What a server may run out of, and whether it can serve nobody without it or only lacks something. */
export const resources = {
  /** Room for the store. */
  disk: 'serves nobody',
  /** The Redis of a cluster: away, or refusing to write. */
  store: 'serves nobody',
  memory: 'serves nobody',
  /** File descriptors, which connections are made of. */
  descriptors: 'serves nobody',
  /** As many connections are open as the options allow. */
  connections: 'serves nobody',
  /** Room for files under way, or their folder. */
  files: 'lacks',
  'object-storage': 'lacks',
  /** Notifications that wait. */
  outbox: 'lacks',
  sms: 'lacks',
  voice: 'lacks',
  email: 'lacks',
  push: 'lacks',
  cloud: 'lacks',
} as const

export type Resource = keyof typeof resources

const names = Object.keys(resources) as Resource[]

/**
 * What this server has run out of. Whoever finds out tells it here, as often as he likes: it is logged once when it begins (`exhausted`) and once
 * when it ends (`recovered`), stands in `/readyz` with the time since when, and in the gauge `nynja_exhausted`.
 */
export interface Exhaustion {
  /** @param because for operators; holds nothing of a peer's @param holder who found out, where several may */
  begin(resource: Resource, because: string, holder?: string): void
  /** Does nothing where it has not begun. It ends when it has ended for every holder. */
  end(resource: Resource, holder?: string): void
  has(resource: Resource): boolean
  /** What `/readyz` says of a server that is ready otherwise. */
  readonly readiness: () => Readiness
}

interface Spell {
  readonly since: Date
  readonly begun: Monotonic
  readonly because: Map<string, string>
}

export function newExhaustion(log: Log, { exhausted }: Pick<Metrics, 'exhausted'>): Exhaustion {
  const spells = new Map<Resource, Spell>()
  for (const resource of names) exhausted.set({ resource }, 0)

  function lineOf(resource: Resource, { since, because }: Spell): string {
    const [first = ''] = because.values()
    return `${resource} exhausted since ${since.toISOString()}: ${first}`
  }

  return {
    begin(resource, because, holder = '') {
      const known = spells.get(resource)
      if (known !== undefined) {
        known.because.set(holder, because)
        return
      }
      spells.set(resource, { since: new Date(wallMs()), begun: monotonicMs(), because: new Map([[holder, because]]) })
      exhausted.set({ resource }, 1)
      log.warn({ event: 'exhausted', resource, because }, `${resource} exhausted: ${because}`)
    },
    end(resource, holder = '') {
      const spell = spells.get(resource)
      if (spell?.because.delete(holder) !== true || spell.because.size > 0) return
      spells.delete(resource)
      exhausted.set({ resource }, 0)
      const seconds = Math.round((monotonicMs() - spell.begun) / 1_000)
      log.info({ event: 'recovered', resource, since: spell.since.toISOString(), seconds }, `${resource}: there is enough again`)
    },
    has: (resource) => spells.has(resource),
    readiness() {
      const lines = [...spells].map(([resource, spell]) => lineOf(resource, spell))
      const isServing = [...spells.keys()].every((resource) => resources[resource] === 'lacks')
      return isServing ? { kind: 'ready', lacking: lines } : { kind: 'not-ready', because: lines.join('\n') }
    },
  }
}
