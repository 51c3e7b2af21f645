import { type Io, ok, type Profile, record } from '../../../protocol/index.js'
import type { CloudCredentials } from '../../runtime/outbox/task.js'
import { accept, answer, type Outcome, refuse } from '../../outcome.js'
import { handler, type Request } from '../../request.js'
import { findPhone } from './own-phone.js'

/**
 * Temporary credentials for the cloud, limited to what is the caller's there. Answered twice: at once, and when they have come; or with
 * `aws`, if there is no backend or it makes none. They are stored nowhere.
 * @refuses `not_authorized` for another phone; `aws` without a backend
 * @see docs/protocol/rpc.md 6, Profile/aws
 */
export const askCredentials = handler({
  read: () => Promise.resolve(undefined),
  decide({ record: asked, caller, context }: Request<Profile>): Outcome {
    const owner = findPhone(caller, asked.phone)
    if (owner === undefined) return refuse('not_authorized', 'another phone')
    if (!context.hasCloud) return refuse('aws', 'there is no backend')
    const begun = record('Service', { type: 'aws', status: 'added' })
    return accept({ sends: [answer({ ...ok('aws'), data: begun })], effects: [{ kind: 'credentials', owner }] })
  },
})

/** The second answer. */
export function credentialsAnswer({ accessKeyId, secretAccessKey, sessionToken, expires }: CloudCredentials): Io {
  const made = record('Service', {
    id: accessKeyId,
    type: 'aws',
    login: secretAccessKey,
    password: sessionToken,
    expiration: expires,
    status: 'verified',
  })
  return { ...ok('aws'), data: made }
}
