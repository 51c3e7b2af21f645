// Runs the compiled tests with jest; arguments are jest's own. The last line is the result, counted from jest's report.
// Tests that need Redis are named *.redis.test.ts; only when there are such is one looked for, and its address put in REDIS_URL.
// Those named *.cluster.test.ts start programs of their own, Redis and HAProxy, which must be installed.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { requirePrograms } from './debian-program.mjs'
import { findRedis } from './redis.mjs'

const jest = join('node_modules', 'jest', 'bin', 'jest.js')

function runJest(report, environment) {
  const args = ['--enable-source-maps', '--experimental-vm-modules', '--no-warnings=ExperimentalWarning', jest]
  const child = spawn(process.execPath, [...args, '--json', `--outputFile=${report}`, ...process.argv.slice(2)], {
    // jest tells people its story on stderr; with --json its stdout is the report, which goes to the file.
    stdio: ['inherit', 'ignore', 'inherit'],
    env: { ...process.env, ...environment },
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
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

const tests = readdirSync(join('dist', 'test'), { recursive: true })
const needsRedis = tests.some((name) => name.endsWith('.redis.test.js'))
const needsCluster = tests.some((name) => name.endsWith('.cluster.test.js'))
const folder = mkdtempSync(join(tmpdir(), 'nynja-test-'))
const report = join(folder, 'report.json')
let redis
let code = 1
try {
  if (needsCluster) requirePrograms('redis-server', 'haproxy')
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
