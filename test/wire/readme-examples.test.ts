/** The clients of README.md, run as they stand there. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { newMailbox } from './mailbox.js'
import { register } from './requests.js'
import { startWireServer, testCode, type WireServer } from './wire-server.js'

const examples = [...readFileSync('README.md', 'utf8').matchAll(/```js\n([^]*?)```/g)].map(([, code]) => code ?? '')

let server: WireServer
beforeAll(async () => {
  server = await startWireServer({ NYNJA_TEST_NUMBERS: '999', NYNJA_SERVICES: 'news=a long random secret' })
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
