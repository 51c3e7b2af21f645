import { decideDelivery } from '../../../acl/index.js'
import type { AnyRecord, Contact, RecordOf } from '../../../protocol/index.js'
import { messageKey, type StoreReader } from '../../../store/contract.js'
import type { PhoneId } from '../../../topics/index.js'
import { type MessageDocument, messages } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { type PersonalSight, readSight, waitingMessage } from '../../views/feed-sight.js'
import { feedNamed, messageRecord } from '../../views/message-view.js'

type Message = RecordOf<'Message'>

/** What may be delivered to one person as things stand; it reads each feed once. */
export interface Sights {
  /** A message by its id, as it stands; undefined if it may not be delivered, or is gone. */
  messageNow(id: number): Promise<Message | undefined>
  /** A record without the copies of messages in it that may not be delivered; undefined where nothing is left of it. */
  withoutWithdrawn(record: AnyRecord): Promise<AnyRecord | undefined>
}

/** @param rosters all that the person has now */
export function newSights(store: StoreReader, facts: FactReader, rosters: readonly PhoneId[]): Sights {
  const known = new Map<string, Promise<PersonalSight>>()

  function sightOf(feed: string): Promise<PersonalSight> {
    const sight = known.get(feed) ?? readSight(facts, feedNamed(feed), rosters)
    known.set(feed, sight)
    return sight
  }

  async function read(id: number, kind: 'reference' | 'copy'): Promise<MessageDocument | undefined> {
    const bytes = await store.get(messageKey(id))
    if (bytes === undefined) return undefined
    const document = messages.decode(bytes)
    const sight = await sightOf(document.feed)
    return decideDelivery(sight, waitingMessage(sight, { id, kind, document })).allowed ? document : undefined
  }

  /** What is without content tells of a change, and may be told. */
  async function mayShow({ id, files }: Message): Promise<boolean> {
    return id === null || files.length === 0 || (await read(id, 'copy')) !== undefined
  }

  async function withoutLast<R extends Contact | RecordOf<'Room'>>(record: R): Promise<R> {
    const { last_msg } = record
    // v11 may name it by its id.
    return last_msg === null || typeof last_msg === 'number' || (await mayShow(last_msg)) ? record : { ...record, last_msg: null }
  }

  return {
    async messageNow(id) {
      const document = await read(id, 'reference')
      if (document === undefined) return undefined
      const place = await store.feedPlace(document.feed, id)
      return messageRecord({ id, previous: place?.previous ?? 0, next: 0 }, document)
    },
    async withoutWithdrawn(record) {
      switch (record.tag) {
        case 'Message':
          return (await mayShow(record)) ? record : undefined
        case 'Contact':
        case 'Room':
          return withoutLast(record)
        case 'Roster': {
          const userlist = await Promise.all(record.userlist.map(async (one) => (typeof one === 'object' ? withoutLast(one) : one)))
          return { ...record, userlist, roomlist: await Promise.all(record.roomlist.map(withoutLast)) }
        }
        default:
          return record
      }
    },
  }
}
