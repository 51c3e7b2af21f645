import { expect, test } from '@jest/globals'
import { fromEnvironment } from '../faults/seeded.js'
import { runPowerCuts } from './power-run.js'

const minute = 60_000
const onLinux = process.platform === 'linux' ? test : test.skip // elsewhere nothing can be preloaded in this way
const cuts = fromEnvironment('NYNJA_POWER_CUTS', 240)

onLinux(
  `the store keeps what it has acknowledged, once and in order, through ${String(cuts)} cuts of the power, kills before them and deaths in flushes`,
  async () => {
    const report = await runPowerCuts({ seed: 1, cuts })
    expect(report.findings).toEqual([])
    expect(report.cuts).toBe(cuts)
    expect(report.acknowledged).toBeGreaterThan(cuts / 3)
  },
  10 * minute,
)

onLinux(
  'what a disk loses that lies about its syncs is found',
  async () => {
    const { findings } = await runPowerCuts({ seed: 1, cuts: 40, isLying: true })
    const kinds = findings.map(({ kind }) => kind)
    expect(kinds).toContain('lost')
    expect(kinds).toContain('broken')
  },
  10 * minute,
)
