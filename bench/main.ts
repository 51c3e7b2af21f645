import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { bearClosedPipes } from '../cli/closed-pipe.js'
import { buildCommit } from './before/built-commit.js'
import { compareBuilds } from './before/compare-builds.js'
import { surroundings, type Surroundings } from './machine.js'
import { isNynjaBuilt } from './peers/nynja.js'
import { killLiving } from './peers/peer.js'
import { removeTempFolders } from './peers/temp-folder.js'
import { ratioOf, table, verdictOf, type Row } from './report.js'
import { scenarios, type Scenario } from './scenarios/index.js'

const usage = `npm run bench -- [scenario …] [--seconds N] [--json FILE]
npm run bench -- --before COMMIT [scenario …] [--rounds N] [--seconds N] [--json FILE]

  --seconds N       how long each server is measured at each load (6; 21 with --before)
  --attacks A,B     of hostile, only these
  --json FILE       writes the rows there as well
  --before COMMIT   builds that commit, too, and runs both in alternating rounds; ends with 1 if this one is worse (below 0.95)
                    for processor time or throughput
  --rounds N        of --before (7), of hostile (5)

${scenarios.map(({ name, about }) => `  ${name.padEnd(12)}${about}`).join('\n')}
`

interface Failure {
  readonly scenario: string
  readonly because: string
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string' },
    json: { type: 'string' },
    before: { type: 'string' },
    attacks: { type: 'string' },
    rounds: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const seconds = Number(values.seconds ?? (values.before === undefined ? '6' : '21'))
const rounds = Number(values.rounds ?? '7')
const unknown = positionals.filter((name) => !scenarios.some((scenario) => scenario.name === name))
if (values.help || unknown.length > 0 || !(seconds > 0) || !(Number.isInteger(rounds) && rounds > 0)) {
  process.stderr.write(usage)
  process.exit(values.help ? 0 : 2)
}

process.on('exit', () => {
  killLiving()
  removeTempFolders()
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))

// Nobody reads what it would find out.
void bearClosedPipes().then(() => process.exit(0))
const about = surroundings()
print(about)
const chosen = scenarios.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
const { rows, failures } = values.before === undefined ? await runAll(chosen, runAlone) : await runAgainst(values.before)
if (rows.length > 0) console.log(`\n${table(rows)}`)
for (const { scenario, because } of failures) console.log(`\n${scenario} FAILED: ${because}`)
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(summary(), undefined, 2))
process.exit(failures.length > 0 || rows.some((row) => verdictOf(row) === 'missed') ? 1 : 0)

function log(line: string): void {
  console.log(line)
}

function runAlone({ run }: Scenario): Promise<readonly Row[]> {
  const attacks = values.attacks === undefined ? {} : { attacks: values.attacks.split(',') }
  return run({ seconds, log, hasNynja: isNynjaBuilt(), ...attacks, ...(values.rounds === undefined ? {} : { rounds }) })
}

async function runAgainst(commit: string): Promise<{ rows: Row[]; failures: Failure[] }> {
  console.log(`\nbuilding ${commit}`)
  const before = await buildCommit(commit, log).catch((error: unknown) => {
    console.log(error instanceof Error ? error.message : String(error))
    process.exit(2)
  })
  try {
    const comparable = chosen.filter(({ name, versusRig }) => positionals.includes(name) || versusRig !== undefined)
    return await runAll(comparable, (scenario) => compareBuilds(scenario, { before, rounds, seconds, log }))
  } finally {
    await before.remove()
  }
}

async function runAll(
  chosen: readonly Scenario[],
  run: (scenario: Scenario) => Promise<readonly Row[]>,
): Promise<{ rows: Row[]; failures: Failure[] }> {
  const rows: Row[] = []
  const failures: Failure[] = []
  for (const scenario of chosen) {
    const { name, about } = scenario
    console.log(`\n${name}: ${about}`)
    try {
      rows.push(...(await run(scenario)))
    } catch (error) {
      failures.push({ scenario: name, because: error instanceof Error ? error.message : String(error) })
    }
  }
  return { rows, failures }
}

function print({ commit, versions, machine, loadAverage }: Surroundings): void {
  console.log(`commit   ${commit}\nversions ${versions}\nmachine  ${machine}`)
  if (loadAverage > 0.5)
    console.log(`warning  the machine is busy already (load ${loadAverage.toFixed(2)}); see beside each figure how much others take`)
  if (!isNynjaBuilt()) console.log('warning  dist/server/main.js is not there: only the others are measured')
}

function summary(): unknown {
  return { ...about, seconds, rows: rows.map((row) => ({ ...row, ratio: ratioOf(row), verdict: verdictOf(row) })), failures }
}
