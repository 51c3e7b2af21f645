import { ok, record } from '../../../protocol/index.js'
import type { Put } from '../../../store/contract.js'
import type { ClientId } from '../../../topics/index.js'
import { devices, type DevicesDocument, pushHolders, type SessionDocument, sessions } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { accept, answer, type Outcome, refuse } from '../../outcome.js'
import { hashToken } from '../../tokens.js'
import { type OwnSessionFacts, ownSessionHandler, readOwnSession } from './own-session.js'
import { matches, namesClient, readPhone } from './registration.js'
import { putDevices } from './session-end.js'

const maxPushTokenBytes = 4_096

/** What reporting a token rests on. */
interface PushFacts extends OwnSessionFacts {
  /** The other session that has had the token so far. */
  readonly former: FormerHolder | undefined
}

interface FormerHolder {
  readonly client: ClientId
  readonly session: SessionDocument
  readonly devices: DevicesDocument
}

/**
 * Stores or removes the token under which a push service knows the device. A token names one installation of an app, so it belongs to the
 * session that has reported it last: whichever session had it before, of this account or of another, loses it in the same commit.
 * @refuses `mismatch_user_data` if client_id, dev_key or phone is given and different; `invalid_data` for an endless token
 * @see docs/protocol/rpc.md 4, Auth/push
 */
export const setPushToken = ownSessionHandler<PushFacts>(
  async (request, facts) => {
    const own = await readOwnSession(request, facts)
    const { push } = request.record
    return { ...own, former: isToken(push) ? await readFormer(facts, push, request.caller.clientId) : undefined }
  },
  ({ record: given, caller, device, session, facts, now }): Outcome => {
    const isSame =
      namesClient(given, device.clientId) &&
      matches(given.dev_key, session.devKey) &&
      (given.phone === null || readPhone(given.phone) === device.phone)
    if (!isSame) return refuse('mismatch_user_data', 'another device is named')
    const push = given.push === '' ? null : given.push
    if (push !== null && !isToken(push)) return refuse('invalid_data', 'no push service has tokens so long')
    return accept({
      puts: [
        sessions.put({ ...session, push, os: given.os ?? session.os }, device.clientId),
        ...(push === null ? [] : [pushHolders.put({ client: device.clientId, reported: now }, hashToken(push))]),
        ...listHolders(device, push !== null, facts),
      ],
      // v1 as published: neither code nor data.
      sends: [answer(caller.dialect === 'v1' ? record('io', { code: '' }) : ok('push'))],
    })
  },
)

function isToken(push: string | null): push is string {
  return push !== null && push !== '' && Buffer.byteLength(push) <= maxPushTokenBytes
}

async function readFormer(facts: FactReader, push: string, own: ClientId): Promise<FormerHolder | undefined> {
  const holder = await facts.get(pushHolders, hashToken(push))
  if (holder === undefined || holder.client === own) return undefined
  const session = await facts.get(sessions, holder.client)
  if (session?.push !== push) return undefined
  return { client: holder.client, session, devices: (await facts.get(devices, session.phone)) ?? { clients: [] } }
}

/** The lists of devices with a token, as far as they change, and the session that has lost its token. */
function listHolders(
  { phone, clientId }: { readonly phone: SessionDocument['phone']; readonly clientId: ClientId },
  hasToken: boolean,
  { clients, pushes: before, former }: PushFacts,
): readonly Put[] {
  const isFellow = former?.session.phone === phone
  const others = before.filter((client) => client !== clientId && !(isFellow && client === former.client))
  const pushes = hasToken ? [...others, clientId] : others
  const isUnchanged = pushes.length === before.length && pushes.every((client) => before.includes(client))
  const own = isUnchanged ? [] : [putDevices(phone, { clients, pushes })]
  if (former === undefined) return own
  const lost = sessions.put({ ...former.session, push: null }, former.client)
  if (isFellow) return [lost, ...own]
  const left = (former.devices.pushes ?? []).filter((client) => client !== former.client)
  return [lost, ...own, putDevices(former.session.phone, { ...former.devices, pushes: left })]
}
