import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newSeeded } from '../faults/seeded.js'
import { newChecker } from './checker.js'
import { chooseCuts } from './choose-cuts.js'
import { compareNames, type CutFinding } from './compare-names.js'
import { newDisk } from './disk.js'
import { type Recording, recordLives } from './record-lives.js'
import { buildRecorder, recorderEnvironment } from './recorder.js'

export interface PowerRun {
  /** Of the cuts and of the deaths; what the threads of a recorded process do in which order is nobody's to say. */
  readonly seed: number
  readonly cuts: number
  /** The disk says of every sync that it is done, and does nothing. */
  readonly isLying?: boolean
}

export interface PowerReport {
  readonly cuts: number
  /** How often a new machine was set up, whose disk was empty. */
  readonly machines: number
  /** What the recorded processes did with their files, how many commits they acknowledged, and how many of them were killed. */
  readonly records: number
  readonly acknowledged: number
  readonly kills: number
  readonly findings: readonly CutFinding[]
}

/** The disk that a boot begins with, and the commits that are known to be on it. */
interface Disk {
  readonly folder: string
  readonly names: readonly string[]
}

/** A machine is booted so often: each time but the first, its disk is what a cut has left of it. */
const boots = 3
const lives = 5
const cutsPerBoot = 40

/** Records lives of the store, cuts the power in the middle of them, and finds whatever of the acknowledged is not there afterwards. */
export async function runPowerCuts({ seed, cuts, isLying = false }: PowerRun): Promise<PowerReport> {
  const work = mkdtempSync(join(tmpdir(), 'nynja-power-'))
  const library = buildRecorder(work)
  const image = join(work, 'image')
  const checker = newChecker(recorderEnvironment({ library, folder: image, boot: boots }))
  const findings: CutFinding[] = []
  const counts = { cuts: 0, machines: 0, records: 0, acknowledged: 0, kills: 0 }

  async function runMachine(): Promise<void> {
    counts.machines++
    let disk: Disk | undefined = { folder: emptyFolder(join(work, 'empty')), names: [] }
    for (let boot = 0; boot < boots && disk !== undefined && counts.cuts < cuts; boot++) {
      const random = newSeeded(seed + 1_000 * counts.machines + boot)
      const recorder = { library, folder: join(work, 'disk'), isLying, boot }
      const recording = await recordLives(recorder, disk.folder, lives, random)
      counts.records += recording.records.length
      counts.acknowledged += recording.records.filter(({ kind }) => kind === 'acknowledged').length
      counts.kills += lives - 1
      disk = await cutBoot(recording, disk.names, Math.min(cutsPerBoot, cuts - counts.cuts), join(work, `left-${String(boot % 2)}`))
    }
  }

  /** @returns what the last cut has left, if nothing was wrong with it */
  async function cutBoot({ start, records }: Recording, before: readonly string[], count: number, left: string): Promise<Disk | undefined> {
    const random = newSeeded(seed + 1_000_000 + counts.cuts)
    const places = chooseCuts(records, count, random)
    const disk = newDisk(start)
    const acknowledged = new Set(before)
    let next: Disk | undefined
    let place = 0
    for (const [index, record] of records.entries()) {
      disk.apply(record, index)
      if (record.kind === 'acknowledged') acknowledged.add(record.name)
      for (; places[place] === index; place++) {
        disk.cut(random, emptyFolder(image))
        const isLast = place === places.length - 1
        if (isLast) cpSync(image, emptyFolder(left), { recursive: true })
        const checked = await checker.check(join(image, 'store'), random.integer(0, 2) === 0)
        const isBroken = checked.kind === 'broken'
        const wrong = isBroken ? [{ kind: checked.kind, text: checked.problem }] : compareNames(checked.names, acknowledged)
        findings.push(...wrong.map((one) => ({ ...one, seed, index, records: records.length })))
        counts.cuts++
        if (isLast && wrong.length === 0 && !isBroken) next = { folder: left, names: checked.names }
      }
    }
    return next
  }

  try {
    while (counts.cuts < cuts) await runMachine()
    return { ...counts, findings }
  } finally {
    await checker.close()
    rmSync(work, { recursive: true })
  }
}

function emptyFolder(path: string): string {
  rmSync(path, { recursive: true, force: true })
  mkdirSync(path)
  return path
}
