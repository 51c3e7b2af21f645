/** What the files of a deployment say of each other and of the server: nothing here can start containers. */
import { describe, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { loadOptions } from '../../server/options-load.js'

/** Of js-yaml, what is used. Anchors are merged (`<<`) in the schema of YAML 1.1 only, which is what compose reads. */
interface YamlReader {
  readonly YAML11_SCHEMA: object
  readonly load: (text: string, options: { readonly schema: object }) => unknown
}

interface Service {
  readonly build?: string
  readonly command?: readonly string[]
  readonly depends_on?: unknown
  readonly environment?: Readonly<Record<string, string | number>>
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly ports?: readonly string[]
  readonly stop_grace_period?: string
  readonly volumes?: readonly string[]
}

const { load, YAML11_SCHEMA } = createRequire(import.meta.url)('js-yaml') as YamlReader

const compose = load(readFileSync('docker-compose.yml', 'utf8'), { schema: YAML11_SCHEMA }) as {
  readonly services: Readonly<Record<'redis' | 'node1' | 'node2' | 'balancer', Service>>
  readonly volumes: Readonly<Record<string, unknown>>
}
const { services } = compose
const dockerfile = readFileSync('Dockerfile', 'utf8')
const balancer = readFileSync('deploy/haproxy.cfg', 'utf8')

/** As compose puts values in: `${NAME}`, `${NAME:-default}`, `${NAME:?message}`. */
const filledIn = (text: string): string =>
  text.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_all, name: string, kind, rest: string) =>
    name === 'REDIS_PASSWORD' ? 'secret' : kind === '-' ? rest : '',
  )

function nodeOptions(service: Service) {
  const image =
    /^ENV (.*)$/m
      .exec(dockerfile)?.[1]
      ?.split(' ')
      .map((pair) => pair.split('=') as [string, string]) ?? []
  const given = Object.entries(service.environment ?? {}).map(([name, value]) => [name, filledIn(String(value))])
  const loaded = loadOptions([], Object.fromEntries([...image, ...given]) as Record<string, string>, '/app')
  if (loaded.kind !== 'options') throw new Error(JSON.stringify(loaded))
  return loaded.options
}

