import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Checked } from './checking-child.js'

/** Opens stores in a process of its own, which may die of them. */
export interface Checker {
  /** @param goesOn whether it commits to the store, too, and opens it once more */
  check(path: string, goesOn: boolean): Promise<Checked>
  close(): Promise<void>
}

const program = fileURLToPath(new URL('./checking-child.js', import.meta.url))

export function newChecker(environment: Readonly<Record<string, string>>): Checker {
  let child: ChildProcessWithoutNullStreams | undefined
  let lines: AsyncIterator<string> | undefined

  function start(): { readonly child: ChildProcessWithoutNullStreams; readonly lines: AsyncIterator<string> } {
    if (child !== undefined && lines !== undefined) return { child, lines }
    child = spawn(process.execPath, [program], { env: { PATH: process.env['PATH'], ...environment } })
    child.stderr.resume() // the engine's complaints of what it could not read
    child.stdin.on('error', () => undefined) // it has died, which is told below
    const reader: Interface = createInterface({ input: child.stdout })
    lines = reader[Symbol.asyncIterator]()
    return { child, lines }
  }

  return {
    async check(path, goesOn) {
      const { child: asked, lines: answers } = start()
      asked.stdin.write(`${goesOn ? 'go on ' : ''}${path}\n`)
      const answer = await answers.next()
      if (answer.done !== true) return JSON.parse(answer.value) as Checked
      child = undefined
      if (asked.exitCode === null && asked.signalCode === null) await once(asked, 'exit')
      return { kind: 'broken', problem: `the process died: ${asked.signalCode ?? `exit ${String(asked.exitCode)}`}` }
    },
    async close() {
      if (child === undefined) return
      const ended = once(child, 'exit')
      child.stdin.end()
      await ended
    },
  }
}
