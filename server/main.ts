import { monotonicMs } from '../clock/index.js'
import { configurationExitCode, type LoadedOptions, loadOptions } from './options-load.js'
import { type Log, openLog } from './log.js'
import { makeFilesPrivate } from './private-files.js'
import { collectAtRest } from './rest.js'
import { type RunningServer, startServer } from './start.js'
import { StartProblem } from './start-problem.js'
import { newStopSignals } from './stop-signals.js'

/** Entry of the server: options, start, an orderly end on SIGTERM or SIGINT; SIGHUP reads options and certificates again. */
export async function serve(argv: readonly string[]): Promise<void> {
  const read = (): LoadedOptions => loadOptions(argv, process.env, process.cwd())
  const loaded = read()
  switch (loaded.kind) {
    case 'help':
    case 'print':
      process.stdout.write(`${loaded.text}\n`)
      return
    case 'problems':
      process.stderr.write(`${['The server was not started:', ...loaded.problems].join('\n  ')}\nAll options: --help\n`)
      process.exitCode = configurationExitCode
      return
    case 'options':
      await run(loaded, read)
  }
}

async function run({ options, passedOver }: LoadedOptions & { kind: 'options' }, read: () => LoadedOptions): Promise<void> {
  makeFilesPrivate()
  const log = openLog(options.logLevel)
  if (passedOver.length > 0) {
    log.info({ event: 'variables-passed-over', variables: passedOver }, 'these variables tell of services (Kubernetes) and set no option')
  }
  const started: { server?: RunningServer } = {}
  listenToSignals(started, read, log)
  started.server = await startServer(options, log).catch((error: unknown) => {
    if (error instanceof StartProblem) log.fatal({ event: 'start-failed' }, `the server could not start: ${error.message}`)
    else log.fatal({ event: 'start-failed', err: error }, 'the server could not start')
    // As after a stop: timers of the broker would hold the process.
    return process.exit(error instanceof StartProblem && error.isOfOptions ? configurationExitCode : 1)
  })
  collectAtRest()
}

interface Started {
  readonly server?: RunningServer
}

/** From the first moment on: a signal that nobody listens to ends the process at once. */
function listenToSignals(started: Started, read: () => LoadedOptions, log: Log): void {
  const meaningOf = newStopSignals()
  const onStop = (): void => {
    const meaning = meaningOf(monotonicMs())
    if (meaning === 'drain') end(started, log)
    else if (meaning === 'hurry') {
      log.info({ event: 'hurried' }, 'told to stop once more: what is in flight is not waited for')
      started.server?.hurry()
    }
  }
  process.on('SIGTERM', onStop)
  process.on('SIGINT', onStop)
  process.on('SIGHUP', () => {
    readAgain(started, read(), log)
  })
}

function end({ server }: Started, log: Log): void {
  if (server === undefined) {
    // Nothing has been acknowledged yet.
    log.info({ event: 'stopped' }, 'stopped while starting')
    process.exit(0)
  }
  server.stop().then(
    () => process.exit(0),
    (error: unknown) => {
      log.fatal({ event: 'stop-failed', err: error }, 'the server did not stop in order')
      process.exit(1)
    },
  )
}

/** What is wrong changes nothing. */
function readAgain({ server }: Started, loaded: LoadedOptions, log: Log): void {
  const refuse = (problems: readonly string[]): void => {
    log.warn({ event: 'reload-refused', problems }, `nothing was changed: ${problems.join('; ')}`)
  }
  if (server === undefined) refuse(['the server is starting'])
  else if (loaded.kind === 'problems') refuse(loaded.problems)
  else if (loaded.kind === 'options') {
    try {
      const { changed, later } = server.reload(loaded.options)
      log.info({ event: 'reloaded', changed }, 'options and certificates were read again')
      if (later.length > 0) log.warn({ event: 'reload-incomplete', later }, `changed after a restart only: ${later.join(', ')}`)
    } catch (error) {
      if (!(error instanceof StartProblem)) throw error
      refuse([error.message])
    }
  }
}

if (import.meta.filename === process.argv[1] || process.argv[1]?.endsWith('/server/main.js') === true) await serve(process.argv.slice(2))
