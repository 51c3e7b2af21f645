import type { Lanes } from './lanes.js'
import type { NamedItem } from './requests.js'

export interface MissedDeparturesWorld {
  readonly lanes: () => Lanes
  /** Whether a later connection of the client stands here. */
  readonly isBack: (client: string) => boolean
  readonly run: (item: NamedItem) => Promise<void>
}

/** Ends of connections of which nothing could be stored for lack of room, the latest of each client, until they can be. */
export interface MissedDepartures {
  note(item: NamedItem): void
  /** There is room: they are made up for, but for those of clients that are back. */
  makeUp(): void
}

/** Clients remembered; who is forgotten is shown online until it has been back, or the process has ended. */
const clientLimit = 100_000

export function newMissedDepartures({ lanes, isBack, run }: MissedDeparturesWorld): MissedDepartures {
  const missed = new Map<string, NamedItem>()
  return {
    note(item) {
      const { clientId } = item.asker
      const name = item.name()
      // The end of a connection says all that its loss has said.
      const isEnd = name === 'disconnected' || (name === 'lost' && !missed.has(clientId))
      if (isEnd && (missed.has(clientId) || missed.size < clientLimit)) missed.set(clientId, item)
    },
    makeUp() {
      for (const item of missed.values()) {
        const { clientId } = item.asker
        lanes().add(clientId, { kind: 'departure', run: () => (isBack(clientId) ? Promise.resolve() : run(item)) })
      }
      missed.clear()
    },
  }
}
