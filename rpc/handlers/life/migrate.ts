import { isRecent } from '../../../clock/index.js'
import { err, ok, type Profile } from '../../../protocol/index.js'
import type { Phone } from '../../../topics/index.js'
import { type MigrationDocument, migrations, type ProfileDocument, profiles } from '../../documents/index.js'
import type { BudgetState } from '../../budgets/budget.js'
import { askAbout, readPeopleBudgets } from '../../budgets/people-budget.js'
import { type CodeFacts, readCode, sendCode } from '../../codes/code.js'
import type { FactReader } from '../../facts.js'
import { type AccountNumber, readAccountOf } from '../../names/account-number.js'
import { accept, answer, type Job, type Outcome, refuse, refuseUntil } from '../../outcome.js'
import { handler, type Request } from '../../request.js'
import { isOpen, readPhone } from '../auth/registration.js'

/** What a move to another number rests on, at its beginning and at its end. */
export interface MoveFacts {
  /** The number asked for, and whose it is. */
  readonly wanted: AccountNumber | undefined
  readonly profile: ProfileDocument | undefined
  /** The wanted number has an account. */
  readonly isTaken: boolean
  readonly pending: MigrationDocument | undefined
}

const nothing: MoveFacts = { wanted: undefined, profile: undefined, isTaken: false, pending: undefined }

/** The facts of Profile/migrate and Profile/phone; all of them are checked at commit. */
export async function readMove({ record, caller: { client } }: Request<Profile>, facts: FactReader): Promise<MoveFacts> {
  const number = readPhone(record.phone)
  if (client.kind !== 'device' || number === undefined) return nothing
  const [wanted, profile, pending] = await Promise.all([
    readAccountOf(facts, number),
    facts.get(profiles, client.phone),
    facts.get(migrations, client.phone),
  ])
  const isTaken = (await facts.get(profiles, wanted.filed)) !== undefined
  return { wanted, profile, isTaken, pending }
}

interface MigrateFacts extends MoveFacts {
  /** Undefined where no number is given. */
  readonly code: CodeFacts | undefined
  readonly budgets: readonly BudgetState[]
}

/**
 * Begins a move to another number: sends it a code.
 * @refuses `not_authorized` to all but devices; `invalid_data` for what is no number, for the own one, and for one that has a profile;
 *   `attempts_expired` once too many people were asked about, or if codes were asked for too often; later `sms_send`
 * @see docs/protocol/rpc.md 6, Profile/migrate
 */
export const migrate = handler({
  async read(request: Request<Profile>, facts: FactReader): Promise<MigrateFacts> {
    const move = await readMove(request, facts)
    return {
      ...move,
      code: move.wanted && (await readCode(request, facts, { kind: 'number', number: move.wanted.number })),
      budgets: await readPeopleBudgets(request, facts),
    }
  },

  decide(request: Request<Profile>, facts: MigrateFacts): Outcome {
    const { client } = request.caller
    const { wanted, isTaken, pending, code } = facts
    if (client.kind !== 'device' || (wanted !== undefined && facts.profile === undefined)) return refuse('not_authorized', 'not an account')
    if (wanted === undefined || code === undefined) return refuse('invalid_data', 'not a phone')
    if (isTaken && wanted.filed === client.phone) return refuse('invalid_data', 'the own number')
    const counted = askAbout(facts.budgets, 1, request.now)
    if (counted.kind === 'refused') return counted
    // That the number has a profile tells something of somebody, and counts as a search for it does.
    if (isTaken) return accept({ puts: counted.puts, sends: [answer(err('invalid_data'))] })
    if (keepsCode(request, wanted.number, pending)) return accept({ sends: [answer(ok('migration'))] })
    const asked = recent(request, pending)
    if (asked.length >= request.context.limits.migrationCodes) return refuseUntil(asked, migrationCountMs, request.now)
    const migration = newMigration(request, wanted.number, asked, code.fresh)
    const puts = [migrations.put(migration, client.phone)]
    return sendCode({ job: smsOf(migration), puts, done: ok('migration') }, code, request.now)
  },
})

function keepsCode(request: Request, number: Phone, pending: MigrationDocument | undefined): boolean {
  if (pending?.number !== number || pending.code === '') return false
  return isRecent(pending.sent, request.context.limits.codeKeepMs, request.now) && isOpen(pending, request)
}

/** Codes sent within this time are counted (`migrationCodes`). */
export const migrationCountMs = 60 * 60_000

function recent({ now }: Request, pending: MigrationDocument | undefined): readonly number[] {
  return pending?.asked.filter((at) => isRecent(at, migrationCountMs, now)) ?? []
}

function newMigration(request: Request, number: Phone, asked: readonly number[], code: string): MigrationDocument {
  const { now, context } = request
  return {
    number,
    code,
    sent: now,
    asked: [...asked, now],
    expires: now + context.limits.codeLifeMs,
  }
}

function smsOf({ number: phone, code }: MigrationDocument): Job {
  return { kind: 'sms', phone, text: `Your code is ${code}`, code }
}
