#!/usr/bin/env node
// A command imports what it needs when it is given: --help, and a wrong word, are answered at once.
import { readFileSync } from 'node:fs'
import type { Interface } from 'node:readline'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { Codec, Dialect } from '../protocol/index.js'
import { bearClosedPipes } from './closed-pipe.js'
import { Complaint, exitCodes } from './complaint.js'
import { addStickers } from './stickers.js'
import { testCodeFor } from './test-code.js'

const exitCodeHelp = `
Exit codes: 0 done, 1 a fault of ours, 2 wrong usage, 3 the server said no, 4 no server or no answer,
5 not registered or the profile is in use, 78 (serve) options that cannot be used.

Two terminals are two people: give each its own --profile.
  nynja serve --test-numbers 999 --test-code 123456
  nynja register 9991001 --name Anna  --code 123456 --profile anna
  nynja register 9991002 --name Boris --code 123456 --profile boris
  nynja chat 9991002 --profile anna          and in the other terminal: nynja chat 9991001 --profile boris`

interface Common {
  readonly profile: string
  readonly server?: string
  readonly ca?: string
}

/** Whoever reads stdout has gone. */
const readerGone = bearClosedPipes()

const line = (text: string): void => {
  process.stdout.write(`${text}\n`)
}
const notice = (text: string): void => {
  process.stderr.write(`${text}\n`)
}

function newProgram(): Command {
  const program = new Command('nynja')
    .description('A messenger over MQTT: the server, and a way to try it by hand.')
    .version(version())
    .enablePositionalOptions()
    .showHelpAfterError('(nynja --help shows how)')
    .addHelpText('after', exitCodeHelp)
    .exitOverride()
  addServe(program)
  addRegister(program)
  addSend(program)
  addChat(program)
  addWatch(program)
  addCore(program)
  addStickers(program, line)
  return program
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown'
}

const caAbout = 'certificates (PEM) the server is trusted by, where the machine does not know who signed its own'

function withCommon(command: Command): Command {
  return command
    .option('--profile <name>', 'whose account on this machine', 'default')
    .option('--server <url>', 'the server; else the one of the registration')
    .option('--ca <file>', caAbout)
}

function addServe(program: Command): void {
  program
    .command('serve')
    .description('run the server; takes the flags of the server, `nynja serve --help` lists them')
    .argument('[options...]', 'flags of the server')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (options: readonly string[]) => {
      const { serve } = await import('../server/index.js')
      await serve(options)
    })
}

function addRegister(program: Command): void {
  program
    .command('register')
    .description('make this machine a device of a phone number; asks for the code the server has sent')
    .argument('<phone>', 'with the country code, 5 to 15 digits')
    .option('--name <name>', 'first name, or first name and surname')
    .option('--server <url>', 'the server', 'mqtt://127.0.0.1:1883')
    .option('--ca <file>', `${caAbout}; kept with the account`)
    .option('--profile <name>', 'name of the account on this machine', 'default')
    .addOption(new Option('--as <name>', 'the same as --profile').conflicts('profile'))
    .option('--code <digits>', 'the code; else it is asked for (test numbers: NYNJA_TEST_NUMBERS, NYNJA_TEST_CODE)')
    .addOption(new Option('--codec <codec>', 'how records are written').choices(['bert', 'msgpack', 'json']).default('bert'))
    .addOption(new Option('--dialect <dialect>', 'which layouts records have').choices(['v1', 'v11']).default('v1'))
    .action(
      async (
        phone: string,
        options: Common & { server: string; as?: string; name?: string; code?: string; codec: Codec; dialect: Dialect },
      ) => {
        const asker = newAsker()
        const { register } = await import('./register.js')
        try {
          await register(phone, {
            ...options,
            profile: options.as ?? options.profile,
            name: options.name,
            code: options.code ?? testCodeFor(phone, process.env),
            askCode: asker.ask,
            say: line,
          })
        } finally {
          asker.close()
        }
      },
    )
}

/** Asks at the terminal, or takes the next line of the pipe; undefined if there is none. Stdin is not touched before the first question. */
function newAsker(): { readonly ask: (question: string) => Promise<string | undefined>; readonly close: () => void } {
  let reader: Interface | undefined
  let lines: NodeJS.AsyncIterator<string> | undefined
  let isEnded = false
  return {
    async ask(question) {
      const { createInterface } = await import('node:readline')
      reader ??= createInterface({ input: process.stdin, output: process.stderr }).once('close', () => (isEnded = true))
      lines ??= reader[Symbol.asyncIterator]()
      reader.setPrompt(question)
      // A pipe that has been read to its end still has lines for the questions; since Node.js 24 a reader that is closed cannot prompt.
      if (isEnded) process.stderr.write(question)
      else reader.prompt()
      const next = await lines.next()
      return next.done === true ? undefined : next.value
    },
    close() {
      reader?.close()
    },
  }
}

function addSend(program: Command): void {
  withCommon(program.command('send'))
    .description('send one message to a friend, and wait until it is stored')
    .argument('<to>', 'phone or phone_id')
    .argument('<text>', 'what to say')
    .action(async (to: string, text: string, options: Common) => {
      const { send } = await import('./send.js')
      await send(to, text, options, line)
    })
}

function addChat(program: Command): void {
  withCommon(program.command('chat'))
    .description('talk with somebody; asks for friendship, or accepts it. Lines may also come through a pipe')
    .argument('<with>', 'phone or phone_id')
    .option('--linger <seconds>', 'after the last line of a pipe, how long to wait for what cannot be sent yet', seconds, 30)
    .action(async (to: string, options: Common & { linger: number }) => {
      const { chat } = await import('./chat.js')
      await chat(to, { ...options, lingerMs: options.linger * 1_000 }, readerGone)
    })
}

function seconds(text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value < 0 || value > 86_400) throw new InvalidArgumentError('It is a number from 0 to 86400.')
  return value
}

function addCore(program: Command): void {
  program
    .command('core')
    .description('speak Protocol Core by hand: each line is sent, as JSON or as TYPE [TO] [PAYLOAD], and what comes is printed')
    .argument('[url]', 'where it is spoken', 'ws://127.0.0.1:8083/core')
    .action(async (url: string) => {
      const { createInterface } = await import('node:readline')
      const { core } = await import('./core.js')
      await core({ url }, () => createInterface({ input: process.stdin }), { line, notice }, endedBySignal())
    })
}

/** Ctrl-C, a signal, or nobody who reads what is printed. */
function endedBySignal(): Promise<unknown> {
  return new Promise((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
    void readerGone.then(resolve)
  })
}

function addWatch(program: Command): void {
  withCommon(program.command('watch'))
    .description('print what a device is sent, one record a line; Ctrl-C ends it')
    .option('--json', 'as JSON objects', false)
    .action(async ({ json, ...options }: Common & { json: boolean }) => {
      const ended = endedBySignal()
      const { watch } = await import('./watch.js')
      await watch({ ...options, isJson: json }, { line, notice }, ended)
    })
}

try {
  await newProgram().parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage
  else if (error instanceof Complaint) {
    notice(error.message)
    process.exitCode = error.exitCode
  } else {
    notice(`A fault of ours: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    process.exitCode = exitCodes.fault
  }
}
