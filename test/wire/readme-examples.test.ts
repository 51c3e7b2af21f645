/** The clients of README.md, run as they stand there. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { runInNewContext } from 'node:vm'
import type { Readable } from 'node:stream'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Mailbox, newMailbox } from './mailbox.js'
import { registerCore } from './core-client.js'
import { register } from './requests.js'
import { startWireServer, testCode, type WireServer } from './wire-server.js'

const examples = [...readFileSync('README.md', 'utf8').matchAll(/```js\n([^]*?)```/g)].map(([, code]) => code ?? '')

let server: WireServer
beforeAll(async () => {
  server = await startWireServer({ NYNJA_WS_PORT: '0', NYNJA_TEST_NUMBERS: '999', NYNJA_SERVICES: 'news=a long random secret' })
  await register(server.mqtt, 'anna', '9991001')
  await register(server.mqtt, 'boris', '9991002')
})
afterAll(() => server.close())

/** Runs the example that holds `mark`, in the project, where its packages are found. */
function runExample(mark: string): {
  readonly child: ChildProcess & { readonly stdout: Readable }
  readonly ended: Promise<number | null>
} {
  const example = examples.find((code) => code.includes(mark))
  if (example === undefined) throw new Error(`README.md has no example with ${mark}`)
  const path = `dist/readme-example-${String(process.pid)}-${mark}.mjs`
  writeFileSync(path, example.replaceAll('127.0.0.1:1883', `127.0.0.1:${String(server.mqtt)}`).replaceAll('123456', testCode))
  const child = spawn(process.execPath, [path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      rmSync(path)
      resolve(code)
    })
  })
  return { child, ended }
}

/** Lets the example that holds `mark` print as many lines. */
async function linesOf(mark: string, count: number): Promise<readonly string[]> {
  const { child, ended } = runExample(mark)
  const printed = newMailbox<string>((line) => line)
  createInterface({ input: child.stdout }).on('line', (line) => {
    printed.put(line)
  })
  try {
    const lines: string[] = []
    for (let i = 0; i < count; i++) lines.push(await printed.take(`line ${String(i + 1)} of the example`))
    return lines
  } finally {
    child.kill()
    await ended
  }
}

test('the client in JSON registers, connects and asks for a friendship', async () => {
  expect(await linesOf('reg_page1', 3)).toEqual([
    'actions/1/api/emqttd_page1 {"tag":"vnode_max","node":2}',
    expect.stringMatching(/^actions\/1\/api\/emqttd_page1 \{"tag":"Profile","phone":"9991003",/),
    expect.stringMatching(/^ses\/9991003 \{"tag":"Contact","phone_id":"9991001_1",.*"status":"request"\}$/),
  ])
})

test('the client in MessagePack tells its answer, which begins as BERT does, from BERT', async () => {
  expect(await linesOf('reg_sensor1', 1)).toEqual([
    "actions/1/api/reg_sensor1 { tag: 'io', code: { tag: 'ok', code: 'sms_sent' }, data: '' }",
  ])
})

test('the service publishes to the friends of somebody, and ends', async () => {
  expect(await runExample('sys_news').ended).toBe(0)
})

/** The page of Protocol Core in what of a browser it uses. */
function openPage(): { readonly opened: Promise<unknown>; readonly shown: Mailbox<string>; say(text: string): void; close(): void } {
  const script = /<script>\n([^]*?)<\/script>/.exec(readFileSync('README.md', 'utf8'))?.[1] ?? ''
  const shown = newMailbox<string>((line) => line)
  const input: { value: string; onchange?: () => void } = { value: '' }
  const sockets: WebSocket[] = []
  class PageSocket extends WebSocket {
    constructor(url: string) {
      super(url)
      sockets.push(this)
      this.on('error', () => undefined)
    }
  }
  // The page comes back by itself: not when it is closed.
  const timers: NodeJS.Timeout[] = []
  let isClosed = false
  const window = {
    ...{ WebSocket: PageSocket, crypto, localStorage: {}, say: input },
    setTimeout: (run: () => void, ms: number): void => {
      if (!isClosed) timers.push(setTimeout(run, ms))
    },
    document: { createElement: () => ({}) },
    shown: { prepend: ({ textContent }: { readonly textContent: string }) => shown.put(textContent) },
  }
  runInNewContext(script.replace('127.0.0.1:8083', `127.0.0.1:${String(server.ws)}`), window)
  return {
    opened: new Promise((resolve) => sockets[0]?.once('open', resolve)),
    shown,
    say(text) {
      input.value = text
      input.onchange?.()
    },
    close: () => {
      isClosed = true
      for (const timer of timers) clearTimeout(timer)
      for (const socket of sockets) socket.terminate()
    },
  }
}

test('the page of Protocol Core registers, makes a friend, writes and is written to', async () => {
  const friend = await registerCore(server.ws, '9991005')
  const page = openPage()
  await page.opened
  page.say('/code 9991006')
  await page.shown.take('that a code was sent', (line) => line.includes('"sent":"sms"'))
  page.say(`/verify ${testCode}`)
  const login = await page.shown.take('the login', (line) => line.includes('"token"'))
  const { user } = JSON.parse(login.slice(login.indexOf('{'))) as { user: string }
  page.say(`/ask ${friend.user}`)
  await page.shown.take('the answer to the request', (line) => line.includes('"requested"'))
  await friend.get('urn:nynja:contacts:confirm', {}, user)
  page.say(`${friend.user} hello there`)
  await friend.push('message')
  expect((await friend.push('message')).payload).toMatchObject({ from: user, text: 'hello there' })
  await friend.get('urn:nynja:chat:send', { text: 'hello page' }, user)
  await page.shown.take('the answer', (line) => line === `${friend.user}: hello page`)
  page.close()
})
