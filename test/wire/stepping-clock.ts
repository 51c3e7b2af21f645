/**
 * Loaded into a server before anything else (`--import`, which its worker threads inherit): its wall clock shows what the machine's does, and as many
 * ms more as the file says. The monotonic clock and the timers go on as they are, as they do when the clock of a machine is set.
 */
import { readFileSync } from 'node:fs'

const path = process.env['CLOCK_STEP_FILE']
const OriginalDate = Date
const now = (): number => OriginalDate.now() + (path === undefined ? 0 : Number(readFileSync(path, 'utf8')))

globalThis.Date = new Proxy(OriginalDate, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as object,
  get: (target, name, receiver) => (name === 'now' ? now : (Reflect.get(target, name, receiver) as unknown)),
})
