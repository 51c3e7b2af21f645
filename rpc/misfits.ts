import type { AnyRecord, Misfit } from '../protocol/index.js'
import type { FactReader } from './facts.js'
import { type Outcome, refuse } from './outcome.js'
import type { Handler, Request } from './request.js'

/** A watch over the fields of a request that are at their default because what stood in them does not fit. */
export interface MisfitWatch {
  /** Ends it. @returns the first of them that was looked at meanwhile, or that the outcome passes on; undefined if none mattered */
  end(outcome: Outcome): Misfit | undefined
}

type Holder = Record<string | number, unknown>

/**
 * Watches a record from now on. Whoever reads such a field uses it, and so does whoever puts the record that holds it into the outcome; a copy
 * of a record reads all of its fields.
 * @param record as it was decoded, for this request alone
 */
export function watchMisfits(record: AnyRecord, misfits: readonly Misfit[]): MisfitWatch {
  let used: Misfit | undefined
  const holders = new Map<Holder, Misfit>()
  for (const misfit of misfits) {
    const holder = holderOf(record, misfit)
    holders.set(holder, misfit)
    const use = (): void => {
      used ??= misfit
    }
    for (const field of misfit.fields) watchField(holder, field, use)
  }
  return {
    end(outcome) {
      const mattered =
        used ?? (outcome.kind === 'accepted' ? heldIn([outcome.appends, outcome.sends, outcome.effects], holders) : undefined)
      for (const holder of holders.keys()) unwatch(holder)
      return mattered
    },
  }
}

/** Runs both halves of a handler; refused if the request uses a field whose value does not fit. @see docs/protocol/rpc.md 1.2 */
export async function runRefusingMisfits<R extends AnyRecord, Facts>(
  handler: Handler<R, Facts>,
  request: Request<R>,
  facts: FactReader,
  misfits: readonly Misfit[],
): Promise<Outcome> {
  const watch = misfits.length === 0 ? undefined : watchMisfits(request.record, misfits)
  const outcome = handler.decide(request, await handler.read(request, facts))
  const used = watch?.end(outcome)
  return used === undefined ? outcome : refuse('invalid_data', used.because)
}

function holderOf(record: AnyRecord, { within }: Misfit): Holder {
  let at: unknown = record
  for (const step of within) if (isObject(at)) at = at[step]
  if (!isObject(at)) throw new TypeError('a misfit lies in no record')
  return at
}

function isObject(value: unknown): value is Holder {
  return typeof value === 'object' && value !== null
}

function watchField(holder: Holder, field: string, use: () => void): void {
  if (Object.getOwnPropertyDescriptor(holder, field)?.get !== undefined) return
  const value = holder[field]
  const get = (): unknown => {
    use()
    return value
  }
  Object.defineProperty(holder, field, { get, configurable: true, enumerable: true })
}

/** The record is plain data again. */
function unwatch(holder: Holder): void {
  for (const [field, { get }] of Object.entries(Object.getOwnPropertyDescriptors(holder))) {
    if (get !== undefined)
      Object.defineProperty(holder, field, { value: holder[field], configurable: true, enumerable: true, writable: true })
  }
}

/** The misfit of a holder that is somewhere in a value. */
function heldIn(value: unknown, holders: ReadonlyMap<Holder, Misfit>): Misfit | undefined {
  if (!isObject(value) || ArrayBuffer.isView(value)) return undefined
  const misfit = holders.get(value)
  if (misfit !== undefined) return misfit
  for (const part of Object.values(value)) {
    const held = heldIn(part, holders)
    if (held !== undefined) return held
  }
  return undefined
}
