import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Peer } from './peer.js'
import { startNodePeer } from './node-peer.js'

const script = '../../src/server/main.js'

/** Numbers that begin with this are verified with `testCode` and no SMS. */
export const testNumbers = '999'
export const testCode = '123456'

export function isNynjaBuilt(): boolean {
  return existsSync(fileURLToPath(new URL(script, import.meta.url)))
}

export interface NynjaOptions {
  readonly canSettle?: boolean
  /** Where its temporary data folder is made; the system's temporary folder by default. */
  readonly dataRoot?: string
}

/** The server of this repository, with an empty data folder that goes when it stops. */
export async function startNynja({ canSettle = false, dataRoot = tmpdir() }: NynjaOptions = {}): Promise<Peer> {
  const dataDir = await mkdtemp(join(dataRoot, 'nynja-bench-'))
  const clean = (): Promise<void> => rm(dataDir, { recursive: true, force: true })
  const starting = startNodePeer({
    name: 'nynja',
    script,
    portKey: 'mqtt',
    canSettle,
    env: {
      NODE_ENV: 'production',
      NYNJA_HOST: '127.0.0.1',
      NYNJA_MQTT_PORT: '0',
      NYNJA_WS_PORT: 'off',
      NYNJA_HTTP_PORT: '0',
      NYNJA_DATA_DIR: dataDir,
      NYNJA_TEST_NUMBERS: testNumbers,
      NYNJA_TEST_CODE: testCode,
      // all load comes from one address
      NYNJA_CONNECTS_PER_SECOND: '1000000',
      NYNJA_CONNECTS_BURST: '1000000',
      NYNJA_REGISTRATIONS_PER_HOUR: '1000000',
    },
    alsoStop: clean,
  })
  return starting.catch(async (error: unknown) => {
    await clean()
    throw error
  })
}