describe('docker-compose.yml', () => {
  test.each(['node1', 'node2'] as const)('gives %s an environment that is a right set of options of a cluster', (name) => {
    expect(nodeOptions(services[name])).toMatchObject({
      store: expect.stringContaining('redis:6379'),
      proxyProtocol: true,
      dataDir: '/data',
      testNumbers: [],
      mqttPort: 1883,
      wsPort: 8083,
      httpPort: 8080,
      adminPort: 8081,
      adminHost: '127.0.0.1',
    })
  })

  test('gives a node longer to stop than its drain takes', () => {
    for (const { stop_grace_period, environment } of [services.node1, services.node2]) {
      expect(Number.parseInt(stop_grace_period!) * 1000).toBeGreaterThan(Number(environment!['NYNJA_DRAIN_TIMEOUT_MS']) + 5_000)
    }
  })

  test('starts Redis so that what is acknowledged is on its disk, with the password the nodes have', () => {
    const command = services.redis.command!.map(filledIn)
    const valueOf = (flag: string): string | undefined => command[command.indexOf(flag) + 1]
    expect(valueOf('--appendonly')).toBe('yes')
    expect(valueOf('--appendfsync')).toBe('always')
    expect(filledIn(String(services.node1.environment!['NYNJA_STORE']))).toBe(`redis://:${valueOf('--requirepass')!}@redis:6379`)
    expect(services.redis.healthcheck!.test.join(' ')).toContain('redis-cli ping')
    expect(services.redis.volumes).toEqual(['redis:/data'])
  })

  test('shares what must be shared, and every volume it names is there', () => {
    expect(services.node1.volumes).toEqual(services.node2.volumes)
    for (const { volumes = [] } of Object.values(services)) {
      for (const volume of volumes) {
        const [source = ''] = volume.split(':')
        if (source.startsWith('./')) expect(existsSync(source)).toBe(true)
        else expect(Object.keys(compose.volumes)).toContain(source)
      }
    }
  })

  test('gives HAProxy the configuration that the tests run, and publishes the ports it listens on', () => {
    expect(services.balancer.volumes).toEqual(['./deploy/haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro'])
    const bound = [...balancer.matchAll(/^ *bind .*-(\d+)\}"$/gm)].map(([, port]) => `${port!}:${port!}`)
    expect(services.balancer.ports).toEqual(bound)
  })

  test('has no secret in it', () => {
    for (const { environment = {} } of Object.values(services)) {
      for (const [name, value] of Object.entries(environment)) {
        if (/PASSWORD|SECRET|AUTH|CODE|STORE|SERVICES/.test(name)) expect(String(value)).toMatch(/\$\{\w+/)
      }
    }
  })
})

describe('deploy/haproxy.cfg', () => {
  test('asks for readiness at the port and path where a node tells of it', () => {
    expect(balancer).toContain('option httpchk GET /readyz')
    expect(readFileSync('server/http.ts', 'utf8')).toContain("app.get('/readyz'")
    const mqttServers = [...balancer.matchAll(/^ *server node\d .*_(?:MQTT|WS)-(\d+)\}" port .*_HTTP-(\d+)\}" (.*)$/gm)]
    expect(mqttServers.map(([, port, http, rest]) => [port, http, rest])).toEqual([
      ['1883', '8080', 'send-proxy-v2'],
      ['1883', '8080', 'send-proxy-v2'],
      ['8083', '8080', 'send-proxy-v2'],
      ['8083', '8080', 'send-proxy-v2'],
    ])
  })

  const hasHaproxy = spawnSync('haproxy', ['-v']).status === 0
  const whereItIs = hasHaproxy ? test : test.skip
  whereItIs('is right in the eyes of HAProxy, with names and with addresses', () => {
    for (const env of [{}, { NYNJA_NODE1: '127.0.0.1', NYNJA_NODE2: '127.0.0.1', NYNJA_NODE2_MQTT: '2883', NYNJA_BIND: '127.0.0.1' }]) {
      const { status, stderr } = spawnSync('haproxy', ['-c', '-f', 'deploy/haproxy.cfg'], { env: { PATH: process.env['PATH'], ...env } })
      expect({ status, alerts: String(stderr).match(/ALERT.*/g) }).toEqual({ status: 0, alerts: null })
    }
  })
})

describe('Dockerfile', () => {
  const lines = dockerfile.split('\n')

  test('starts the server so that signals reach it, as a user without rights, and asks it whether it is ready', () => {
    const last = (word: string): string | undefined => lines.findLast((line) => line.startsWith(word))
    const command = JSON.parse(last('CMD ')!.slice('CMD '.length)) as string[]
    expect([command[0], command.at(-1)]).toEqual(['node', 'dist/server/main.js'])
    expect(last('USER')).toBe('USER node')
    expect(last('STOPSIGNAL')).toBe('STOPSIGNAL SIGTERM')
    expect(last('HEALTHCHECK')).toMatch(/'127\.0\.0\.1'\).* \+ ':' \+ \(Number\(process\.env\.NYNJA_ADMIN_PORT\) \|\| 8081\) \+ '\/readyz'/)
  })

  test('is built from what .dockerignore lets through: the sources of the product, and nothing beside them', () => {
    const through = readFileSync('.dockerignore', 'utf8').match(/(?<=^!).*/gm) ?? []
    const { include } = JSON.parse(readFileSync('tsconfig.json', 'utf8')) as { include: string[] }
    const product = include.filter((folder) => !['test', 'bench'].includes(folder))
    expect(through.toSorted()).toEqual([...product, 'package-lock.json', 'package.json', 'scripts', 'tsconfig.json'].toSorted())
    const copied = lines.flatMap((line) => /^COPY (?!--from)(.*) \S+$/.exec(line)?.[1]?.split(' ') ?? [])
    expect(copied).toContain('.')
    for (const path of [...through, ...copied]) expect(existsSync(path)).toBe(true)
  })

  test('is built on the Node.js that README names, which package.json allows', () => {
    const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } }
    const versions = [...dockerfile.matchAll(/^FROM node:(\d+)/gm)].map(([, version]) => Number(version))
    expect(new Set(versions).size).toBe(1)
    expect(versions[0]).toBeGreaterThanOrEqual(Number(/^>=(\d+)/.exec(engines.node)?.[1]))
    expect(readFileSync('README.md', 'utf8')).toMatch(`Node.js ${String(versions[0])}, the current LTS`)
  })
})
