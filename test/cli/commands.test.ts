import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type CommandEnd, commandFile, nynja, type RunningCommand, serve, type Served, startNynja } from './nynja.js'

let folder: string
let server: Served
const running: RunningCommand[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nynja-cli-'))
  server = await serve(folder)
})
afterAll(async () => {
  for (const command of running) command.signal('SIGTERM')
  await Promise.all(running.map(({ ended }) => ended))
  server.signal('SIGTERM')
  const { code } = await server.ended
  rmSync(folder, { recursive: true, force: true })
  expect(code).toBe(0)
})

const run = (...args: string[]): Promise<CommandEnd> => nynja(folder, args)
const tokenOf = (profile: string): string =>
  (JSON.parse(readFileSync(join(folder, 'nynja', `${profile}.json`), 'utf8')) as { readonly token: string }).token

/** Whatever a test finds, what it has started is ended. */
function ending<T extends RunningCommand>(command: T): T {
  running.push(command)
  return command
}

const start = (...args: string[]): RunningCommand => ending(startNynja(folder, args))

async function register(phone: string, profile: string, ...options: string[]): Promise<CommandEnd> {
  const end = await run('register', phone, '--profile', profile, '--server', server.url, '--code', '123456', ...options)
  expect([end.code, end.stderr]).toEqual([0, ''])
  return end
}

async function befriend(a: string, aPhone: string, b: string, bPhone: string): Promise<void> {
  expect((await run('send', bPhone, 'hello', '--profile', a)).code).toBe(3)
  expect((await run('send', aPhone, 'hello', '--profile', b)).code).toBe(0)
}

describe('register', () => {
  test('keeps the account in a file that only its owner reads, and prints no token', async () => {
    const { stdout } = await register('9990001', 'first', '--name', 'Anna Koval')
    expect(statSync(join(folder, 'nynja', 'first.json')).mode & 0o777).toBe(0o600)
    expect(stdout).toMatch(/Registered 9990001 as 9990001_\d+\./)
    expect(stdout).not.toContain(tokenOf('first'))
  })

  test('asks for the code where none is given', async () => {
    const { code, stderr } = await nynja(folder, ['register', '9990002', '--profile', 'asked', '--server', server.url], '123456')
    expect(stderr).toContain('The code that was sent to 9990002')
    expect(code).toBe(0)
  })

  test('takes the code of a test number from the environment', async () => {
    const env = { NYNJA_TEST_NUMBERS: '888, 999', NYNJA_TEST_CODE: '123456' }
    const { code } = await nynja(folder, ['register', '9990003', '--as', 'environment', '--server', server.url], '', env)
    expect(code).toBe(0)
  })

  test('keeps the device when a machine registers again', async () => {
    await register('9990004', 'again')
    const before = readFileSync(join(folder, 'nynja', 'again.json'), 'utf8')
    await register('9990004', 'again')
    const after = readFileSync(join(folder, 'nynja', 'again.json'), 'utf8')
    const [older, newer] = [before, after].map((text) => JSON.parse(text) as { readonly clientId: string; readonly token: string })
    expect(newer!.clientId).toBe(older!.clientId)
    expect(newer!.token).not.toBe(older!.token)
  })

  for (const { rule, args, code, says } of [
    { rule: 'a wrong code is refused', args: ['9990009', '--code', '654321'], code: 3, says: 'the code is wrong' },
    { rule: 'a name too short is refused', args: ['9990009', '--code', '123456', '--name', 'A'], code: 3, says: '2 to 32 characters' },
    { rule: 'a word is no phone number', args: ['anna'], code: 2, says: 'no phone number' },
    { rule: 'without a code nothing is asked of the server', args: ['9990009'], code: 2, says: 'No code was given' },
    { rule: 'a profile is the name of a file', args: ['9990009', '--profile', '../x'], code: 2, says: 'A profile is named with' },
  ]) {
    test(rule, async () => {
      const end = await run('register', ...args, '--server', server.url, ...(args.includes('--profile') ? [] : ['--profile', 'refused']))
      expect(end.stderr).toContain(says)
      expect(end.code).toBe(code)
    })
  }
})

