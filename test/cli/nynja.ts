import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** The module that `npx nynja` runs. */
export const commandFile = fileURLToPath(new URL('../../cli/main.js', import.meta.url))

/** A command that runs in a process of its own, with pipes in the place of a terminal. */
export interface RunningCommand {
  /** Waits for a line of stdout that holds the text, and takes it. Rejects when the command has ended without it. */
  sees(text: string): Promise<string>
  type(...lines: readonly string[]): void
  endInput(): void
  signal(signal: NodeJS.Signals): void
  readonly ended: Promise<CommandEnd>
}

export interface CommandEnd {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Starts `nynja …`. @param folder holds the accounts, and is where it runs */
export function startNynja(folder: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): RunningCommand {
  const child = spawn(process.execPath, [commandFile, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'], XDG_CONFIG_HOME: folder, ...env },
  })
  const lines = newLines()
  let stdout = ''
  let stderr = ''
  createInterface({ input: child.stdout }).on('line', (line) => {
    stdout += `${line}\n`
    lines.put(line)
  })
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()))
  // a command that has ended takes no more lines; its exit code tells what the test wants to know
  child.stdin.on('error', () => undefined)
  const ended = closed(child).then((code) => {
    lines.end(`nynja ${args.join(' ')} ended with ${String(code)} ${stderr}`)
    return { code, stdout, stderr }
  })
  return {
    sees: (text) => lines.take(text),
    type(...typed) {
      for (const line of typed) child.stdin.write(`${line}\n`)
    },
    endInput() {
      child.stdin.end()
    },
    signal: (signal) => void child.kill(signal),
    ended,
  }
}

/** Lines that nobody has looked at yet. There is no deadline: a test that waits in vain is ended by jest, and a slow machine fails nothing. */
function newLines(): { put(line: string): void; take(text: string): Promise<string>; end(because: string): void } {
  const unread: string[] = []
  let ended: string | undefined
  let wake = (): void => undefined
  let changed = new Promise<void>((resolve) => (wake = resolve))
  const announce = (): void => {
    wake()
    changed = new Promise<void>((resolve) => (wake = resolve))
  }
  return {
    put(line) {
      unread.push(line)
      announce()
    },
    async take(text) {
      for (;;) {
        const at = unread.findIndex((line) => line.includes(text))
        if (at >= 0) return unread.splice(at, 1)[0]!
        if (ended !== undefined) throw new Error(`no "${text}": ${ended}; unread: ${unread.join('\n')}`)
        await changed
      }
    },
    end(because) {
      ended = because
      announce()
    },
  }
}

function closed(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('close', resolve))
}

/** Runs `nynja …` to its end. @param input what comes through its pipe */
export async function nynja(
  folder: string,
  args: readonly string[],
  input = '',
  env: Readonly<Record<string, string>> = {},
): Promise<CommandEnd> {
  const command = startNynja(folder, args, env)
  if (input !== '') command.type(input)
  command.endInput()
  return command.ended
}

/** A server started with `nynja serve`; `port` is that of MQTT. */
export interface Served extends RunningCommand {
  readonly port: number
  readonly url: string
}

/** @param port 0 picks a free one */
export async function serve(folder: string, port = 0): Promise<Served> {
  const flags = [
    '--host',
    '127.0.0.1',
    '--mqtt-port',
    String(port),
    '--ws-port',
    'off',
    '--http-port',
    'off',
    '--admin-port',
    'off',
    '--nodes',
    '2',
  ]
  const command = startNynja(folder, ['serve', ...flags, '--data-dir', 'data', '--test-numbers', '999', '--test-code', '123456'])
  const ready = JSON.parse(await command.sees('"event":"ready"')) as { readonly mqtt: number }
  return { ...command, port: ready.mqtt, url: `mqtt://127.0.0.1:${ready.mqtt}` }
}
