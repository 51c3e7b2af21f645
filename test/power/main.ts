/** Cuts the power many times, and tells what was found. Arguments: how many times, and a seed. Exits with 1 if anything was lost. */
import { runPowerCuts } from './power-run.js'

const [cuts = '10000', seed = '1'] = process.argv.slice(2)
const { findings, ...counts } = await runPowerCuts({ cuts: Number(cuts), seed: Number(seed) })
for (const { kind, text, index, records } of findings) console.log(`after record ${String(index)} of ${String(records)}: ${kind}: ${text}`)
console.log(
  Object.entries({ ...counts, findings: findings.length })
    .map(([what, count]) => `${String(count)} ${what}`)
    .join(', '),
)
process.exitCode = findings.length === 0 ? 0 : 1
