import { err, type Profile, record } from '../../../protocol/index.js'
import type { Put } from '../../../store/contract.js'
import type { ClientId, Phone } from '../../../topics/index.js'
import { type AnnounceChore, devices, migrations, type ProfileDocument, profiles, verifiedSites } from '../../documents/index.js'
import { noteVerified } from '../../codes/sites.js'
import { countTry, readTries, type TryFacts } from '../../codes/tries.js'
import type { FactReader } from '../../facts.js'
import { type AccountNumber, putNamings, readLastMove, readNumberOf } from '../../names/account-number.js'
import { accept, answer, attemptsExpired, type Outcome, refuse, refuseAttempts, type Refused, type Send } from '../../outcome.js'
import { type Caller, handler, type Request } from '../../request.js'
import { isCode } from '../../tokens.js'
import { rosterIds } from '../../views/profile-view.js'
import { afterWrongCode, isBurnt, isOpen, readPhone } from '../auth/registration.js'
import { announce, type AnnounceFacts, readAnnounce } from './announce.js'
import { beginChore } from './chore.js'
import { type MoveFacts, readMove } from './migrate.js'

interface ChangeFacts extends MoveFacts {
  /** What else a move rests on; read only if the code is right. */
  readonly account: MovingAccount | undefined
  readonly tries: TryFacts
}

interface MovingAccount {
  readonly own: AccountNumber
  readonly lastMove: number
  readonly clients: readonly ClientId[]
  readonly first: AnnounceFacts
  readonly choreId: string
}

/**
 * Ends a move to another number. The account keeps what it is filed under, and with it everything that is stored; what it is called changes in
 * one commit. Its own devices are told, everybody who knows one of its rosters, and the rooms; beyond a page of them, as a chore.
 * @refuses `invalid_data` for what is no number, without a code, and for a number that has got a profile; `not_authorized` without a pending
 *   move to this number; `attempts_expired`, `wrong_code`
 * @see docs/protocol/rpc.md 6, Profile/phone; docs/decisions/0114-accounts-keep-the-names-they-are-filed-under.md
 */
export const changeNumber = handler({
  async read(request: Request<Profile>, facts: FactReader): Promise<ChangeFacts> {
    const move = await readMove(request, facts)
    const isRight = move.pending !== undefined && isCode(codeIn(request.record), move.pending.code)
    const tries = await readTries(request, facts, move.wanted?.number)
    return { ...move, tries, account: isRight ? await readMovingAccount(request, move, facts) : undefined }
  },

  decide(request: Request<Profile>, facts: ChangeFacts): Outcome {
    const refused = checkChange(request, facts)
    if (refused !== undefined) return refused
    const { wanted, profile, account, isTaken } = facts
    const { client } = request.caller
    if (client.kind !== 'device' || wanted === undefined || profile === undefined) return refuse('not_authorized', 'not an account')
    const wrong = countTry(facts.tries, request.now)
    if (wrong.kind === 'refused') return wrong
    if (account === undefined) return countWrongCode(request, client.phone, facts.pending, wrong.puts)
    if (isTaken) return refuse('invalid_data', 'the number has got a profile')
    return move(request, { ...facts, wanted, profile, account })
  },
})

async function readMovingAccount(
  { caller, context }: Request,
  { profile }: MoveFacts,
  facts: FactReader,
): Promise<MovingAccount | undefined> {
  const { client } = caller
  if (client.kind !== 'device' || profile === undefined) return undefined
  const rosters = rosterIds(client.phone, profile)
  const [own, lastMove, known, first] = await Promise.all([
    readNumberOf(facts, client.phone),
    readLastMove(facts),
    facts.get(devices, client.phone),
    readAnnounce(facts, { rosters, place: start }),
  ])
  const choreId = Buffer.from(context.random(8)).toString('hex')
  return { own, lastMove, clients: known?.clients ?? [], first, choreId }
}

const start: AnnounceChore['place'] = { stage: 'contacts', roster: 0, after: '' }

function codeIn({ services }: Profile): string | null {
  return services.find(({ password }) => password !== null)?.password ?? null
}

/** The checks in their order, but for the code itself. */
function checkChange(request: Request<Profile>, { wanted, pending }: ChangeFacts): Refused | undefined {
  const { record, caller } = request
  if (caller.client.kind !== 'device') return refuse('not_authorized', 'only a device moves its account')
  if (wanted === undefined) return refuse('invalid_data', 'not a phone')
  const login = record.services.find(({ password }) => password !== null)
  if (login === undefined) return refuse('invalid_data', 'no code is given')
  if (login.login !== null && readPhone(login.login) !== wanted.number) return refuse('invalid_data', 'the code is for another number')
  if (pending?.number !== wanted.number || !isOpen(pending, request)) return refuse('not_authorized', 'no move to this number is pending')
  return isBurnt(pending) ? refuseAttempts(0, 'its code is burnt') : undefined
}

/** Wrong codes count for the move, whose code the last one allowed burns, and for the address they come from. */
function countWrongCode({ context }: Request, filed: Phone, pending: ChangeFacts['pending'], counted: readonly Put[]): Outcome {
  if (pending === undefined) return refuse('not_authorized', 'no move is pending')
  const after = afterWrongCode(pending, context.limits)
  const told = isBurnt(after) ? attemptsExpired(0) : err('wrong_code')
  return accept({ puts: [migrations.put(after, filed), ...counted], sends: [answer(told)] })
}

type Move = ChangeFacts & { readonly wanted: AccountNumber; readonly profile: ProfileDocument; readonly account: MovingAccount }

function move(request: Request, { wanted, profile, account, tries }: Move): Outcome {
  const { caller, now } = request
  const { own, first, clients, choreId } = account
  const changed = { ...profile, update: now }
  const chore: Omit<AnnounceChore, 'place'> = { kind: 'announce', rosters: rosterIds(own.filed, profile), was: own.number, at: now }
  return accept({
    puts: [
      profiles.put(changed, own.filed),
      migrations.remove(own.filed),
      ...noteVerified(wanted.number, tries.sites, request),
      verifiedSites.remove(own.number),
      ...swapNumbers(own, wanted, profile, account.lastMove),
      ...(first.next === undefined ? [] : [beginChore({ ...chore, place: first.next }, choreId, now)]),
    ],
    sends: [...tellOwn(caller, clients, record('Profile', { phone: own.filed, update: now, status: 'phone' })), ...announce(chore, first)],
    effects: [{ kind: 'renumber', phone: own.filed, number: wanted.number }],
  })
}

/** The account and whoever may register with its old number change places: every number names one account, now as before. */
function swapNumbers(own: AccountNumber, wanted: AccountNumber, { rosters }: ProfileDocument, lastMove: number): readonly Put[] {
  return putNamings(
    [
      { filed: own.filed, number: wanted.number, rosters },
      { filed: wanted.filed, number: own.number, rosters: [] },
    ],
    lastMove,
  )
}

/** Each own device on its `actions` topic, those that are away when they come back. */
function tellOwn({ clientId }: Caller, clients: readonly ClientId[], told: Profile): readonly Send[] {
  const others = clients.filter((client) => client !== clientId)
  return [answer(told), ...others.map((client): Send => ({ to: 'client', client, payload: { kind: 'record', record: told } }))]
}
