import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { messageOfLine } from '../../cli/core.js'
import { startWireServer, testCode, type WireServer } from '../wire/wire-server.js'
import { startNynja } from './nynja.js'

describe('a line', () => {
  test.each([
    ['', undefined],
    ['  ', undefined],
    ['{"id":"x"}', '{"id":"x"}'],
    ['profile:get', '{"id":"1","type":"urn:nynja:profile:get"}'],
    ['urn:cadmium:connection:open localhost', '{"id":"1","type":"urn:cadmium:connection:open","to":"localhost"}'],
    ['chat:send @a@b {"text":"x y"}', '{"id":"1","type":"urn:nynja:chat:send","to":"@a@b","payload":{"text":"x y"}}'],
    ['auth:code {"phone":"1"', '{"id":"1","type":"urn:nynja:auth:code","payload":{"phone":"1"}'],
  ])('%s', (line, message) => expect(messageOfLine(line, '1')).toBe(message))
})

describe('nynja core', () => {
  let server: WireServer
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nynja-core-'))
    server = await startWireServer({ NYNJA_WS_PORT: '0' })
  })
  afterAll(async () => {
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('sends what is typed, prints what comes, and ends when all of a pipe is answered', async () => {
    const command = startNynja(folder, ['core', `ws://127.0.0.1:${String(server.ws)}/core`])
    command.type(
      'auth:code {"phone":"380670008001"}',
      `auth:verify {"code":"${testCode}"}`,
      'chat:send @380670008001_1@localhost {"text":"note"}',
    )
    command.endInput()
    const { code, stdout } = await command.ended
    const messages = stdout
      .trim()
      .split('\n')
      .map((one) => JSON.parse(one) as { id: string; ok?: boolean })
    expect(messages.filter(({ ok }) => ok === true).map(({ id }) => id)).toEqual(['1', '2', '3'])
    expect(code).toBe(0)
  })

  test('says where nobody speaks it', async () => {
    const command = startNynja(folder, ['core', `ws://127.0.0.1:${String(server.ws)}/elsewhere`])
    const { code, stderr } = await command.ended
    expect([code, stderr]).toEqual([4, expect.stringContaining('404')])
  })
})
