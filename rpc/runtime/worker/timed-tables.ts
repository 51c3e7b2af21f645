import type { ClientId } from '../../../topics/index.js'
import { chores, dueJobs, dueTime, uploads } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { leftBehind } from '../../handlers/connect/left-behind.js'
import { jobFallsDue } from '../../handlers/job/fall-due.js'
import { choreStep } from '../../handlers/life/index.js'
import { uploadExpiry } from '../../handlers/message/upload-expiry.js'
import type { LeftDevice } from '../members/take-over.js'
import type { Outcome } from '../../outcome.js'
import type { Caller } from '../../request.js'
import type { Asker } from './draft.js'
import type { NamedItem, RequestWorld } from './requests.js'
import type { TimedTable } from './timers.js'

/** Stands for the client of what nobody asks for. No connection can have this id: CONNECT takes four prefixes, and this is none of them. */
export const timerClient = 'timer' as ClientId

/** Nobody: there is no connection 0, so what is answered to it goes nowhere. */
const nobody: Asker = { connection: 0, clientId: timerClient, actionsTopic: '', hasInbox: false, qos: 2 }

/** Who asks for what nobody asks for: no rights come of it. */
const timer: Caller = {
  client: { kind: 'anonymous', clientId: timerClient, userName: '' },
  ...{ clientId: timerClient, dialect: 'v11', codec: 'bert', address: '', token: null },
}

type TimedWorld = Pick<RequestWorld, 'context' | 'now'>

/** Every table of which rows fall due. */
export function timedTables({ context, now }: TimedWorld): readonly TimedTable[] {
  return [
    {
      prefix: dueJobs.prefix(),
      dueOf: (key) => dueTime(dueJobs.partsOf(key)[0]),
      itemOf(key) {
        const [due, author, idLevel] = dueJobs.partsOf(key)
        return timedItem('job-due', async (facts) => {
          const event = { due, author, idLevel, caller: timer, now: now(), context }
          return jobFallsDue.decide(event, await jobFallsDue.read(event, facts))
        })
      },
    },
    {
      prefix: uploads.prefix(),
      dueOf: (key) => dueTime(uploads.partsOf(key)[0]),
      itemOf(key) {
        const [due, batch] = uploads.partsOf(key)
        return timedItem('upload-expired', async (facts) =>
          uploadExpiry.decide({ due, batch }, await uploadExpiry.read({ due, batch }, facts)),
        )
      },
    },
  ]
}

/** Work that goes on in steps; a step stores the row of the next. */
export function choreTables({ now }: Pick<TimedWorld, 'now'>): readonly TimedTable[] {
  return [
    {
      prefix: chores.prefix(),
      // Its time tells which is older; none is for later, whatever the clock has been set to since.
      dueOf: () => 0,
      itemOf(key) {
        const [due, id] = chores.partsOf(key)
        return timedItem('chore', async (facts) => {
          const step = { due, id, now: now() }
          return choreStep.decide(step, await choreStep.read(step, facts))
        })
      },
    },
  ]
}

/** The departure of a device whose process is dead. */
export function leftBehindItem({ fence, ...device }: LeftDevice, now: () => number): NamedItem {
  const item = timedItem('left-behind', async (facts) => {
    const event = { ...device, now: now() }
    return leftBehind.decide(event, await leftBehind.read(event, facts))
  })
  return { ...item, fence }
}

function timedItem(name: string, evaluate: (facts: FactReader) => Promise<Outcome>): NamedItem {
  return { asker: nobody, request: 0, isRepeated: false, answersRefusals: false, name: () => name, evaluate }
}
