/** Signals: how a server is stopped, and how it is told to read its options and certificates again. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { Monotonic } from '../../clock/index.js'
import { newStopSignals } from '../../server/stop-signals.js'
import { type Certificate, makeCertificate } from '../providers/mail-server.js'
import { dial, newWireDevice } from './wire-device.js'
import { startWireServer, type WireServer } from './wire-server.js'

const minute = 60_000
const folder = mkdtempSync(join(tmpdir(), 'nynja-signals-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function start(env: Readonly<Record<string, string>> = {}): Promise<WireServer> {
  const server = await startWireServer(env)
  closers.push(() => server.close())
  return server
}

test.each([
  { signals: [0], means: ['drain'] },
  { signals: [0, 5], means: ['drain', 'same'] },
  { signals: [0, 1_900, 3_800], means: ['drain', 'same', 'same'] },
  { signals: [0, 2_000], means: ['drain', 'hurry'] },
  { signals: [0, 10, 2_500, 2_501, 9_000], means: ['drain', 'same', 'hurry', 'same', 'same'] },
])('signals to stop after $signals ms mean $means', ({ signals, means }) => {
  const meaningOf = newStopSignals()
  expect(signals.map((at) => meaningOf(at as Monotonic))).toEqual(means)
})

describe('a server that is told to stop', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'by %s twice at once drains once, and its log ends when it has stopped',
    async (signal) => {
      const server = await start()
      const device = dial(server.mqtt)
      await device.connect({ clientId: 'reg_x' })
      server.signal(signal)
      await server.logged('draining')
      server.signal(signal)
      await device.closed
      await server.logged('stopped')
      expect(await server.exited).toBe(0)
    },
    minute,
  )

  test(
    'by a hangup goes on',
    async () => {
      const server = await start()
      server.signal('SIGHUP')
      expect(await server.logged('reloaded')).toMatchObject({ changed: [] })
      await dial(server.mqtt).connect({ clientId: 'reg_x' })
    },
    minute,
  )

  test(
    'by Ctrl-C under npm, which passes the signal on once more, logs that it has stopped',
    async () => {
      const main = fileURLToPath(new URL('../../server/main.js', import.meta.url))
      const own = mkdtempSync(join(folder, 'npm-'))
      writeFileSync(join(own, 'package.json'), JSON.stringify({ name: 'x', scripts: { start: `exec "${process.execPath}" "${main}"` } }))
      const env = {
        ...{ PATH: process.env['PATH'], HOME: own, NYNJA_HOST: '127.0.0.1', NYNJA_MQTT_PORT: '0', NYNJA_WS_PORT: 'off' },
        ...{ NYNJA_HTTP_PORT: 'off', NYNJA_ADMIN_PORT: 'off', NYNJA_NODES: '1', npm_config_update_notifier: 'false' },
      }
      // A terminal sends the signal to all processes of the group.
      const child = spawn('npm', ['start', '--silent'], { cwd: own, env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
      const events: unknown[] = []
      const ended = once(child, 'close')
      createInterface({ input: child.stdout }).on('line', (line) => {
        const { event } = JSON.parse(line) as { readonly event?: string }
        events.push(event)
        if (event === 'ready') process.kill(-(child.pid ?? 0), 'SIGINT')
      })
      await ended
      expect(events.slice(-3)).toEqual(['ready', 'draining', 'stopped'])
    },
    minute,
  )
})

describe('a server that is told to read its options again', () => {
  const [key, cert, config] = [join(folder, 'key.pem'), join(folder, 'cert.pem'), join(folder, 'nynja.json')]
  let certificates: readonly [Certificate, Certificate]
  beforeAll(() => {
    certificates = [makeCertificate(), makeCertificate()]
  })
  afterAll(() => {
    for (const certificate of certificates) certificate.remove()
  })

  function install({ key: keyText, file }: Certificate): void {
    writeFileSync(key, keyText)
    copyFileSync(file, cert)
  }

  async function dialTls(server: WireServer): Promise<TLSSocket> {
    const ca = certificates.map((one) => one.cert)
    const socket = connectTls({ host: '127.0.0.1', port: server.tls, servername: 'localhost', ca })
    await once(socket, 'secureConnect')
    return socket
  }

  const shown = (socket: TLSSocket): string | undefined => socket.getPeerX509Certificate()?.fingerprint256
  const fingerprintOf = async (server: WireServer): Promise<string | undefined> => {
    const socket = await dialTls(server)
    const fingerprint = shown(socket)
    socket.destroy()
    return fingerprint
  }

  test(
    'shows a renewed certificate to whoever comes, leaves connections alone, and keeps the old one where the new one cannot be used',
    async () => {
      install(certificates[0])
      const server = await start({ NYNJA_TLS_PORT: '0', NYNJA_TLS_KEY: key, NYNJA_TLS_CERT: cert })
      const socket = await dialTls(server)
      const old = newWireDevice(socket)
      await old.connect({ clientId: 'reg_old' })
      const before = shown(socket)

      writeFileSync(cert, certificates[1].cert)
      server.signal('SIGHUP')
      expect(await server.logged('reload-refused')).toMatchObject({ problems: [expect.stringContaining('do not belong together')] })
      expect(await fingerprintOf(server)).toBe(before)

      install(certificates[1])
      server.signal('SIGHUP')
      await server.logged('reloaded')
      const after = await fingerprintOf(server)
      expect([after === before, typeof after]).toEqual([false, 'string'])
      old.send({ cmd: 'pingreq' })
      await old.packets.take('PINGRESP', ({ cmd }) => cmd === 'pingresp')
      expect(old.isClosed).toBe(false)
    },
    minute,
  )

  test(
    'takes what can change at once, names what cannot, and takes nothing of a file that is wrong',
    async () => {
      const write = (options: object): void => {
        writeFileSync(config, JSON.stringify(options))
      }
      write({ logLevel: 'info', maxConnections: 2 })
      const server = await startWireServer({ NYNJA_NODES: '1' }, { args: ['--config', config] })
      closers.push(() => server.close())
      await dial(server.mqtt).connect({ clientId: 'reg_1' })
      const turnedAway = async (): Promise<void> => {
        const device = dial(server.mqtt)
        await expect(device.connect({ clientId: 'reg_2' })).rejects.toThrow('the connection is closed')
      }

      write({ logLevel: 'debug', maxConnections: 1, inboxEntries: 50 })
      server.signal('SIGHUP')
      expect(await server.logged('reloaded')).toMatchObject({ changed: ['maxConnections', 'logLevel'] })
      expect(await server.logged('reload-incomplete')).toMatchObject({ later: ['inboxEntries'] })
      await turnedAway()

      write({ maxConnections: 'many' })
      server.signal('SIGHUP')
      expect(await server.logged('reload-refused')).toMatchObject({ problems: [expect.stringContaining('maxConnections in ')] })
      await turnedAway()

      write({ maxConnections: 5, inboxEntries: 50 })
      server.signal('SIGHUP')
      expect(await server.logged('reloaded')).toMatchObject({ changed: ['maxConnections', 'logLevel'] })
      await dial(server.mqtt).connect({ clientId: 'reg_2' })
    },
    minute,
  )
})
