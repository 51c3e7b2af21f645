import type { Store } from '../../../store/contract.js'
import type { ClientId } from '../../../topics/index.js'
import { devices, sessions } from '../../documents/index.js'
import { putDevices } from '../../handlers/auth/session-end.js'

const attempts = 5

/** Takes a push token that its service no longer knows out of the session, unless the device has brought another one meanwhile. */
export async function forgetToken(store: Store, client: ClientId, token: string): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const was = await store.get(sessions.key(client))
    const session = was === undefined ? undefined : sessions.decode(was)
    if (session?.push !== token) return
    const list = await store.get(devices.key(session.phone))
    const known = list === undefined ? { clients: [] } : devices.decode(list)
    const pushes = (known.pushes ?? []).filter((one) => one !== client)
    const { kind } = await store.commit({
      checks: [
        { key: sessions.key(client), was },
        { key: devices.key(session.phone), was: list },
      ],
      puts: [sessions.put({ ...session, push: null }, client), putDevices(session.phone, { ...known, pushes })],
    })
    if (kind === 'committed') return
  }
}
