import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

/** An S3-compatible server (s3rver) in a process of its own. It checks the form of signatures, not the signatures. */
export interface S3Server {
  readonly endpoint: string
  readonly bucket: string
  /** Ends the process; nothing answers at the endpoint until `start`. */
  stop(): Promise<void>
  /** Starts it again, at the same endpoint and with the same objects. */
  start(): Promise<void>
  close(): Promise<void>
}

/** The only account of s3rver. */
export const s3Account = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' }

const entry = createRequire(import.meta.url).resolve('s3rver/bin/s3rver.js')

export async function startS3Server(): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), 'nynja-s3-'))
  const bucket = 'files'
  let child: ChildProcess | undefined
  let port = 0

  async function start(): Promise<void> {
    const words = ['--directory', folder, '--address', '127.0.0.1', '--port', String(port), '--silent', '--configure-bucket', bucket]
    const born = spawn(process.execPath, [entry, ...words], { stdio: ['ignore', 'pipe', 'inherit'] })
    child = born
    port = await new Promise((resolve, reject) => {
      born.once('exit', (code) => {
        reject(new Error(`s3rver ended with ${String(code)}`))
      })
      createInterface({ input: born.stdout }).on('line', (line) => {
        const found = /listening on 127\.0\.0\.1:(\d+)/.exec(line)
        if (found !== null) resolve(Number(found[1]))
      })
    })
  }

  async function stop(): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  await start()
  return {
    get endpoint() {
      return `http://127.0.0.1:${String(port)}`
    },
    bucket,
    start,
    stop,
    async close() {
      await stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
