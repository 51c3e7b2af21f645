// Compiles on change and, after each compilation without errors, starts the server again. Arguments go to the server.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import './closed-pipe.mjs'

const compiler = join('node_modules', 'typescript-native', 'bin', 'tsc')
const watcher = spawn(process.execPath, [compiler, '-p', 'tsconfig.json', '--watch', '--preserveWatchOutput'], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
let server
let restart = Promise.resolve()

async function stopServer() {
  const running = server
  server = undefined
  if (running === undefined || running.exitCode !== null || running.signalCode !== null) return
  const exited = new Promise((resolve) => running.once('exit', resolve))
  running.kill('SIGTERM')
  await exited
}

async function startAgain() {
  await stopServer()
  server = spawn(process.execPath, ['--enable-source-maps', join('dist', 'server', 'main.js'), ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
}

createInterface({ input: watcher.stdout }).on('line', (line) => {
  console.log(line)
  if (line.includes('Found 0 errors')) restart = restart.then(startAgain)
})

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    watcher.kill()
    restart = restart.then(stopServer)
  })
}
