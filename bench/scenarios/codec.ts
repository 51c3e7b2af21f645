import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Scenario } from './scenario.js'

const script = fileURLToPath(new URL('../codec.js', import.meta.url))
const limitMs = 120_000

/** `bench/codec.ts` measures without a network and prints its own table. */
export const codec: Scenario = {
  name: 'codec',
  about: 'encoding and decoding of the three codecs, in a process of its own',
  run: async ({ log }) => {
    if (!existsSync(script)) {
      log('  there is no bench/codec.ts yet')
      return []
    }
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'], timeout: limitMs })
    createInterface(child.stdout).on('line', (line) => {
      log(`  ${line}`)
    })
    const [code] = (await once(child, 'close')) as [number | null]
    if (code !== 0) throw new Error(`the codec bench ended with ${code}`)
    return []
  },
}
