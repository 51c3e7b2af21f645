import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { ProviderOutage, type VoiceProvider } from '../../src/providers/index.js'

export interface MadeCall {
  readonly phone: string
  readonly code: string
  readonly language: string
}

export interface VoiceUnderTest {
  readonly voice: VoiceProvider
  /** The calls the far side has accepted so far, oldest first. */
  accepted(): readonly MadeCall[]
  /** Makes the far side refuse or be gone from now on; a string says why this provider cannot fail. */
  readonly breakDown: (() => Promise<void>) | string
  close(): Promise<void>
}

/** The promises of {@link VoiceProvider}; every implementation runs them unchanged. */
export function voiceContract(name: string, open: () => Promise<VoiceUnderTest>): void {
  describe(`${name} keeps the promises of a voice provider`, () => {
    let under: VoiceUnderTest
    beforeEach(async () => {
      under = await open()
    })
    afterEach(() => under.close())

    test.each(['en', 'ua', 'a&b="c"'])('the call that is accepted is the one that was asked for: %j', async (language) => {
      await under.voice.call('380501112233', '012345', language)
      expect(under.accepted()).toEqual([{ phone: '380501112233', code: '012345', language }])
    })

    test('calls do not wait for each other, and each is accepted once', async () => {
      const codes = Array.from({ length: 20 }, (_, index) => String(100_000 + index))
      await Promise.all(codes.map((code) => under.voice.call('380501112233', code, 'en')))
      expect(
        under
          .accepted()
          .map(({ code }) => code)
          .sort(),
      ).toEqual(codes)
    })

    test('a failure is an outage that shows neither number nor code', async () => {
      if (typeof under.breakDown === 'string') {
        process.stdout.write(`${name} cannot fail: ${under.breakDown}\n`)
        return
      }
      await under.breakDown()
      const failure: unknown = await under.voice.call('380501112233', '123456', 'en').catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(ProviderOutage)
      const shown = `${String(failure)} ${JSON.stringify(failure)} ${(failure as Error).stack ?? ''}`
      for (const secret of ['380501112233', '123456']) expect(shown).not.toContain(secret)
      expect((failure as Error).cause).toBeUndefined()
    })
  })
}
