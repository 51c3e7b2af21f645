// Runs the compiled tests with jest; arguments are jest's own. The last line is the result, counted from jest's report.
// Tests that need Redis are named *.redis.test.ts; only when there are such is one looked for, and its address put in REDIS_URL.
// Those named *.cluster.test.ts start programs of their own, Redis and HAProxy, which must be installed.
// Those named *.native.test.ts build a library in C: they need gcc.
// Nothing is left behind, whatever becomes of the tests: all that they start is one group of processes, all that they write lies in one folder.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import './closed-pipe.mjs'
import { requirePrograms } from './debian-program.mjs'
import { endGroup, killGroup } from './process-group.mjs'
import { findRedis } from './redis.mjs'
import { patienceMs } from '../dist/test/patience.js'

const jest = join('node_modules', 'jest', 'bin', 'jest.js')
const given = process.argv.slice(2)
/** Beyond the longest test: a file of which no test has ended for so long hangs, and will not end by itself. */
const hangMs = 5 * patienceMs
/** For jest to write its report and end, once all tests have. */
const farewellMs = 60_000

function runJest(report, environment) {
  const args = ['--enable-source-maps', '--experimental-vm-modules', '--no-warnings=ExperimentalWarning', jest]
  const reporters = ['--reporters=default', '--reporters=<rootDir>/scripts/test-progress.mjs', '--forceExit']
  const child = spawn(process.execPath, [...args, ...reporters, '--json', `--outputFile=${report}`, ...given], {
    // jest tells people its story on stderr; with --json its stdout is the report, which goes to the file.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, ...environment },
    detached: true, // the leader of a group
  })
  const onSignal = (signal) => {
    killGroup(child.pid)
    rmSync(folder, { recursive: true, force: true })
    process.kill(process.pid, signal)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, onSignal)
  const stopWatching = watch(child)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => {
      stopWatching()
      endGroup(child.pid).then((left) => {
        for (const program of left) console.error(`left behind by a test, and ended now: ${program}`)
        resolve(code ?? 1)
      }, reject)
    })
  })
}

/** Ends a run that would not end by itself, and says what it hangs in. */
function watch(child) {
  const goneOn = new Map()
  let completeAt = Infinity
  child.on('message', ({ kind, path }) => {
    if (kind === 'goes on') goneOn.set(path, performance.now())
    else if (kind === 'ended') goneOn.delete(path)
    else completeAt = performance.now()
  })
  const timer = setInterval(() => {
    const now = performance.now()
    const hanging = [...goneOn].filter(([, at]) => now - at > hangMs).map(([path]) => relative('.', path))
    for (const path of hanging) console.error(`${path} hangs: none of its tests has ended for ${hangMs / 1_000} s; the run is ended`)
    if (hanging.length > 0 || now - completeAt > farewellMs) killGroup(child.pid)
  }, 1_000)
  return () => clearInterval(timer)
}

/** Counts tests, and as one failure each file that could not even be loaded. */
function readResult(report) {
  try {
    const result = JSON.parse(readFileSync(report, 'utf8'))
    return {
      passed: result.numPassedTests,
      failed: result.numFailedTests + result.numRuntimeErrorTestSuites,
      skipped: result.numPendingTests + result.numTodoTests,
    }
  } catch {
    return { passed: 0, failed: 1, skipped: 0 } // jest died before it could report
  }
}

/** The files that will run, as far as it can be told: with options of jest, all of them may. */
function chosen(names) {
  if (given.length === 0 || given.some((argument) => /^-(?!-[\w-]+=)/.test(argument))) return names
  const patterns = given.filter((argument) => !argument.startsWith('-')).map((pattern) => new RegExp(pattern, 'i'))
  return patterns.length === 0 ? names : names.filter((name) => patterns.some((pattern) => pattern.test(join('dist', 'test', name))))
}

const tests = chosen(readdirSync(join('dist', 'test'), { recursive: true }))
const needsRedis = tests.some((name) => name.endsWith('.redis.test.js'))
const needsCluster = tests.some((name) => name.endsWith('.cluster.test.js'))
const needsCompiler = process.platform === 'linux' && tests.some((name) => name.endsWith('.native.test.js'))
const folder = mkdtempSync(join(tmpdir(), 'nynja-test-'))
const report = join(folder, 'report.json')
process.env.TMPDIR = join(folder, 'tmp')
mkdirSync(process.env.TMPDIR)
let redis
let code = 1
try {
  if (needsCluster) requirePrograms('Tests of clusters', 'redis-server', 'haproxy')
  if (needsCompiler) requirePrograms('Tests of power cuts', 'gcc')
  redis = needsRedis ? await findRedis() : undefined
  code = await runJest(report, redis ? { REDIS_URL: redis.url } : {})
} catch (error) {
  console.error(error.message)
} finally {
  await redis?.stop()
}
const { passed, failed, skipped } = readResult(report)
rmSync(folder, { recursive: true, force: true })
process.exitCode = code !== 0 || failed > 0 ? code || 1 : 0
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
