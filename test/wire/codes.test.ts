/** How many codes go out, whatever whoever asks for them does with its connections. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { expect, test } from '@jest/globals'
import { encode, record } from '../../protocol/index.js'
import { bert, eventsTopic, register, request, takeRecord } from './requests.js'
import { dial } from './wire-device.js'
import { startWireServer, testCode } from './wire-server.js'

/** Asks for a code, and has gone as soon as the request is on its way. */
async function askAndGo(port: number, name: string, phone: string): Promise<void> {
  const device = dial(port)
  const client_id = `reg_${name}`
  await device.connect({ clientId: client_id })
  const asked = encode(record('Auth', { client_id, dev_key: name, phone, type: 'reg', os: 'ios' }), bert)
  device.send({ cmd: 'publish', topic: eventsTopic, payload: Buffer.from(asked), qos: 1, messageId: 1, dup: false, retain: false })
  await device.disconnect()
}

test('who closes the connection right after asking gets no more codes than who stays', async () => {
  const server = await startWireServer({ NYNJA_REGISTRATIONS_PER_HOUR: '3' })
  await Promise.all(
    Array.from({ length: 24 }, (_, i) => askAndGo(server.mqtt, `gone${String(i)}`, `4477009001${String(i).padStart(2, '0')}`)),
  )
  // All that it has taken is done before it ends.
  await server.close()
  expect(server.unread.filter(({ msg }) => String(msg).includes('no SMS is sent'))).toHaveLength(3)
})

test('codes are counted on after a crash, and by every server on the same store', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nynja-codes-'))
  const env = { NYNJA_DATA_DIR: folder, NYNJA_REDIS_PREFIX: `${basename(folder)}:`, NYNJA_CODES_NUMBER_HOUR: '2' }
  const phone = '447700900301'
  try {
    const first = await startWireServer(env)
    expect(await answerTo(first.mqtt, 'a', phone)).toBe('sms_sent')
    expect(await answerTo(first.mqtt, 'b', phone)).toBe('sms_sent')
    first.signal('SIGKILL')
    await first.exited
    const second = await startWireServer(env)
    expect(await answerTo(second.mqtt, 'c', phone)).toBe('attempts_expired')
    await Promise.all([first.close(), second.close()])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('how many codes there are changes with the file and SIGHUP, in every worker', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nynja-codes-'))
  const file = join(folder, 'options.json')
  writeFileSync(file, JSON.stringify({ codesNumberHour: 1 }))
  const server = await startWireServer({}, { args: ['--config', file] })
  try {
    const codes = async (name: string): Promise<readonly string[]> => {
      const answers: string[] = []
      // One after the other; the workers are chosen by client id.
      for (let i = 0; i < 4; i++) answers.push(await answerTo(server.mqtt, `${name}${String(i)}`, `44770090020${String(i % 2)}`))
      return answers
    }
    expect(await codes('a')).toEqual(['sms_sent', 'sms_sent', 'attempts_expired', 'attempts_expired'])
    writeFileSync(file, JSON.stringify({ codesNumberHour: 'off' }))
    server.signal('SIGHUP')
    expect(await server.logged('reloaded')).toMatchObject({ changed: ['codesNumberHour'] })
    expect(await codes('b')).toEqual(['sms_sent', 'sms_sent', 'sms_sent', 'sms_sent'])
  } finally {
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  }
})

/** Asks for a code. @returns the code of the answer */
async function answerTo(port: number, name: string, phone: string): Promise<string> {
  const device = dial(port)
  const client_id = `reg_${name}`
  await device.connect({ clientId: client_id })
  await request(device, record('Auth', { client_id, dev_key: name, phone, type: 'reg', os: 'ios' }))
  const { code } = await takeRecord(device, 'io')
  await device.disconnect()
  return typeof code === 'object' && code !== null && 'code' in code ? String(code.code) : ''
}

test('who gives wrong codes for a number burns his own, and its owner registers beside him', async () => {
  const server = await startWireServer()
  try {
    const phone = '380670000042'
    const stranger = dial(server.mqtt)
    const mine = { client_id: 'reg_stranger', dev_key: 'S', phone }
    await stranger.connect({ clientId: mine.client_id })
    await request(stranger, record('Auth', { ...mine, type: 'reg', os: 'ios' }))
    for (let i = 0; i < 6; i++) await request(stranger, record('Auth', { ...mine, type: 'verify', sms_code: '000000' }))
    await request(stranger, record('Auth', { ...mine, type: 'verify', sms_code: testCode }))
    const answers: unknown[] = []
    for (let i = 0; i < 8; i++) answers.push((await takeRecord(stranger, 'io')).code)
    const wrong = expect.objectContaining({ code: 'invalid_sms_code' }) as unknown
    const burnt = expect.objectContaining({ code: 'attempts_expired' }) as unknown
    expect(answers).toEqual([expect.objectContaining({ code: 'sms_sent' }), wrong, wrong, wrong, wrong, burnt, burnt, burnt])
    expect((await register(server.mqtt, 'owner', phone)).clientId).toBe('emqttd_owner')
    await stranger.disconnect()
  } finally {
    await server.close()
  }
})
