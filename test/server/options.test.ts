import { createPrivateKey } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadOptions } from '../../server/options-load.js'
import { renderOptionsReference } from '../../server/options-pages.js'
import { type Certificate, makeCertificate } from '../providers/mail-server.js'
import { namedSections, type OptionName, type Options } from '../../server/options-table.js'

type Environment = Readonly<Record<string, string>>

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nynja-options-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

let certificate: Certificate
let other: Certificate
beforeAll(() => {
  certificate = makeCertificate()
  other = makeCertificate()
})
afterAll(() => {
  certificate.remove()
  other.remove()
})

function encrypted(key: string): string {
  return createPrivateKey(key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString()
}

function writeConfig(content: unknown, name = 'nynja.config.json'): void {
  writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
}

function load(argv: readonly string[] = [], env: Environment = {}) {
  return loadOptions(argv, env, folder)
}

function optionsOf(argv: readonly string[] = [], env: Environment = {}): Options {
  const loaded = load(argv, env)
  if (loaded.kind !== 'options') throw new Error(JSON.stringify(loaded))
  return loaded.options
}

function problemsOf(argv: readonly string[] = [], env: Environment = {}): readonly string[] {
  const loaded = load(argv, env)
  if (loaded.kind !== 'problems') throw new Error(JSON.stringify(loaded))
  return loaded.problems
}

function textOf(argv: readonly string[] = [], env: Environment = {}): string {
  const loaded = load(argv, env)
  if (loaded.kind !== 'help' && loaded.kind !== 'print') throw new Error(JSON.stringify(loaded))
  return loaded.text
}

const table = namedSections('/').flatMap(({ options }) => options)

describe('the table of options', () => {
  test('names follow from the key', () => {
    expect(table.find(({ name }) => name === 'drainTimeoutMs')).toMatchObject({
      variable: 'NYNJA_DRAIN_TIMEOUT_MS',
      flag: '--drain-timeout-ms',
    })
    for (const names of [table.map(({ name }) => name), table.map(({ variable }) => variable), table.map(({ flag }) => flag)]) {
      expect(new Set(names).size).toBe(table.length)
    }
  })

  test.each(
    table.filter((option) => option.default !== undefined && option.default !== '').map((option) => [option.name, option] as const),
  )('the default of %s keeps its own rule', (_, option) => {
    const asInFile = option.name === 'services' ? {} : option.default
    expect(option.kind.schema.safeParse(asInFile)).toEqual({ success: true, data: option.default })
  })

  test('docs/reference/options.md is what the table renders (npm run docs)', () => {
    expect(readFileSync(join('docs', 'reference', 'options.md'), 'utf8')).toBe(renderOptionsReference())
  })

  test('--help names every option with its variable and what it does', () => {
    for (const arguments_ of [['--help'], ['-h'], ['--mqtt-port', 'bad', '--help', '--print-config']]) {
      const help = textOf(arguments_)
      for (const { flag, variable, about } of table) for (const part of [flag, variable, about]) expect(help).toContain(part)
    }
  })
})

describe('defaults', () => {
  test('nothing needs to be given', () => {
    expect(optionsOf()).toMatchObject({
      mqttPort: 1883,
      wsPort: 8083,
      tlsPort: 'off',
      httpPort: 8080,
      adminPort: 8081,
      adminHost: '127.0.0.1',
      store: 'lmdb',
      dataDir: join(folder, 'data'),
      nodes: availableParallelism(),
      sms: 'console',
      voice: 'console',
      services: [],
      inflightWindow: 32,
      inboxEntries: 1_000,
      maxPacketBytes: 1_048_576,
      maxPayloadBytes: 65_536,
      tlsKey: undefined,
    })
  })

  test('rates leave room for a load test from one address', () => {
    const { connectsBurst, connectsPerSecond, registrationsPerHour, publishesPerSecond, maxConnections } = optionsOf()
    expect(Math.min(connectsBurst, Number(registrationsPerHour), maxConnections)).toBeGreaterThanOrEqual(10_000)
    expect(Number(connectsPerSecond) * 60).toBeGreaterThanOrEqual(10_000)
    expect(Number(publishesPerSecond)).toBeGreaterThanOrEqual(100_000)
  })

  test('options are frozen, all the way down', () => {
    const options = optionsOf([], { NYNJA_SERVICES: 'push=s3cret of the push' })
    expect(Object.isFrozen(options)).toBe(true)
    expect(Object.isFrozen(options.services)).toBe(true)
    expect(Object.isFrozen(options.services[0])).toBe(true)
    expect(Object.isFrozen(options.smsHeaders)).toBe(true)
  })
})

describe('sources', () => {
  test('flags win over the environment, which wins over the file, which wins over defaults', () => {
    writeConfig({ mqttPort: 1, wsPort: 2, httpPort: 3 })
    const env = { NYNJA_WS_PORT: '20', NYNJA_HTTP_PORT: '30' }
    expect(optionsOf(['--http-port', '300'], env)).toMatchObject({ mqttPort: 1, wsPort: 20, httpPort: 300, logLevel: 'info' })
  })

  test('--config names another file, which must be there', () => {
    writeConfig({ mqttPort: 1 })
    writeConfig({ wsPort: 2 }, 'other.json')
    expect(optionsOf(['--config', 'other.json'])).toMatchObject({ mqttPort: 1883, wsPort: 2 })
    expect(problemsOf(['--config=missing.json'])).toEqual(['missing.json cannot be read (ENOENT)'])
  })

  test('a flag takes its value as the next word or after =', () => {
    expect(optionsOf(['--mqtt-port=1', '--ws-port', '2'])).toMatchObject({ mqttPort: 1, wsPort: 2 })
  })

  test('an empty variable counts as not given, and variables of others are none of our business', () => {
    expect(optionsOf([], { NYNJA_MQTT_PORT: '', PATH: '/bin', NODE_ENV: 'production' }).mqttPort).toBe(1883)
  })

  const ofServices = {
    NYNJA_SERVICE_HOST: '10.96.0.7',
    NYNJA_SERVICE_PORT: '1883',
    NYNJA_SERVICE_PORT_MQTT: '1883',
    NYNJA_PORT: 'tcp://10.96.0.7:1883',
    NYNJA_PORT_1883_TCP: 'tcp://10.96.0.7:1883',
    NYNJA_PORT_1883_TCP_PROTO: 'tcp',
    NYNJA_PORT_1883_TCP_PORT: '1883',
    NYNJA_PORT_1883_TCP_ADDR: '10.96.0.7',
    NYNJA_MQTT_SERVICE_HOST: 'fd00::7',
    NYNJA_MQTT_SERVICE_PORT: '1883',
    NYNJA_MQTT_PORT: 'tcp://[fd00::7]:1883',
    NYNJA_MQTT_PORT_1883_UDP: 'udp://[fd00::7]:1883',
    NYNJA_MQTT_PORT_1883_UDP_ADDR: 'fd00::7',
    NYNJA_SMTP_PORT: 'tcp://10.96.0.8:25',
  }

  test('variables that Kubernetes gives for Services named nynja… are none of our options, and those with the name of one are told', () => {
    expect(load([], ofServices)).toEqual({ ...load(), passedOver: ['NYNJA_MQTT_PORT', 'NYNJA_SMTP_PORT'] })
    expect(optionsOf([], { ...ofServices, NYNJA_MQTT_PORT: '2883' }).mqttPort).toBe(2883)
  })

  test.each([
    ['NYNJA_SERVICE_HOST', 'mqtt.example'],
    ['NYNJA_SERVICE', 'news=secret'],
    ['NYNJA_PORT', '1883'],
    ['NYNJA_MQTT_PORT_', 'tcp://10.96.0.7:1883'],
    ['NYNJA_PORT_TCP', 'tcp://10.96.0.7:1883'],
    ['NYNJA_DATA_DIR_ADDR', '10.96.0.7'],
  ])('%s=%s is a misspelt option all the same', (variable, value) => {
    expect(problemsOf([], { [variable]: value })).toEqual([`${variable} is not an option`])
  })

  test.each(['http://10.96.0.7:1883', 'tcp:1883', 'tcp://10.96.0.7'])('a port is not %s', (value) => {
    expect(problemsOf([], { NYNJA_MQTT_PORT: value })).toHaveLength(1)
  })

  test('relative paths start at the folder the server was started in', () => {
    expect(optionsOf(['--data-dir', 'here']).dataDir).toBe(join(folder, 'here'))
    expect(optionsOf(['--data-dir', '/there']).dataDir).toBe('/there')
  })

  test.each<{ name: OptionName; inFile: unknown; asText: string; value: unknown }>([
    { name: 'mqttPort', inFile: 0, asText: '0', value: 0 },
    { name: 'mqttPort', inFile: 'off', asText: 'off', value: 'off' },
    { name: 'trustProxy', inFile: true, asText: 'true', value: true },
    { name: 'connectsPerSecond', inFile: 'off', asText: 'off', value: 'off' },
    { name: 'host', inFile: '::1', asText: '::1', value: '::1' },
    { name: 'logLevel', inFile: 'debug', asText: 'debug', value: 'debug' },
    {
      name: 'services',
      inFile: { push: 'a=b of 16 bytes!', constructor: 'another of them!' },
      asText: 'push=a=b of 16 bytes!, constructor=another of them!',
      value: [
        { name: 'push', secret: 'a=b of 16 bytes!' },
        { name: 'constructor', secret: 'another of them!' },
      ],
    },
    {
      name: 'grants',
      inFile: ['any subscribe news/#', 'device publish news/#'],
      asText: 'any subscribe news/#; device publish news/#;',
      value: ['any subscribe news/#', 'device publish news/#'],
    },
    { name: 'smsHeaders', inFile: { 'X-Key': 'k' }, asText: '{"X-Key":"k"}', value: { 'X-Key': 'k' } },
  ])('$name is written $inFile in the file and "$asText" elsewhere', ({ name, inFile, asText, value }) => {
    const option = table.find((one) => one.name === name)!
    expect(optionsOf([`${option.flag}=${asText}`])[name]).toEqual(value)
    expect(optionsOf([], { [option.variable]: asText })[name]).toEqual(value)
    writeConfig({ [name]: inFile })
    expect(optionsOf()[name]).toEqual(value)
    writeConfig({ [name]: asText })
    expect(optionsOf()[name]).toEqual(value)
  })

  test('a GET to a gateway has no body unless one is given', () => {
    const env = { NYNJA_SMS: 'http', NYNJA_SMS_URL: 'http://gateway.example/?to={phone}&t={text}', NYNJA_SMS_METHOD: 'GET' }
    expect(optionsOf([], env).smsBody).toBe('')
    expect(problemsOf(['--sms-body={text}'], env)).toContain('NYNJA_SMS (http): a GET request has no body')
  })

  test('test numbers are told with or without the plus', () => {
    const env = { NYNJA_TEST_NUMBERS: '+999, 38000', NYNJA_TEST_CODE: '012345' }
    expect(optionsOf([], env)).toMatchObject({ testNumbers: ['999', '38000'], testCode: '012345' })
  })
})

describe('problems', () => {
  test('all of them come at once, each with the place where it stands', () => {
    writeConfig({ mqttPort: 'x', colour: 'red' })
    const problems = problemsOf(['--ws-port', '--frobnicate', 'yes', 'stray', '-x'], { NYNJA_NODES: '0', NYNJA_TYPO: '1' })
    expect(problems).toEqual([
      'colour in nynja.config.json is not an option',
      'NYNJA_TYPO is not an option',
      '--ws-port needs a value',
      '--frobnicate is not an option',
      'stray is not an option',
      '-x is not an option',
      'mqttPort in nynja.config.json must be a port from 0 to 65535 (0 picks a free one), or off, not "x"',
      'NYNJA_NODES must be a whole number from 1 to 256, not "0"',
    ])
  })

  test('a value that a later source would have replaced must be right all the same', () => {
    expect(problemsOf(['--mqtt-port', '1'], { NYNJA_MQTT_PORT: 'x' })).toHaveLength(1)
  })

  test('a flag is given once', () => {
    expect(problemsOf(['--mqtt-port', '1', '--mqtt-port=2'])).toEqual(['--mqtt-port is given twice'])
  })

  test.each([
    ['{', 'nynja.config.json is not JSON: look at line 1'],
    ['', 'nynja.config.json is not JSON'],
    ['{\n  "services": {}\n  "grants": []\n}', 'nynja.config.json is not JSON: look at line 3'],
    ['[]', 'nynja.config.json must hold one JSON object'],
    ['null', 'nynja.config.json must hold one JSON object'],
    ['{"__proto__":1}', '__proto__ in nynja.config.json is not an option'],
    [`{"host":"${'x'.repeat(1_048_576)}"}`, 'nynja.config.json is larger than 1048576 bytes'],
  ])('a file %.20s… is refused', (content, problem) => {
    writeConfig(content)
    expect(problemsOf()).toEqual([problem])
  })

  const longSecret = '0123456789abcdef'
  const badValues: Readonly<Partial<Record<OptionName, readonly string[]>>> = {
    host: ['a b', 'http://x'],
    mqttPort: ['-1', '65536', '1.5', '0x10', ' 1', 'on'],
    trustProxy: ['yes', '1'],
    maxConnections: ['0', 'off', '1e3'],
    store: ['redis:', 'http://localhost', 'memory', 'redis://host/one', 'redis://host?db=1'],
    nodes: ['0', '257', 'many'],
    requestDeadlineMs: ['99', '10s'],
    drainTimeoutMs: ['-1', '600001'],
    logLevel: ['loud', 'INFO'],
    services: [
      'push',
      'push=',
      ...['', 'a/b', 'sys_push'].map((name) => `${name}=${longSecret}`),
      `a=${longSecret},a=${longSecret}`,
      `a=${longSecret},`,
      `push=${longSecret.slice(0, 15)}`,
    ],
    testNumbers: ['12a', '1234567890123456'],
    testCode: ['12345', '1234567', 'abcdef'],
    sms: ['twilio'],
    smsMethod: ['DELETE', 'post'],
    smsHeaders: ['x', '[]', '{"a":1}', '"x"'],
    smsTimeoutMs: ['99', '60001'],
    smsRetries: ['-1', '11'],
    maxPayloadBytes: ['1023'],
    maxPacketBytes: ['67108865'],
    inflightWindow: ['0', '1001'],
    inboxEntries: ['9'],
    connectsPerSecond: ['0', '-1', 'none'],
  }
  test.each(Object.entries(badValues).flatMap(([name, values]) => values.map((value) => [name, value] as const)))(
    '%s may not be "%s"',
    (name, value) => {
      const { variable, kind } = table.find((one) => one.name === name)!
      const [problem = '', ...rest] = problemsOf([], { [variable]: value })
      expect(rest).toEqual([])
      expect(problem.startsWith(`${variable} must be ${kind.form}`)).toBe(true)
    },
  )

  test('the address of a Redis is a store, and its password is shown to nobody', () => {
    const address = 'rediss://user:s3cret@redis.example:6380/2'
    expect(load(['--store', address])).toMatchObject({ kind: 'options', options: { store: address } })
    const shown = load(['--store', address, '--print-config'])
    expect(shown).toMatchObject({ kind: 'print', text: expect.stringContaining('rediss://user:***@redis.example:6380/2') })
    expect(JSON.stringify(shown)).not.toContain('s3cret')
    expect(problemsOf(['--store', 'redis:s3cret'])).toEqual([expect.not.stringContaining('s3cret')])
  })

  test.each<{ contradiction: string; env: Environment; says: string }>([
    {
      contradiction: 'a TLS key without a certificate',
      env: { NYNJA_TLS_KEY: 'key.pem' },
      says: 'NYNJA_TLS_KEY and NYNJA_TLS_CERT must be given together',
    },
    {
      contradiction: 'a TLS port without either',
      env: { NYNJA_TLS_PORT: '8883' },
      says: 'NYNJA_TLS_PORT needs NYNJA_TLS_KEY and NYNJA_TLS_CERT',
    },
    {
      contradiction: 'one port for two listeners',
      env: { NYNJA_WS_PORT: '1883' },
      says: 'NYNJA_MQTT_PORT and NYNJA_WS_PORT are both 1883',
    },
    {
      contradiction: 'metrics where everybody may ask',
      env: { NYNJA_ADMIN_PORT: '8080' },
      says: 'NYNJA_HTTP_PORT and NYNJA_ADMIN_PORT are both 8080',
    },
    {
      contradiction: 'a grant for a service that is not there',
      env: { NYNJA_SERVICES: 'news=s3cret of the news', NYNJA_GRANTS: 'service:nws publish telemetry/#; service:news publish telemetry/#' },
      says: 'NYNJA_GRANTS: there is no service:nws, see NYNJA_SERVICES',
    },
    {
      contradiction: 'no listener at all',
      env: { NYNJA_MQTT_PORT: 'off', NYNJA_WS_PORT: 'off' },
      says: 'no client could connect: NYNJA_MQTT_PORT, NYNJA_WS_PORT and NYNJA_TLS_PORT are all off',
    },
    {
      contradiction: 'test numbers without a code',
      env: { NYNJA_TEST_NUMBERS: '999' },
      says: 'NYNJA_TEST_NUMBERS and NYNJA_TEST_CODE must be given together',
    },
    {
      contradiction: 'a code without test numbers',
      env: { NYNJA_TEST_CODE: '123456' },
      says: 'NYNJA_TEST_NUMBERS and NYNJA_TEST_CODE must be given together',
    },
    { contradiction: 'http without a URL', env: { NYNJA_SMS: 'http' }, says: 'NYNJA_SMS is http, but NYNJA_SMS_URL is not given' },
    {
      contradiction: 'a URL that is not used',
      env: { NYNJA_VOICE_URL: 'http://x' },
      says: 'NYNJA_VOICE_URL is given, but NYNJA_VOICE is console; set it to http',
    },
    {
      contradiction: 'a gateway nothing can be sent through',
      env: { NYNJA_VOICE: 'http', NYNJA_VOICE_URL: '/call' },
      says: 'NYNJA_VOICE (http): the URL must be an absolute http or https URL',
    },
    {
      contradiction: 'a payload larger than its packet',
      env: { NYNJA_MAX_PACKET_BYTES: '65536' },
      says: 'NYNJA_MAX_PACKET_BYTES must exceed NYNJA_MAX_PAYLOAD_BYTES by at least 1024',
    },
    { contradiction: 'a grant that cannot be read', env: { NYNJA_GRANTS: 'any subscribe ses/#' }, says: 'NYNJA_GRANTS: ' },
  ])('$contradiction is a contradiction', ({ env, says }) => {
    expect(problemsOf([], env)).toEqual([expect.stringContaining(says)])
  })

  test('TLS files must be readable, and open the default port', () => {
    const env = { NYNJA_TLS_KEY: 'key.pem', NYNJA_TLS_CERT: 'cert.pem' }
    expect(problemsOf([], env)).toEqual([
      `NYNJA_TLS_KEY: ${join(folder, 'key.pem')} cannot be read`,
      `NYNJA_TLS_CERT: ${join(folder, 'cert.pem')} cannot be read`,
    ])
    writeConfig(certificate.key, 'key.pem')
    writeConfig(certificate.cert, 'cert.pem')
    expect(optionsOf([], env)).toMatchObject({ tlsPort: 8883, tlsKey: join(folder, 'key.pem') })
    expect(optionsOf(['--tls-port', '0'], env).tlsPort).toBe(0)
  })

  test.each<{ wrong: string; key: () => string; cert: () => string; says: RegExp }>([
    {
      wrong: 'a key that is none',
      key: () => 'x',
      cert: () => certificate.cert,
      says: /NYNJA_TLS_KEY: .*key\.pem holds no private key in PEM/,
    },
    {
      wrong: 'files that were swapped',
      key: () => certificate.cert,
      cert: () => certificate.key,
      says: /NYNJA_TLS_KEY: .* holds no private key/,
    },
    {
      wrong: 'a certificate that is none',
      key: () => certificate.key,
      cert: () => '',
      says: /NYNJA_TLS_CERT: .*cert\.pem holds no certificate/,
    },
    { wrong: 'an encrypted key', key: () => encrypted(certificate.key), cert: () => certificate.cert, says: /is encrypted/ },
    { wrong: 'a certificate of another key', key: () => other.key, cert: () => certificate.cert, says: /do not belong together/ },
  ])('$wrong is told in one sentence', ({ key, cert, says }) => {
    writeConfig(key(), 'key.pem')
    writeConfig(cert(), 'cert.pem')
    expect(problemsOf([], { NYNJA_TLS_KEY: 'key.pem', NYNJA_TLS_CERT: 'cert.pem' })).toEqual([expect.stringMatching(says)])
  })
})

describe('secrets', () => {
  const secret = 'top-secret of 16'
  const env = {
    NYNJA_SERVICES: `push=${secret}`,
    NYNJA_SMS: 'http',
    NYNJA_SMS_URL: `https://gateway.example/${secret}?to={phone}`,
    NYNJA_SMS_HEADERS: `{"Authorization":"${secret}"}`,
    NYNJA_SMS_BODY: `{"key":"${secret}","text":"{text}"}`,
    NYNJA_TEST_NUMBERS: '999',
    NYNJA_TEST_CODE: '987654',
  }

  test('--print-config shows what is in effect and masks them', () => {
    const text = textOf(['--print-config', '--mqtt-port', '0'], env)
    expect(text).not.toMatch(/top-secret|987654/)
    expect(JSON.parse(text)).toMatchObject({
      mqttPort: 0,
      services: { push: '***' },
      smsUrl: '***',
      smsHeaders: { Authorization: '***' },
      smsBody: '***',
      testCode: '***',
      testNumbers: ['999'],
    })
  })

  test('what --print-config prints is a file that comes to the same options, where there is no secret', () => {
    const argv = ['--mqtt-port', '0', '--data-dir', 'elsewhere', '--grants', 'any subscribe news/#']
    const printed = textOf(['--print-config', ...argv])
    const options = optionsOf(argv)
    writeConfig(printed)
    expect(optionsOf()).toEqual(options)
  })

  test('a problem never shows one', () => {
    const broken = {
      NYNJA_SERVICES: secret,
      NYNJA_SMS_HEADERS: `{"Authorization":"${secret}`,
      NYNJA_SMS_BODY: secret.padEnd(20_000, 'x'),
      NYNJA_TEST_CODE: secret,
    }
    const problems = problemsOf([], broken)
    expect(problems).toHaveLength(4)
    expect(problems.join()).not.toContain(secret)
    writeConfig(`{"services":{"push":"${secret}"`)
    expect(problemsOf().join()).not.toContain(secret)
    writeConfig({})
    expect(problemsOf([], { ...env, NYNJA_SMS_URL: `ftp://${secret}` }).join()).not.toContain(secret)
  })
})
