import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { encode, type Encoding, errorCodeOf, record, type RecordOf } from '../../protocol/index.js'
import { startSts, stsKey, stsRole, type StsServer } from '../providers/sts-server.js'
import { type Account, come, eventsTopic, recordOf, register } from './requests.js'
import type { WireDevice } from './wire-device.js'
import { startWireServer, type WireServer } from './wire-server.js'

let sts: StsServer
let server: WireServer
let account: Account
beforeAll(async () => {
  sts = await startSts()
  server = await startWireServer({
    NYNJA_AWS_ROLE: stsRole,
    NYNJA_AWS_BUCKET: 'town-files',
    NYNJA_AWS_ENDPOINT: sts.endpoint,
    NYNJA_AWS_ACCESS_KEY_ID: stsKey.accessKeyId,
    NYNJA_AWS_SECRET_ACCESS_KEY: stsKey.secretAccessKey,
  })
  account = await register(server.mqtt, 'cloud', '380675560001')
})
afterAll(async () => {
  await server.close()
  await sts.close()
})

async function ask(device: WireDevice, phone: string | null, encoding: Encoding): Promise<void> {
  await device.publish(eventsTopic, encode(record('Profile', { phone, status: 'aws' }), encoding))
}

async function nextIo(device: WireDevice, { dialect }: Encoding): Promise<RecordOf<'io'>> {
  for (;;) {
    const found = recordOf(await device.pushes.take('io'), dialect)
    if (found.tag === 'io') return found
  }
}

const encodings = (['v1', 'v11'] as const).flatMap((dialect) => (['bert', 'json'] as const).map((codec) => ({ codec, dialect })))

for (const encoding of encodings)
  test(`Profile/aws is answered at once and when the credentials have come, in ${encoding.dialect} by ${encoding.codec}`, async () => {
    const device = await come(server.mqtt, account)
    await ask(device, null, encoding)
    const begun = await nextIo(device, encoding)
    expect(begun).toMatchObject({ code: { tag: 'ok', code: 'aws' }, data: { tag: 'Service', type: 'aws', status: 'added', login: null } })
    const { data } = await nextIo(device, encoding)
    expect(data).toMatchObject({ tag: 'Service', type: 'aws', status: 'verified', id: expect.stringMatching(/^ASIA/) })
    expect(data).toMatchObject({ login: expect.stringMatching(/^secret/), password: expect.any(String) })
    const { expiration } = data as RecordOf<'Service'>
    expect(Math.abs(Number(expiration) - Date.now() - 3_600_000)).toBeLessThan(120_000)
    const policy = String(sts.granted.at(-1)?.get('Policy'))
    expect(policy).toContain(`"arn:aws:s3:::town-files/${account.phone}/*"`)
    await device.disconnect()
  })

test('Profile/aws for another phone is not_authorized, and nobody is asked', async () => {
  const device = await come(server.mqtt, account)
  const before = sts.granted.length
  await ask(device, '380675569999', encodings[0]!)
  expect(errorCodeOf(await nextIo(device, encodings[0]!))).toBe('not_authorized')
  expect(sts.granted).toHaveLength(before)
  await device.disconnect()
})

test('Profile/aws is aws after all if no credentials can be made', async () => {
  const device = await come(server.mqtt, account)
  sts.status = 403
  await ask(device, account.phone, encodings[0]!)
  expect(errorCodeOf(await nextIo(device, encodings[0]!))).toBeNull()
  expect(errorCodeOf(await nextIo(device, encodings[0]!))).toBe('aws')
  sts.status = 200
  await device.disconnect()
})

test('Profile/aws is aws where there is no backend', async () => {
  const plain = await startWireServer()
  const device = await come(plain.mqtt, await register(plain.mqtt, 'cloud', '380675560001'))
  await ask(device, null, encodings[0]!)
  expect(errorCodeOf(await nextIo(device, encodings[0]!))).toBe('aws')
  await device.disconnect()
  await plain.close()
})
