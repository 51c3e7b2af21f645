import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { startCluster, type Cluster } from './cluster.js'
import { startNodePeer, type NodePeer } from './node-peer.js'
import { tempFolder, type TempFolder } from './temp-folder.js'

const script = '../../server/main.js'

/** Numbers that begin with this are verified with `testCode` and no SMS. */
export const testNumbers = '999'
export const testCode = '123456'

export function isNynjaBuilt(): boolean {
  return existsSync(fileURLToPath(new URL(script, import.meta.url)))
}

export interface NynjaOptions {
  readonly canSettle?: boolean
  /** Path of the module of another build; this one by default. */
  readonly serverModule?: string
  /** An own, empty one by default, which goes when the server stops. One that is given stays. */
  readonly dataFolder?: TempFolder
  /** Port of the Redis whose cluster it is a member of; by default it keeps everything by itself. */
  readonly redisPort?: number
  /** With the limits that it has by default; by default none that counts by address, as all load comes from one. */
  readonly hasLimits?: boolean
}

/** An older build ends on a variable that it does not know. */
function knowsAdminPort(serverModule: string | undefined): boolean {
  return serverModule === undefined || readFileSync(join(dirname(serverModule), 'options-table.js'), 'utf8').includes('adminPort')
}

/** All load comes from one address. */
const noLimits = {
  NYNJA_CONNECTS_PER_SECOND: '1000000',
  NYNJA_CONNECTS_BURST: '1000000',
  NYNJA_REGISTRATIONS_PER_HOUR: '1000000',
}

/** The server of this repository, of this build or another one. */
export async function startNynja({
  canSettle = false,
  serverModule,
  dataFolder,
  redisPort,
  hasLimits = false,
}: NynjaOptions = {}): Promise<NodePeer> {
  const own = dataFolder === undefined ? tempFolder('nynja') : undefined
  return startNodePeer({
    name: 'nynja',
    script: serverModule === undefined ? script : pathToFileURL(serverModule).href,
    portKey: 'mqtt',
    canSettle,
    env: {
      NODE_ENV: 'production',
      NYNJA_HOST: '127.0.0.1',
      NYNJA_MQTT_PORT: '0',
      NYNJA_WS_PORT: 'off',
      NYNJA_HTTP_PORT: '0',
      ...(knowsAdminPort(serverModule) ? { NYNJA_ADMIN_PORT: '0' } : {}),
      NYNJA_DATA_DIR: (dataFolder ?? own)?.path ?? '',
      ...(redisPort === undefined ? {} : { NYNJA_STORE: `redis://127.0.0.1:${redisPort}` }),
      NYNJA_TEST_NUMBERS: testNumbers,
      NYNJA_TEST_CODE: testCode,
      ...(hasLimits ? {} : noLimits),
    },
    alsoStop: async () => own?.remove(),
  })
}

/** Two servers of this repository on one Redis. */
export function startNynjaCluster(): Promise<Cluster> {
  return startCluster('nynja', (redisPort) => startNynja({ redisPort }))
}
