import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Seeded } from '../faults/seeded.js'
import { type DiskStart, newDisk, readDiskStart } from './disk.js'
import { recorderEnvironment, type RecorderOptions } from './recorder.js'
import { readRecording, type Recorded } from './recording.js'
import type { WritingChild } from './writing-child.js'

/** What programs did to a disk between two losses of power. */
export interface Recording {
  readonly start: DiskStart
  readonly records: readonly Recorded[]
}

const writer = fileURLToPath(new URL('./writing-child.js', import.meta.url))
const usualSyncUs = 1_000
/** Longer than a handle waits for its turn: the other one commits meanwhile. */
const slowSyncUs = 300_000
const commitsOfLast = 8
const farMore = 1_000

/**
 * Lets programs write, one after another, and kills all but the last, each within a flush.
 * @param base what is on the disk at first
 */
export async function recordLives(recorder: Omit<RecorderOptions, 'log'>, base: string, lives: number, random: Seeded): Promise<Recording> {
  const { folder, boot } = recorder
  rmSync(folder, { recursive: true, force: true })
  cpSync(base, folder, { recursive: true })
  const start = readDiskStart(folder)
  const disk = newDisk(start)
  const records: Recorded[] = []
  for (let life = 0; life < lives; life++) {
    const isLast = life === lives - 1
    const log = `${folder}.log`
    rmSync(log, { force: true })
    const commits = isLast ? commitsOfLast : farMore
    const end = isLast ? { syncUs: usualSyncUs } : violentEnd(random)
    await runToTheEnd({ path: join(folder, 'store'), log, life: `${String(boot)}.${String(life)}`, commits }, { ...recorder, ...end, log })
    const lived = readRecording(log, records.length)
    for (const [place, one] of lived.entries()) disk.apply(one, records.length + place)
    records.push(...lived, { kind: 'death' })
    const cutShort = disk.reconcile(folder)
    const write = cutShort === undefined ? undefined : records[cutShort.index]
    if (cutShort !== undefined && write?.kind === 'write') records[cutShort.index] = { ...write, bytes: cutShort.bytes }
  }
  return { start, records }
}

/**
 * Within one of the first flushes after a start, mostly, for two such deaths in a row leave commits of which nothing is flushed; or within a
 * later one; or within one so slow that the other thread has committed, too.
 */
function violentEnd(random: Seeded): Pick<RecorderOptions, 'syncUs' | 'dieInSync'> {
  const kind = random.integer(0, 9)
  if (kind === 0) return { syncUs: slowSyncUs, dieInSync: random.integer(2, 4) }
  return { syncUs: usualSyncUs, dieInSync: kind < 6 ? random.integer(1, 2) : random.integer(3, 40) }
}

async function runToTheEnd(child: WritingChild, recorder: RecorderOptions): Promise<void> {
  const running = spawn(process.execPath, [writer, JSON.stringify(child)], {
    env: { PATH: process.env['PATH'], ...recorderEnvironment(recorder) },
    stdio: ['ignore', 'inherit', 'pipe'],
  })
  const complaints: string[] = []
  running.stderr.on('data', (text: Buffer) => complaints.push(text.toString()))
  await once(running, 'close')
  const isAsMeant = recorder.dieInSync === undefined ? running.exitCode === 0 : running.signalCode === 'SIGKILL'
  if (!isAsMeant) throw new Error(`a recorded program ended with ${String(running.signalCode ?? running.exitCode)}: ${complaints.join('')}`)
}