test('a mistyped code can be typed again, and what is no code is not counted', async () => {
  const typed = ['654321', 'abc', '111111', '222 222', '123-456'].join('\n')
  const { code, stderr } = await nynja(folder, ['register', '9990010', '--profile', 'mistyped', '--server', server.url], `${typed}\n`)
  expect(stderr.match(/That is not the code/g)).toHaveLength(3)
  expect(stderr).toContain('made of digits')
  expect(code).toBe(0)
})

test('the fifth wrong code ends the registration; another code can be had at once', async () => {
  const typed = Array.from({ length: 5 }, () => '654321').join('\n')
  const { code, stderr } = await nynja(folder, ['register', '9990011', '--profile', 'burnt', '--server', server.url], `${typed}\n`)
  expect([code, stderr.trim().split('\n').at(-1)]).toEqual([3, expect.stringContaining('too many tries, register again for another code')])
  expect((await run('register', '9990011', '--profile', 'burnt', '--server', server.url, '--code', '123456')).code).toBe(0)
})

describe('send', () => {
  test('asks a stranger to be friends, and delivers when they have accepted', async () => {
    await Promise.all([register('9991001', 'a1'), register('9991002', 'b1')])
    const first = await run('send', '9991002', 'hello', '--profile', 'a1')
    expect(first.stdout).toContain('a request has been sent')
    expect(first.stderr).toContain('has not accepted your request yet')
    expect(first.code).toBe(3)
    const second = await run('send', '9991001', 'hello', '--profile', 'b1')
    expect(second.stdout).toMatch(/Accepted the request of 9991001_\d+\.\nStored as message \d+\./)
    expect(second.code).toBe(0)
    expect((await run('send', '9991002', 'hello', '--profile', 'a1')).code).toBe(0)
  })

  test('says why a message was refused', async () => {
    const { code, stderr } = await run('send', '9991002', 'x'.repeat(20_000), '--profile', 'a1')
    expect(stderr).toContain('longer than 16384 bytes (invalid_data)')
    expect(code).toBe(3)
  })

  for (const { rule, args, code, says } of [
    { rule: 'a phone that nobody knows', args: ['9998888', 'x', '--profile', 'first'], code: 3, says: 'Nobody has registered 9998888' },
    { rule: 'a phone_id that does not exist', args: ['9998888_9', 'x', '--profile', 'first'], code: 3, says: 'nobody is registered' },
    {
      rule: 'no server there',
      args: ['9998888_9', 'x', '--profile', 'first', '--server', 'mqtt://127.0.0.1:1'],
      code: 4,
      says: 'Is the server running?',
    },
    { rule: 'not registered', args: ['9998888_9', 'x', '--profile', 'nobody'], code: 5, says: 'nynja register <phone> --profile nobody' },
    { rule: 'no text', args: ['9998888_9'], code: 2, says: 'missing required argument' },
  ]) {
    test(`ends with ${code}: ${rule}`, async () => {
      const end = await run('send', ...args)
      expect(end.stderr).toContain(says)
      expect(end.code).toBe(code)
    })
  }
})

