import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type CloudCredentials, type CloudProvider, ProviderOutage } from '../../providers/index.js'

export interface CloudUnderTest {
  readonly cloud: CloudProvider
  /** Whether credentials that were handed out reach an object, as the far side would decide. */
  reaches(credentials: CloudCredentials, object: string): boolean
  /** Makes the far side refuse from now on, be down, or be gone. */
  refuse(): void
  breakDown(): void
  leave(): Promise<void>
  readonly secrets: readonly string[]
  close(): Promise<void>
}

const owner = '380501112233'

/** The promises of {@link CloudProvider}; every implementation runs them unchanged. */
export function cloudContract(name: string, open: () => Promise<CloudUnderTest>): void {
  describe(`${name} keeps the promises of a provider of cloud credentials`, () => {
    let under: CloudUnderTest
    beforeEach(async () => {
      under = await open()
    })
    afterEach(() => under.close())

    test('credentials are good for some time', async () => {
      const { accessKeyId, secretAccessKey, sessionToken, expires } = await under.cloud.credentialsFor(owner)
      for (const text of [accessKeyId, secretAccessKey, sessionToken]) expect(text).not.toBe('')
      expect(expires).toBeGreaterThan(Date.now())
    })

    test.each([
      { object: `${owner}/photo.jpg`, isReached: true },
      { object: `${owner}/album/photo.jpg`, isReached: true },
      { object: owner, isReached: false },
      { object: `${owner}0/photo.jpg`, isReached: false },
      { object: '380501112234/photo.jpg', isReached: false },
      { object: 'photo.jpg', isReached: false },
    ])('they reach what is the own: $object: $isReached', async ({ object, isReached }) => {
      expect(under.reaches(await under.cloud.credentialsFor(owner), object)).toBe(isReached)
    })

    test('calls do not wait for each other', async () => {
      const owners = Array.from({ length: 10 }, (_, i) => `38050111223${String(i)}`)
      const all = await Promise.all(owners.map((one) => under.cloud.credentialsFor(one)))
      expect(all.map((credentials, i) => under.reaches(credentials, `${owners[i] ?? ''}/photo.jpg`))).toEqual(owners.map(() => true))
    })

    test.each(['refuse', 'breakDown', 'leave'] as const)(
      'after %s there is an outage, which shows neither owner nor secret',
      async (way) => {
        await under[way]()
        const failure: unknown = await under.cloud.credentialsFor(owner).catch((error: unknown) => error)
        expect(failure).toBeInstanceOf(ProviderOutage)
        expect(failure).toMatchObject({ isPermanent: way === 'refuse' })
        const shown = `${String(failure)} ${JSON.stringify(failure)} ${(failure as Error).stack ?? ''}`
        for (const secret of [owner, ...under.secrets]) expect(shown).not.toContain(secret)
        expect((failure as Error).cause).toBeUndefined()
      },
    )
  })
}
