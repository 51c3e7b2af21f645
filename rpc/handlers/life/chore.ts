import { type AnnounceChore, type ChoreDocument, chores, dueLevel, dueTime, type EraseChore } from '../../documents/index.js'
import type { Put } from '../../../store/contract.js'
import type { FactReader } from '../../facts.js'
import { accept, type Accepted, drop, type Outcome } from '../../outcome.js'
import { announce, type AnnounceFacts, readAnnounce } from './announce.js'
import { erase, type EraseFacts, readErase } from './erase.js'

/** A step of a chore that is due: the row under which it waits. */
export interface ChoreStep {
  readonly due: string
  readonly id: string
  readonly now: number
}

/** What a step rests on; undefined if another worker was first. */
export type ChoreFacts =
  | { readonly kind: 'announce'; readonly chore: AnnounceChore; readonly facts: AnnounceFacts }
  | { readonly kind: 'erase'; readonly chore: EraseChore; readonly facts: EraseFacts }
  | undefined

/**
 * The next step of what a request has begun: what it does and where it goes on are one commit.
 * @see docs/decisions/0115-chores.md
 */
export const choreStep = {
  async read({ due, id }: ChoreStep, facts: FactReader): Promise<ChoreFacts> {
    const chore = await facts.get(chores, due, id)
    if (chore === undefined) return undefined
    if (chore.kind === 'announce') return { kind: 'announce', chore, facts: await readAnnounce(facts, chore) }
    return { kind: 'erase', chore, facts: await readErase(facts, chore) }
  },

  decide({ due, id, now }: ChoreStep, step: ChoreFacts): Outcome {
    if (step === undefined) return drop('it has been done already')
    const { puts, ...done } = decideStep(step, now)
    const next = step.facts.next === undefined ? undefined : ({ ...step.chore, place: step.facts.next } as ChoreDocument)
    // Behind the row of this step, so that it is met in the same pass.
    const goesOn = next === undefined ? [] : [beginChore(next, id, Math.max(now, dueTime(due) + 1))]
    return { ...done, puts: [...puts, chores.remove(due, id), ...goesOn] }
  },
}

function decideStep(step: NonNullable<ChoreFacts>, now: number): Accepted {
  return step.kind === 'announce' ? accept({ sends: announce(step.chore, step.facts) }) : erase(step.chore, step.facts, now)
}

/** Stores a chore, to go on from its place at a time. */
export function beginChore(chore: ChoreDocument, id: string, due: number): Put {
  return chores.put(chore, dueLevel(due), id)
}
