import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { ProviderOutage } from '../../providers/index.js'

export interface HandOverUnderTest<Sent> {
  readonly send: (sent: Sent) => Promise<void>
  /** What the far side has accepted so far, oldest first. */
  accepted(): readonly Sent[]
  /** Makes the far side refuse or be gone from now on; a string says why this provider cannot fail. */
  readonly breakDown: (() => Promise<void>) | string
  close(): Promise<void>
}

export interface HandOverCases<Sent> {
  /** `an SMS provider`, say. */
  readonly of: string
  /** What a careless adapter garbles. */
  readonly awkward: readonly Sent[]
  /** One of many. */
  readonly numbered: (number: number) => Sent
  /** One whose texts no error may show, in whatever spelling. */
  readonly secret: Sent
  readonly secrets: readonly string[]
}

/** What every provider of codes promises, whichever way the code goes; every implementation runs it unchanged. */
export function handOverContract<Sent>(name: string, cases: HandOverCases<Sent>, open: () => Promise<HandOverUnderTest<Sent>>): void {
  describe(`${name} keeps the promises of ${cases.of}`, () => {
    let under: HandOverUnderTest<Sent>
    beforeEach(async () => {
      under = await open()
    })
    afterEach(() => under.close())

    test.each(cases.awkward.map((sent) => [sent] as const))('what is accepted is what was sent: %j', async (sent) => {
      await under.send(sent)
      expect(under.accepted()).toEqual([sent])
    })

    test('calls do not wait for each other, and each is accepted once', async () => {
      const all = Array.from({ length: 20 }, (_, index) => cases.numbered(index))
      await Promise.all(all.map((sent) => under.send(sent)))
      const sorted = (list: readonly Sent[]) => list.map((sent) => JSON.stringify(sent)).sort()
      expect(sorted(under.accepted())).toEqual(sorted(all))
    })

    test('a failure is an outage that shows nothing of what was sent', async () => {
      if (typeof under.breakDown === 'string') {
        process.stdout.write(`${name} cannot fail: ${under.breakDown}\n`)
        return
      }
      await under.breakDown()
      const failure: unknown = await under.send(cases.secret).catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(ProviderOutage)
      const shown = `${String(failure)} ${JSON.stringify(failure)} ${(failure as Error).stack ?? ''}`
      for (const secret of cases.secrets) expect(shown).not.toContain(secret)
      expect((failure as Error).cause).toBeUndefined()
    })
  })
}
