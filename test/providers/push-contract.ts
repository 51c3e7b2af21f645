import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { ProviderOutage, type PushNotification, type PushProvider } from '../../providers/index.js'
import { patienceMs } from '../patience.js'

/** How the far side answers from now on. */
export type Mood =
  /** It takes everything. */
  | 'fine'
  /** It asks to come again in 7 s. */
  | 'busy'
  | 'down'
  /** It understands and refuses. */
  | 'refusing'
  /** It takes the request and says nothing. */
  | 'silent'
  /** It closes every connection. */
  | 'hanging-up'

/** What the far side has accepted, as its own decoder reads it; null where the service has no place for a field. */
export type AcceptedPush = { readonly [Name in keyof PushNotification]: PushNotification[Name] | null }

export interface PushUnderTest {
  readonly push: PushProvider
  readonly token: string
  /** What of a notification this service has no place for. */
  readonly omits: readonly (keyof PushNotification)[]
  accepted(): readonly AcceptedPush[]
  /** How often it was asked, whatever it answered. */
  attempts(): number
  mood: Mood
  /** Ways in which the service says that it knows no such device; each makes it say so from now on. */
  readonly invalid: readonly { readonly way: string; readonly say: () => void }[]
  readonly secrets: readonly string[]
  close(): Promise<void>
}

const awkwardTexts = ['hello', 'quotes " and \\ and <b>', 'two\nlines', 'Привіт 🔑', '']

/** Far beyond what anything here takes. */
const shortPatienceMs = 1_500

export const notification: PushNotification = {
  token: '',
  os: 'android',
  kind: 'message',
  feed: 'p2p/380670001_1/380670002_2',
  from: '380670001_1',
  to: '380670002_2',
  message: 1_234_567,
  unread: 7,
  name: null,
  text: null,
  collapse: 'AbCdEfGhIjKlMnOpQrStUvWxYz012-_9',
  lifeSeconds: 3_600,
}

/** The promises of {@link PushProvider}; every implementation runs them unchanged. @param open an adapter that waits for so many ms */
export function pushContract(name: string, open: (timeoutMs: number) => Promise<PushUnderTest>): void {
  describe(`${name} keeps the promises of a push provider`, () => {
    let under: PushUnderTest
    beforeEach(async () => {
      under = await open(patienceMs)
    })
    afterEach(async () => {
      await under.push.close()
      await under.close()
    })

    const send = (parts: Partial<PushNotification> = {}) => under.push.send({ ...notification, token: under.token, ...parts })

    async function failure(): Promise<ProviderOutage> {
      const text = 'a secret word'
      const found: unknown = await send({ text }).catch((error: unknown) => error)
      expect(found).toBeInstanceOf(ProviderOutage)
      const shown = `${String(found)} ${JSON.stringify(found)} ${(found as Error).stack ?? ''}`
      for (const secret of [text, under.token, ...under.secrets]) expect(shown).not.toContain(secret)
      expect((found as Error).cause).toBeUndefined()
      return found as ProviderOutage
    }

    test.each([
      { what: 'a message without its text', parts: {} },
      { what: 'a friend request', parts: { kind: 'request', message: 0, unread: null } as const },
      { what: 'a missed call in a room', parts: { kind: 'call', feed: 'room/town', message: 0, unread: null } as const },
      ...awkwardTexts.map((text) => ({ what: `the text ${JSON.stringify(text)}`, parts: { name: `Ann ${text}`, text } })),
    ])('what is accepted is what was given: $what', async ({ parts }) => {
      expect(await send(parts)).toEqual({ kind: 'done' })
      const given = { ...notification, token: under.token, ...parts }
      const omitted = Object.fromEntries(under.omits.map((field) => [field, null]))
      expect(under.accepted()).toEqual([{ ...given, ...omitted }])
    })

    test('calls do not wait for each other, and each is accepted once', async () => {
      const ids = Array.from({ length: 20 }, (_, i) => i + 1)
      await Promise.all(ids.map((message) => send({ message })))
      const accepted = under.accepted().map(({ message }) => Number(message))
      expect(accepted.sort((a, b) => a - b)).toEqual(ids)
    })

    test('a device that the service does not know (any more) has an invalid token', async () => {
      expect(under.invalid.length).toBeGreaterThan(0)
      for (const { way, say } of under.invalid) {
        say()
        expect({ way, result: await send() }).toEqual({ way, result: { kind: 'invalid-token' } })
      }
    })

    for (const { mood, outage } of [
      { mood: 'busy', outage: { reason: 'refused', isPermanent: false, status: 429, retryAfterMs: 7_000 } },
      { mood: 'down', outage: { reason: 'refused', isPermanent: false, status: 503 } },
      { mood: 'refusing', outage: { reason: 'refused', isPermanent: true, status: 400 } },
      { mood: 'hanging-up', outage: { reason: 'unreachable', isPermanent: false } },
    ] as const)
      test(`a service that is ${mood} is an outage after one attempt, and needs no help to be reached again`, async () => {
        await send()
        const before = under.attempts()
        under.mood = mood
        expect(await failure()).toMatchObject(outage)
        expect(under.attempts() - before).toBe(1)
        under.mood = 'fine'
        expect(await send({ message: 99 })).toEqual({ kind: 'done' })
        expect(under.accepted().at(-1)).toMatchObject({ message: 99 })
      })

    test('a service that is silent is an outage at the end of the timeout, and needs no help to be reached again', async () => {
      await under.push.close()
      await under.close()
      under = await open(shortPatienceMs)
      under.mood = 'silent'
      expect(await failure()).toMatchObject({ reason: 'timeout', isPermanent: false })
      under.mood = 'fine'
      // On a busy machine a short timeout may strike an answer that is on its way.
      for (let i = 0; i < 5 && under.accepted().length === 0; i++) await send({ message: 99 }).catch(() => undefined)
      expect(under.accepted()[0]).toMatchObject({ message: 99 })
    })
  })
}
