import { type ChannelErrorCode, limits, type RecordOf } from '../../../protocol/index.js'
import type { Put } from '../../../store/contract.js'
import type { RoomId } from '../../../topics/index.js'
import { links, type RoomLink } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { isLinkName, linkKey } from './link-fields.js'

type Link = RecordOf<'Link'>

/** Which of the links that a new channel asks for are another's; checked facts. Reads as many as a channel may have. */
export async function readTaken(facts: FactReader, asked: readonly Link[]): Promise<readonly string[]> {
  const taken: string[] = []
  for (const { id } of asked.slice(0, limits.linksPerChannel)) {
    const key = linkKey(id)
    if (key !== undefined && (await facts.get(links, key)) !== undefined) taken.push(key)
  }
  return taken
}

/** Why a new channel cannot have these links, or undefined. */
export function newLinksFault(asked: readonly Link[], taken: readonly string[]): ChannelErrorCode | undefined {
  const keys = asked.map(({ id }) => linkKey(id))
  if (keys.includes(undefined)) return 'LNKIE1'
  if (!asked.every(({ name }) => isLinkName(name))) return 'GIE1'
  if (new Set(keys).size < keys.length || keys.some((key) => key !== undefined && taken.includes(key))) return 'LNKIE2'
  return keys.length > limits.linksPerChannel ? 'LNKIE3' : undefined
}

/** The links of a new channel, and the rows by which it is found. */
export function newLinks(
  room: RoomId,
  asked: readonly Link[],
  now: number,
): { readonly list: readonly RoomLink[]; readonly puts: readonly Put[] } {
  const list = asked.map(({ id, name }): RoomLink => ({ id: id ?? '', name, created: now }))
  return { list, puts: list.map(({ id }) => links.put({ room }, id.toLowerCase())) }
}