describe('chat', () => {
  test('two people talk through pipes, in two dialects and codecs, and see that they were read', async () => {
    await Promise.all([
      register('9992001', 'a2', '--name', 'Anna'),
      register('9992002', 'b2', '--name', 'Boris', '--codec', 'json', '--dialect', 'v11'),
    ])
    const anna = start('chat', '9992002', '--profile', 'a2')
    await anna.sees('You have asked')
    anna.type('are you there?')
    const boris = start('chat', '9992001', '--profile', 'b2')
    await boris.sees('You and Anna are friends now')
    await anna.sees('You and Boris are friends now')
    await boris.sees('Anna: are you there?')
    await anna.sees('Boris has read it')
    boris.type('yes', '//and here')
    await anna.sees('Boris: yes')
    await anna.sees('Boris: /and here')
    boris.endInput()
    expect((await boris.ended).code).toBe(0)
    await anna.sees('Boris is offline')
    anna.signal('SIGINT')
    expect((await anna.ended).code).toBe(0)
  })

  test('shows what was said before, and more on request', async () => {
    const { code, stdout } = await nynja(folder, ['chat', '9992002', '--profile', 'a2'], '/history 1\n/nonsense\n/quit')
    expect(stdout).toMatch(/you: are you there\?/)
    expect(stdout).toContain('There is no /nonsense')
    expect(code).toBe(0)
  })

  test('a profile that is in use is not taken away', async () => {
    const anna = start('chat', '9992002', '--profile', 'a2')
    await anna.sees('Chat with')
    const { code, stderr } = await run('watch', '--profile', 'a2')
    expect(stderr).toContain('is in use by process')
    expect(code).toBe(5)
    anna.signal('SIGTERM')
    expect((await anna.ended).code).toBe(0)
  })

  test('messages typed for somebody who does not accept are named at the end', async () => {
    await register('9992003', 'c2')
    const { code, stderr } = await nynja(folder, ['chat', '9992001', '--profile', 'c2', '--linger', '0'], 'hello')
    expect(stderr).toContain('Not sent: 1 message(s), the first one "hello"')
    expect(code).toBe(3)
  })
})

describe('watch', () => {
  test('shows the traffic of a further device of a phone, without its secrets', async () => {
    await Promise.all([register('9993001', 'a3'), register('9993002', 'b3')])
    await befriend('a3', '9993001', 'b3', '9993002')
    await register('9993002', 'b3-too')
    const watching = start('watch', '--profile', 'b3-too')
    await watching.sees('Profile{')
    expect((await run('send', '9993002', 'seen?', '--profile', 'a3')).code).toBe(0)
    const line = await watching.sees('payload="seen?"')
    expect(line).toMatch(/^\d\d:\d\d:\d\d p2p\/9993001_\d+\/9993002_\d+ Message\{id=\d+, .*status=sent\}$/)
    watching.signal('SIGINT')
    const { code, stdout } = await watching.ended
    expect(code).toBe(0)
    expect(stdout).not.toContain(tokenOf('b3-too'))
  })

  test('prints JSON on request', async () => {
    const watching = start('watch', '--profile', 'b3-too', '--json')
    const line = JSON.parse(await watching.sees('"vnode_max"')) as object
    expect(line).toMatchObject({ topic: expect.stringMatching(/^actions\/1\/api\/emqttd_cli/), record: { tag: 'vnode_max', node: 2 } })
    watching.signal('SIGTERM')
    expect((await watching.ended).code).toBe(0)
  })
})

test('watch ends quietly when whoever reads it has gone', async () => {
  await Promise.all([register('9993003', 'heard'), register('9993003', 'speaks')])
  const watching = spawn('sh', ['-c', '"$0" "$@" | head -1', process.execPath, commandFile, 'watch', '--profile', 'heard'], {
    cwd: folder,
    env: { PATH: process.env['PATH'], XDG_CONFIG_HOME: folder },
  })
  let complaints = ''
  watching.stderr.on('data', (bytes: Buffer) => (complaints += bytes.toString()))
  let isOver = false
  watching.once('close', () => (isOver = true))
  // It is found out at the next line.
  while (!isOver) await run('send', '9993003', 'hello', '--profile', 'speaks')
  expect(complaints).toBe('')
})

