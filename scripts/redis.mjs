// Sees to a Redis for the tests that need one: the one in REDIS_URL, else a server of our own on a free port.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { hasProgram } from './debian-program.mjs'

const startDeadlineMs = 300_000

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

/** One attempt: does a Redis at `port` answer PING? */
function answersPing(port) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    const settle = (answer) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(10_000, () => settle(false))
    socket.once('error', () => settle(false))
    socket.once('data', (bytes) => settle(bytes.toString('latin1').startsWith('+PONG')))
    socket.write('PING\r\n')
  })
}

async function startServer() {
  const folder = mkdtempSync(join(tmpdir(), 'nynja-redis-'))
  const port = await freePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes', '--save', '']
  const server = spawn('redis-server', args, { stdio: 'ignore' })
  const exited = new Promise((resolve) => server.once('exit', resolve))
  const stop = async () => {
    server.kill('SIGTERM')
    await exited
    rmSync(folder, { recursive: true, force: true })
  }
  const deadline = Date.now() + startDeadlineMs
  while (!(await answersPing(port))) {
    if (server.exitCode !== null || Date.now() > deadline) {
      await stop()
      throw new Error(`redis-server did not answer on port ${port} within ${startDeadlineMs} ms`)
    }
    await delay(50)
  }
  return { url: `redis://127.0.0.1:${port}`, stop }
}

/** @returns the address of a Redis, and how to be done with it; throws with advice if there is none to be had */
export async function findRedis() {
  const given = process.env.REDIS_URL
  if (given) return { url: given, stop: async () => {} }
  if (!hasProgram('redis-server')) {
    throw new Error('Tests need Redis: install redis-server, or set REDIS_URL to one that may be written to.')
  }
  return startServer()
}
