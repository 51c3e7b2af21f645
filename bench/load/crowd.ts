import { statSync } from 'node:fs'
import { openLmdbStore, type Store } from '../../store/index.js'
import { contacts, indexMakings, type RosterDocument, rosters } from '../../rpc/documents/index.js'
import { ensurePeopleIndex } from '../../rpc/people-index/rebuild.js'
import { phoneIdOf, parsePhone, type PhoneId } from '../../topics/index.js'
import { seeded } from '../seed.js'

/** People who are only stored: far more than could be registered over the wire. */
export interface Crowd {
  /** Names and surnames with a space between. */
  readonly names: readonly string[]
  /** How long it took to make the index people are found by. */
  readonly indexMs: number
  /** Bytes of the store that the index takes. */
  readonly indexBytes: number
}

/** Each of them is every fifth. */
export const commonName = 'Anna'
/** So many have this name, and all of them ban the asker. */
const unfriendly = { name: 'Ulla', count: 2_500 }
export const unfriendlyName = unfriendly.name

const pageRows = 1_000
const firstRosterId = 1_000_000

/** Stores `count` rosters with random names in the data folder of a server that is not running. */
export async function storeCrowd(path: string, count: number, asker: PhoneId): Promise<Crowd> {
  const store = await openLmdbStore({ path })
  try {
    const people = crowd(count)
    for (let at = 0; at < people.length; at += pageRows) {
      await store.commit({ puts: people.slice(at, at + pageRows).flatMap((roster) => putPerson(roster, asker)) })
    }
    await store.commit({ puts: [indexMakings.remove('people')] })
    return { names: people.map(({ names, surnames }) => `${names ?? ''} ${surnames ?? ''}`), ...(await index(store, path)) }
  } finally {
    await store.close()
  }
}

async function index(store: Store, path: string): Promise<Pick<Crowd, 'indexMs' | 'indexBytes'>> {
  const before = bytesUsed(path)
  const begun = performance.now()
  await ensurePeopleIndex(store)
  return { indexMs: performance.now() - begun, indexBytes: bytesUsed(path) - before }
}

function bytesUsed(path: string): number {
  return statSync(`${path}/data.mdb`).blocks * 512
}

function crowd(count: number): RosterDocument[] {
  const random = seeded(12)
  const firstNames = Array.from({ length: 1_000 }, () => word(random, 2))
  const surnames = Array.from({ length: 20_000 }, () => word(random, 3))
  const pick = (words: readonly string[]): string => words[Math.floor(random() * words.length)] ?? ''
  return Array.from({ length: count }, (_, i) => {
    const names = i < unfriendly.count ? unfriendly.name : i % 5 === 0 ? commonName : pick(firstNames)
    const id = firstRosterId + i
    return { id, names, surnames: pick(surnames), email: null, nick: null, avatar: null, created: 0, update: 0 }
  })
}

function putPerson(roster: RosterDocument, asker: PhoneId) {
  const phone = parsePhone(`38050${String(roster.id)}`)
  const phoneId = phone && phoneIdOf(phone, roster.id)
  if (phoneId === undefined) throw new RangeError(`${roster.id} is no roster id`)
  const ban = { state: 'none', bans: false, isBanned: true, isMuted: false, settings: [], created: 0, update: 0 } as const
  return [rosters.put(roster, phoneId), ...(roster.names === unfriendly.name ? [contacts.put(ban, asker, phoneId)] : [])]
}

/** A capital, and syllables of two or three letters. */
function word(random: () => number, syllables: number): string {
  const letter = (of: string): string => of[Math.floor(random() * of.length)] ?? ''
  const syllable = (): string => letter('bdfghklmnprstvz') + letter('aeiou') + (random() < 0.3 ? letter('lmnrs') : '')
  const text = Array.from({ length: syllables }, syllable).join('')
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
