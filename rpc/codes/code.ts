import { type AnyRecord, err } from '../../protocol/index.js'
import type { Put } from '../../store/contract.js'
import type { Phone } from '../../topics/index.js'
import type { RpcContext } from '../context.js'
import type { FactReader } from '../facts.js'
import { type Accepted, accept, answer, type CountedJob, type Job, type Refused, refuseAttempts } from '../outcome.js'
import type { Request } from '../request.js'
import { newCode } from '../tokens.js'
import { type CodeBudgets, type CodeReceiver, readCodeBudgets, spendCode } from './code-budget.js'

/** What sending a code rests on. */
export interface CodeFacts {
  /** A new code for the receiver. */
  readonly fresh: string
  /** Null for a test number, to which nothing is sent. */
  readonly budgets: CodeBudgets | null
}

/** The facts of {@link sendCode}, all checked at commit. */
export async function readCode(request: Request, facts: FactReader, receiver: CodeReceiver): Promise<CodeFacts> {
  const { context } = request
  if (receiver.kind === 'number' && isTestNumber(receiver.number, context)) return { fresh: context.testNumbers.code, budgets: null }
  return { fresh: newCode(context.random), budgets: await readCodeBudgets(request, facts, receiver) }
}

/** A code on its way, and what is stored and answered with it. */
export interface SentCode {
  readonly job: Job
  readonly puts: readonly Put[]
  readonly done: AnyRecord
}

/**
 * Sends a code by SMS, call or mail. This is the only way to do so, whoever asks: what it costs is counted in the commit that stores the code.
 * @param budgets of the receiver that the job names
 * @refuses `attempts_expired`, with when the next code can be had; nothing is stored then. Later `sms_send` if it cannot be sent
 * @see docs/decisions/0200-one-gate-for-codes.md
 */
export function sendCode({ job, puts, done }: SentCode, { budgets }: CodeFacts, now: number): Accepted | Refused {
  if (budgets === null) return accept({ puts, sends: [answer(done)] })
  const spending = spendCode(budgets, now)
  if (spending.kind === 'short') return refuseAttempts(spending.waitMs, 'too many codes were asked for', spending.budget)
  const effect = { kind: 'perform', job: job as CountedJob, done, failed: err('sms_send') } as const
  return accept({ puts: [...puts, ...spending.puts], effects: [effect] })
}

/** Whether a phone has a fixed code and gets no SMS. */
export function isTestNumber(phone: Phone, { testNumbers }: RpcContext): boolean {
  return testNumbers.prefixes.some((prefix) => phone.startsWith(prefix))
}
