import { ok, record } from '../../../protocol/index.js'
import { sessions } from '../../documents/index.js'
import { accept, answer, type Outcome, refuse } from '../../outcome.js'
import { ownSessionHandler, readOwnSession } from './own-session.js'
import { matches, namesClient, readPhone } from './registration.js'
import { putDevices } from './session-end.js'

const maxPushTokenBytes = 4_096

/**
 * Stores or removes the token under which a push service knows the device.
 * @refuses `mismatch_user_data` if client_id, dev_key or phone is given and different; `invalid_data` for an endless token
 * @see docs/protocol/rpc.md 4, Auth/push
 */
export const setPushToken = ownSessionHandler(readOwnSession, ({ record: given, caller, device, session, facts }): Outcome => {
  const isSame =
    namesClient(given, device.clientId) &&
    matches(given.dev_key, session.devKey) &&
    (given.phone === null || readPhone(given.phone) === device.phone)
  if (!isSame) return refuse('mismatch_user_data', 'another device is named')
  if (Buffer.byteLength(given.push ?? '') > maxPushTokenBytes) return refuse('invalid_data', 'no push service has tokens so long')
  const push = given.push === '' ? null : given.push
  const others = facts.pushes.filter((client) => client !== device.clientId)
  const isListed = others.length < facts.pushes.length
  const pushes = push === null ? others : [...others, device.clientId]
  return accept({
    puts: [
      sessions.put({ ...session, push, os: given.os ?? session.os }, device.clientId),
      ...(isListed === (push !== null) ? [] : [putDevices(device.phone, { clients: facts.clients, pushes })]),
    ],
    // v1 as published: neither code nor data.
    sends: [answer(caller.dialect === 'v1' ? record('io', { code: '' }) : ok('push'))],
  })
})
