import { type Store, StoreOutage } from '../../../store/contract.js'
import type { newFactReader } from '../../fact-reader.js'
import { judgeSecret, type JudgedSecret, readSecretTries, type SecretTry } from '../../handlers/connect/secret-tries.js'
import type { ControlToMain } from '../link/messages-to-main.js'

export interface ServiceDoorWorld {
  readonly store: Pick<Store, 'commit'>
  /** A reader, and the checks that its reading makes necessary. */
  readonly newFacts: () => ReturnType<typeof newFactReader>
  readonly control: (message: ControlToMain) => void
}

/** Each repetition means that another try of the same address or service was counted meanwhile. */
const attempts = 16

/**
 * Judges the secret of a service; a wrong one is in the store before anybody hears of it, and on the log.
 * @throws StoreOutage where it cannot be counted: nothing is told then
 */
export async function judgeAtDoor(tried: SecretTry, world: ServiceDoorWorld): Promise<JudgedSecret['kind']> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const { reader, checks } = world.newFacts()
    const tries = await readSecretTries(tried, reader)
    const judged = judgeSecret(tried, tries)
    if (judged.kind === 'locked') return 'locked'
    if (judged.kind === 'right') return noteAddress(judged.puts, tries.cameAt !== undefined, world)
    const { kind } = await world.store.commit({ checks, puts: judged.puts })
    if (kind !== 'committed') continue
    tellWrong(tried, judged.isLast, world)
    return 'wrong'
  }
  return 'locked'
}

/** To a service that is known at the address already, nothing depends on this: a store that is full does not keep it out. */
async function noteAddress(puts: JudgedSecret['puts'], isKnown: boolean, { store }: ServiceDoorWorld): Promise<'right'> {
  if (puts.length === 0) return 'right'
  try {
    await store.commit({ puts })
  } catch (error) {
    if (!isKnown || !(error instanceof StoreOutage)) throw error
  }
  return 'right'
}

function tellWrong({ service, isConfigured, address }: SecretTry, isLocked: boolean, { control }: ServiceDoorWorld): void {
  control({
    kind: 'log',
    level: 'warn',
    fields: { event: 'wrong-secret', service, isConfigured, address, isLocked },
    text: isLocked ? 'wrong secret of a service; further ones from there are not looked at for a while' : 'wrong secret of a service',
  })
}
