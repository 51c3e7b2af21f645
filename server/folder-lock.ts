import { mkdirSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { StartProblem } from './start-problem.js'

/**
 * Takes a folder for this process: two servers on one store would not tell each other what they deliver. A socket without a file stands for the
 * folder, which the kernel (Linux alone) takes away when the process ends, however it ends. Containers with networks of their own do not see each other's.
 * @returns what gives it back
 * @throws StartProblem if another process has it
 */
export async function lockFolder(path: string): Promise<() => void> {
  if (process.platform !== 'linux') return () => undefined
  mkdirSync(path, { recursive: true })
  const { dev, ino } = statSync(path)
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE'
      reject(isTaken ? new StartProblem(`${path} is in use by another server: stop it, or choose another folder (NYNJA_DATA_DIR)`) : error)
    })
    server.listen(`\0nynja-store-${dev}-${ino}`, resolve)
  })
  server.unref()
  return () => void server.close()
}
