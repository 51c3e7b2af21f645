import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { openLog } from '../../server/log.js'
import { openProviders } from '../../server/open-providers.js'
import { loadOptions } from '../../server/options-load.js'
import type { Options } from '../../server/options-table.js'

/** A log, and the lines it has written. */
function aLog(level: Options['logLevel'] = 'trace') {
  const lines: string[] = []
  const log = openLog(level, { write: (line: string) => lines.push(line) })
  return { log, lines, records: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

test('a line is JSON with level and time as words', () => {
  const { log, records } = aLog()
  log.warn({ port: 1883 }, 'listening')
  expect(records()).toEqual([{ level: 'warn', time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/), port: 1883, msg: 'listening' }])
})

test('lines below the level are not written', () => {
  const { log, lines } = aLog('warn')
  log.info('nothing')
  log.error('something')
  expect(lines).toHaveLength(1)
  const silent = aLog('silent')
  silent.log.fatal('nothing')
  expect(silent.lines).toEqual([])
})

test.each(['payload', 'code', 'token', 'password', 'secret', 'text', 'sms_code', 'dev_key', 'authorization'])(
  '%s is redacted at the top and two levels down',
  (field) => {
    const { log, lines } = aLog()
    log.info({ [field]: 'top-secret', request: { [field]: 'top-secret', inner: { [field]: 'top-secret' } } }, 'x')
    log.child({ [field]: 'top-secret' }).info('y')
    expect(lines.join('')).not.toContain('top-secret')
    expect(lines.join('').match(/\[redacted\]/g)).toHaveLength(4)
  },
)

test('how many tokens the sweep has removed is kept: a number is no token', () => {
  const { log, records } = aLog()
  log.info({ event: 'swept', session: 1, token: 2 }, 'x')
  expect(records()).toMatchObject([{ session: 1, token: 2 }])
})

test('the code of an error is kept: it names a fault', () => {
  const { log, records } = aLog()
  log.error({ err: Object.assign(new Error('late'), { code: 'ECONNREFUSED' }) }, 'x')
  expect(records()).toMatchObject([{ err: { code: 'ECONNREFUSED', message: 'late', stack: expect.any(String) } }])
})

test('console providers announce themselves as a warning and print the code; HTTP ones do neither', async () => {
  const development = loadOptions([], {}, '/nowhere')
  if (development.kind !== 'options') throw new Error(JSON.stringify(development))
  const { log, records } = aLog()
  const { sms, voice, email } = openProviders(development.options, log)
  expect(records()).toMatchObject([
    { level: 'warn', channel: 'sms', msg: expect.stringContaining('development only') },
    { level: 'warn', channel: 'voice', msg: expect.stringContaining('development only') },
    { level: 'warn', channel: 'email', msg: expect.stringContaining('development only') },
  ])
  await sms.send('380501112233', 'Your code: 123456', '123456')
  await voice.call('380501112233', '123456', 'en')
  await email.send('anna@example.com', 'Your code', 'Your code: 123456')
  const printed = { msg: expect.stringContaining('123456') }
  expect(records().slice(3)).toMatchObject([printed, printed, printed])

  const silent = aLog()
  const url = 'http://gateway.example/?to={phone}&code={code}'
  const mail = ['--email=smtp', '--smtp-host=mail.example', '--smtp-from=nynja@example.com']
  const real = loadOptions(['--sms=http', `--sms-url=${url}`, '--voice=http', `--voice-url=${url}`, ...mail], {}, '/nowhere')
  if (real.kind !== 'options') throw new Error(JSON.stringify(real))
  openProviders(real.options, silent.log)
  expect(silent.lines).toEqual([])
})

test.each(['exit', 'throw', 'end'])('lines that are written together are all written before the process ends (%s)', async (way) => {
  const child = fileURLToPath(new URL('logging-child.js', import.meta.url))
  const written = await new Promise<string>((resolve) => {
    execFile(process.execPath, [child, way], (_error, stdout) => {
      resolve(stdout)
    })
  })
  const numbers = written.split('\n').flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as { number: number }).number]))
  expect(numbers).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1))
})
