import { execFileSync } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { logInAll, registerAll } from '../load/community.js'
import { inParallel } from '../load/parallel.js'
import { idleRig } from '../load/plain-lanes.js'
import { startAedes } from '../peers/aedes.js'
import { startNynja } from '../peers/nynja.js'
import type { Peer } from '../peers/peer.js'
import { tempFolder } from '../peers/temp-folder.js'
import { atMost, type Row } from '../report.js'
import { opened } from './opened.js'
import type { Scenario } from './scenario.js'

const devices = 10_000
/** Connected and gone before the first reading, so that code compiled once is not counted as theirs. */
const warmUpDevices = 500
/** Long enough for a collection that was asked for, for one that a thread at rest makes by itself, and for the allocator to give pages back. */
const settleMs = 2_500
const settlings = 3

export const memory: Scenario = {
  name: 'memory',
  about: 'resident memory of the server for each of 10,000 idle connected devices',
  run: (context) =>
    opened(async (onEnd) => {
      checkOpenFiles()
      const aedes = await startAedes({ canSettle: true })
      onEnd(aedes.stop)
      const theirs = await bytesPerDevice(aedes, async (count) => (await idleRig(aedes.port, count)).close)
      context.log(`  aedes        ${Math.round(theirs)} bytes a connection`)
      await aedes.stop()
      const ours = context.hasNynja ? await nynjaBytes(onEnd) : undefined
      if (ours !== undefined) context.log(`  nynja        ${Math.round(ours)} bytes a device`)
      const kib = (bytes: number): number => bytes / 1_024
      const row: Row = { scenario: 'memory', measure: 'idle device', unit: 'KiB', value: ours === undefined ? undefined : kib(ours) }
      return [
        { ...row, bound: atMost(25) },
        { ...row, measure: 'idle device, compared', against: { name: 'aedes', value: kib(theirs) } },
      ]
    }),
}

/** The load generator and the server need a descriptor for each connection; children inherit the limit. */
function checkOpenFiles(): void {
  const limit = execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim()
  if (Number(limit) < devices + 500) throw new Error(`${devices} connections need more open files than ${limit}: raise ulimit -n`)
}

/** The devices are registered with another run of the server, whose garbage would hide what their connections cost. */
async function nynjaBytes(onEnd: (close: () => Promise<void>) => void): Promise<number> {
  const dataFolder = tempFolder('nynja')
  onEnd(async () => dataFolder.remove())
  const registrar = await startNynja({ dataFolder })
  onEnd(registrar.stop)
  const accounts = await registerAll(registrar.port, devices)
  await registrar.stop()
  const nynja = await startNynja({ canSettle: true, dataFolder })
  onEnd(nynja.stop)
  return bytesPerDevice(nynja, async (count) => {
    const connected = await logInAll(nynja.port, accounts.slice(0, count))
    return async () => {
      await inParallel('disconnects', connected, 32, ({ connection }) => connection.close())
    }
  })
}

/** @param connect connects that many devices; returns how to disconnect them */
async function bytesPerDevice(peer: Peer, connect: (count: number) => Promise<() => Promise<void>>): Promise<number> {
  const disconnectFirst = await connect(warmUpDevices)
  await disconnectFirst()
  const before = await settledBytes(peer)
  await connect(devices)
  const after = await settledBytes(peer)
  return (after - before) / devices
}

async function settledBytes(peer: Peer): Promise<number> {
  for (let time = 0; time < settlings; time++) {
    peer.settle()
    await pause(settleMs)
  }
  return peer.residentBytes()
}
