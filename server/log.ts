import { pino, type DestinationStream, type Logger } from 'pino'
import { newLogLines } from './log-lines.js'
import type { Options } from './options-table.js'

export type Log = Logger

/** Fields whose values are never logged, at the top of a line and up to two levels down. */
const secretFields = ['payload', 'code', 'token', 'password', 'secret', 'text', 'sms_code', 'dev_key', 'authorization']
const redacted = '[redacted]'

/** Errors have a `code` too, the name of a fault (ECONNREFUSED); what a person is sent are digits. A number of tokens is no token. */
function censor(value: unknown, path: string[]): unknown {
  const name = path.at(-1)
  const isFaultName = name === 'code' && typeof value === 'string' && /^[A-Z][A-Z0-9_]+$/.test(value)
  const isCounter = name === 'token' && typeof value === 'number'
  return isFaultName || isCounter ? value : redacted
}

/**
 * JSON lines: level and time as words, then the fields, then `msg`. An error is given as `err`.
 * @param destination stdout unless a test wants to read along
 */
export function openLog(level: Options['logLevel'], destination?: DestinationStream): Log {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]), censor },
  }
  return pino(options, destination ?? newLogLines())
}
