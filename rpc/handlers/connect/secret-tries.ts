import { isRecent } from '../../../clock/index.js'
import type { Put } from '../../../store/contract.js'
import { type Budget, type BudgetState, readBudgets, spend } from '../../budgets/budget.js'
import type { RpcLimits } from '../../context.js'
import { addressLevel, serviceAddresses } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'

const hourMs = 60 * 60_000
const dayMs = 24 * hourMs
/** A service that has not come from an address for so long is a stranger there again. */
export const serviceAddressLifeMs = 30 * dayMs

/** A CONNECT that claims to be a service. */
export interface SecretTry {
  /** What follows `sys_`. */
  readonly service: string
  /** A service of this name is configured. */
  readonly isConfigured: boolean
  readonly isRight: boolean
  readonly address: string
  readonly now: number
  readonly limits: Pick<RpcLimits, 'wrongSecrets' | 'wrongSecretsMs' | 'wrongSecretsInAll'>
}

/** What is known of those who have tried before. */
export interface SecretTries {
  /** When the service last came from this address, as far as that counts. */
  readonly cameAt: number | undefined
  readonly budgets: readonly BudgetState[]
}

/** What becomes of a try. Its `puts` are stored before anybody is told. */
export type JudgedSecret =
  | { readonly kind: 'right'; readonly puts: readonly Put[] }
  /** `isLast`: the next one is `locked`. */
  | { readonly kind: 'wrong'; readonly puts: readonly Put[]; readonly isLast: boolean }
  /** Too many wrong ones: whether this one is right is not told. */
  | { readonly kind: 'locked'; readonly puts: readonly [] }

/**
 * What has been used of the wrong secrets that are allowed: by address, and in all for one service. A service has a place of its own where it has come
 * from before: neither strangers there, nor all of them together, lock it out.
 * @see docs/decisions/0218-wrong-secrets-of-services.md
 */
export async function readSecretTries({ service, isConfigured, address, now, limits }: SecretTry, facts: FactReader): Promise<SecretTries> {
  const level = addressLevel(address)
  const at = isConfigured ? await facts.peek(serviceAddresses, service, level) : undefined
  const cameAt = at !== undefined && isRecent(at, serviceAddressLifeMs, now) ? at : undefined
  const perAddress = { amount: limits.wrongSecrets, windowMs: limits.wrongSecretsMs }
  const wanted: readonly Budget[] =
    cameAt === undefined
      ? [
          { of: 'secrets-address', who: level, ...perAddress },
          // Names that nobody has configured share one row: there are as many of them as somebody likes.
          {
            of: isConfigured ? 'secrets' : 'secrets-others',
            who: isConfigured ? service : 'all',
            amount: limits.wrongSecretsInAll,
            windowMs: hourMs,
          },
        ]
      : [{ of: 'secrets-known', who: `${service}@${level}`, ...perAddress }]
  return { cameAt, budgets: await readBudgets(facts, wanted) }
}

/** Whether the secret counts. A wrong one uses the budgets; where they are used up, right and wrong ones come to the same. */
export function judgeSecret({ service, isRight, address, now }: SecretTry, { cameAt, budgets }: SecretTries): JudgedSecret {
  const spending = spend(budgets, 1, now)
  if (spending.kind === 'short') return { kind: 'locked', puts: [] }
  if (!isRight) return { kind: 'wrong', puts: spending.puts, isLast: spend(budgets, 2, now).kind === 'short' }
  const isNoted = cameAt !== undefined && isRecent(cameAt, dayMs, now)
  return { kind: 'right', puts: isNoted ? [] : [serviceAddresses.put(now, service, addressLevel(address))] }
}
