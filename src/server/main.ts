import { configurationExitCode, type LoadedOptions, loadOptions } from './options-load.js'
import { openLog } from './log.js'
import { makeFilesPrivate } from './private-files.js'
import { collectAtRest } from './rest.js'
import { startServer } from './start.js'
import { StartProblem } from './start-problem.js'

/** Entry of the server: options, start, and an orderly end on SIGTERM or SIGINT. */
export async function serve(argv: readonly string[]): Promise<void> {
  const loaded = loadOptions(argv, process.env, process.cwd())
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
      await run(loaded)
  }
}

async function run({ options, passedOver }: LoadedOptions & { kind: 'options' }): Promise<void> {
  makeFilesPrivate()
  const log = openLog(options.logLevel)
  if (passedOver.length > 0) {
    log.info({ event: 'variables-passed-over', variables: passedOver }, 'these variables tell of services (Kubernetes) and set no option')
  }
  const server = await startServer(options, log).catch((error: unknown) => {
    if (error instanceof StartProblem) log.fatal({ event: 'start-failed' }, `the server could not start: ${error.message}`)
    else log.fatal({ event: 'start-failed', err: error }, 'the server could not start')
    // As after a stop: timers of the broker would hold the process.
    return process.exit(1)
  })
  collectAtRest()
  const end = (): void => {
    server.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.fatal({ event: 'stop-failed', err: error }, 'the server did not stop in order')
        process.exit(1)
      },
    )
  }
  process.once('SIGTERM', end)
  process.once('SIGINT', end)
}

if (import.meta.filename === process.argv[1] || process.argv[1]?.endsWith('/server/main.js') === true) await serve(process.argv.slice(2))
