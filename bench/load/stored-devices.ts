import { newAccount } from '../../rpc/handlers/auth/new-account.js'
import { holderPuts } from '../../rpc/handlers/connect/session-use.js'
import { devices, presences, type SessionDocument, sessions } from '../../rpc/documents/index.js'
import { hashToken } from '../../rpc/tokens.js'
import type { Commit, Store } from '../../store/index.js'
import { deviceIdFor, parseClientId, parsePhone } from '../../topics/index.js'

const accountsPerCommit = 200
const now = Date.UTC(2026, 0, 1)
const owed = Buffer.alloc(100, 7)

/** Stores `count` accounts, each with one device that has been connected and is owed one delivery. */
export async function storeDevices(store: Store, count: number): Promise<void> {
  for (let from = 0; from < count; from += accountsPerCommit) {
    const accounts = Array.from({ length: Math.min(accountsPerCommit, count - from) }, (_, index) => storedDevice(from + index))
    await store.commit({
      puts: accounts.flatMap(({ puts }) => puts),
      opens: accounts.flatMap(({ opens }) => opens),
      deliveries: accounts.flatMap(({ deliveries }) => deliveries),
    })
  }
}

function storedDevice(index: number): Required<Pick<Commit, 'puts' | 'opens' | 'deliveries'>> {
  const phone = parsePhone(`38050${1_000_000 + index}`)
  const registration = parseClientId(`reg_${phone ?? ''}`)
  const client = registration && deviceIdFor(registration)
  if (phone === undefined || client === undefined) throw new RangeError(`${index} makes no phone`)
  const account = newAccount({ filed: phone, number: phone, lastMove: 0 }, index, now)
  const session: SessionDocument = {
    phone,
    userId: account.userId,
    devKey: `DEV-${phone}`,
    token: { hash: hashToken(client), issued: now },
    renewal: null,
    created: now,
    lastOnline: now + 1,
    push: null,
    os: 'ios',
    settings: [],
    dialect: 'v1',
    codec: 'bert',
  }
  return {
    puts: [
      ...account.puts,
      sessions.put(session, client),
      ...holderPuts(session, client),
      devices.put({ clients: [client] }, phone),
      presences.put({ devices: [], update: now }, phone),
    ],
    opens: [{ client, holder: '' }],
    deliveries: [{ client, topic: `actions/1/api/${client}`, qos: 1, body: owed }],
  }
}