test('a chat survives the death of the server: what was typed meanwhile arrives once', async () => {
  const own = mkdtempSync(join(tmpdir(), 'nynja-cli-'))
  const first = ending(await serve(own))
  for (const [phone, profile] of [
    ['9994001', 'a'],
    ['9994002', 'b'],
  ] as const) {
    expect((await nynja(own, ['register', phone, '--profile', profile, '--server', first.url, '--code', '123456'])).code).toBe(0)
  }
  const anna = ending(startNynja(own, ['chat', '9994002', '--profile', 'a']))
  const boris = ending(startNynja(own, ['chat', '9994001', '--profile', 'b']))
  await anna.sees('are friends now')
  anna.type('before')
  await boris.sees('9994001: before')
  first.signal('SIGKILL')
  await first.ended
  await anna.sees('The connection is lost')
  anna.type('meanwhile', 'and more')
  const second = ending(await serve(own, first.port))
  await boris.sees('9994001: meanwhile')
  await boris.sees('9994001: and more')
  anna.endInput()
  boris.type('/quit')
  const [a, b] = await Promise.all([anna.ended, boris.ended])
  expect([a.code, b.code, a.stderr, b.stderr]).toEqual([0, 0, '', ''])
  expect(b.stdout.match(/before|meanwhile|and more/g)).toEqual(['before', 'meanwhile', 'and more'])
  second.signal('SIGTERM')
  await second.ended
  rmSync(own, { recursive: true, force: true })
})

describe('help', () => {
  test('--help names the commands and the exit codes, --version the version', async () => {
    const help = await run('--help')
    for (const word of ['serve', 'register', 'send', 'chat', 'watch', 'Exit codes']) expect(help.stdout).toContain(word)
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string }
    expect(await run('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })

  test('serve takes the flags of the server', async () => {
    expect((await run('serve', '--help')).stdout).toContain('--mqtt-port')
    expect(await run('serve', '--no-such-flag')).toMatchObject({ code: 78, stderr: expect.stringContaining('--no-such-flag') })
  })
})

describe('serve', () => {
  const serveBeside = (dataDir: string, mqttPort: number): Promise<CommandEnd> => {
    const flags = ['--host', '127.0.0.1', '--mqtt-port', String(mqttPort), '--ws-port', 'off', '--http-port', '0', '--admin-port', '0']
    return start('serve', ...flags, '--nodes', '1', '--data-dir', dataDir).ended
  }

  test('ends at once where its port is taken, and says which option is meant', async () => {
    const { code, stdout } = await serveBeside('elsewhere', server.port)
    expect(code).toBe(1)
    expect(stdout).toContain(`port ${server.port} of 127.0.0.1 (NYNJA_MQTT_PORT) is in use`)
    expect(stdout).not.toContain('stack')
  })

  test('ends with 78 and one sentence where its data folder is a file', async () => {
    writeFileSync(join(folder, 'a-file'), '')
    for (const dataDir of ['a-file', 'a-file/below']) {
      const { code, stdout, stderr } = await serveBeside(dataDir, 0)
      expect([code, stderr]).toEqual([78, ''])
      expect(stdout.trim().split('\n')).toHaveLength(1)
      expect(stdout).toMatch(/NYNJA_DATA_DIR: .*a-file.* is a file and not a folder/)
    }
  })

  test('ends at once where another server has its data, and leaves that alone', async () => {
    const { code, stdout } = await serveBeside('data', 0)
    expect(code).toBe(1)
    expect(stdout).toContain('is in use by another server')
    expect(stdout).toContain('NYNJA_DATA_DIR')
    await register('9990077', 'after')
  })
})

test('stickers list says where it has looked in vain', async () => {
  const { code, stdout } = await run('stickers', 'list', '--data-dir', 'mistyped')
  expect(code).toBe(0)
  expect(stdout).toBe(`no packs in ${join(realpathSync(folder), 'mistyped', 'stickers')}\n`)
})

test.each(['127.0.0.1:1883', 'localhost:1883', 'http://127.0.0.1:1883', 'mqtt:127.0.0.1'])(
  'a server %s is no address, and is not asked',
  async (address) => {
    const { code, stderr } = await run('register', '9990078', '--profile', 'astray', '--server', address)
    expect(code).toBe(2)
    expect(stderr).toContain('write it as mqtt://127.0.0.1:1883')
  },
)
