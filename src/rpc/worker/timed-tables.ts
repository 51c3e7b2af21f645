import type { ClientId } from '../../topics/index.js'
import { uploads } from '../documents/index.js'
import type { FactReader } from '../facts.js'
import { uploadExpiry } from '../handlers/message/upload-expiry.js'
import type { Outcome } from '../outcome.js'
import type { Asker } from './draft.js'
import type { NamedItem, RequestWorld } from './requests.js'
import type { TimedTable } from './timers.js'

/** Stands for the client of what nobody asks for. No connection can have this id: CONNECT takes four prefixes, and this is none of them. */
export const timerClient = 'timer' as ClientId

/** Nobody: there is no connection 0, so what is answered to it goes nowhere. */
const nobody: Asker = { connection: 0, clientId: timerClient, actionsTopic: '', hasInbox: false, qos: 2 }

/** Every table of which rows fall due. */
export function timedTables(_world: RequestWorld): readonly TimedTable[] {
  return [
    {
      prefix: uploads.prefix(),
      dueOf: (key) => uploads.partsOf(key)[0],
      itemOf(key) {
        const [due, batch] = uploads.partsOf(key)
        return timedItem('upload-expired', async (facts) =>
          uploadExpiry.decide({ due, batch }, await uploadExpiry.read({ due, batch }, facts)),
        )
      },
    },
  ]
}

function timedItem(name: string, evaluate: (facts: FactReader) => Promise<Outcome>): NamedItem {
  return { asker: nobody, request: 0, isRepeated: false, answersRefusals: false, name: () => name, evaluate }
}
