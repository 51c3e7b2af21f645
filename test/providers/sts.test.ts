import { expect, test } from '@jest/globals'
import { sessionPolicy, stsCloud } from '../../providers/index.js'
import { cloudContract } from './cloud-contract.js'
import { startSts, stsKey, stsRole, type StsServer } from './sts-server.js'
import { patienceMs } from '../patience.js'

const bucket = 'town-files'

function open(sts: StsServer) {
  return stsCloud({
    role: stsRole,
    region: 'eu-west-1',
    endpoint: sts.endpoint,
    key: stsKey,
    bucket,
    lifeSeconds: 900,
    timeoutMs: patienceMs,
    attempts: 2,
  })
}

interface Statement {
  readonly Effect: string
  readonly Action: readonly string[]
  readonly Resource: readonly string[]
}

/** What S3 makes of a session policy: `*` stands for anything. */
function allows(policy: string, action: string, resource: string): boolean {
  const { Statement: statements } = JSON.parse(policy) as { Statement: readonly Statement[] }
  const matches = (pattern: string): boolean =>
    new RegExp(
      `^${pattern
        .split('*')
        .map((part) => part.replace(/[.]/g, '\\.'))
        .join('.*')}$`,
    ).test(resource)
  return statements.some(({ Effect, Action, Resource }) => Effect === 'Allow' && Action.includes(action) && Resource.some(matches))
}

cloudContract('AWS STS', async () => {
  const sts = await startSts()
  return {
    cloud: open(sts),
    reaches: ({ sessionToken }, object) => {
      const policy = sts.granted[Number(sessionToken)]?.get('Policy') ?? ''
      return allows(policy, 's3:GetObject', `arn:aws:s3:::${bucket}/${object}`)
    },
    refuse: () => (sts.status = 403),
    breakDown: () => (sts.status = 503),
    leave: () => sts.close(),
    secrets: [stsKey.secretAccessKey, stsKey.accessKeyId, stsRole],
    close: () => sts.close(),
  }
})

test('the role is assumed for the person by name, for as long as the options say', async () => {
  const sts = await startSts()
  const { expires } = await open(sts).credentialsFor('380501112233')
  expect(Object.fromEntries(sts.granted[0] ?? [])).toMatchObject({
    RoleArn: stsRole,
    RoleSessionName: 'nynja-380501112233',
    DurationSeconds: '900',
  })
  expect(Math.abs(expires - Date.now() - 900_000)).toBeLessThan(60_000)
  await sts.close()
})

test('a policy lists the own objects only, and speaks of the partition of its role', () => {
  const policy = sessionPolicy({ role: 'arn:aws-cn:iam::123456789012:role/devices', bucket }, '380501112233')
  expect(allows(policy, 's3:ListBucket', `arn:aws-cn:s3:::${bucket}`)).toBe(true)
  expect(allows(policy, 's3:GetObject', `arn:aws-cn:s3:::${bucket}`)).toBe(false)
  expect(policy).toContain('"s3:prefix":["380501112233/*"]')
})
