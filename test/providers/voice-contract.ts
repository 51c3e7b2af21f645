import type { VoiceProvider } from '../../providers/index.js'
import { handOverContract, type HandOverUnderTest } from './hand-over-contract.js'

export interface MadeCall {
  readonly phone: string
  readonly code: string
  readonly language: string
}

export interface VoiceUnderTest extends Omit<HandOverUnderTest<MadeCall>, 'send'> {
  readonly voice: VoiceProvider
}

const [phone, code] = ['380501112233', '012345']

/** The promises of {@link VoiceProvider}; every implementation runs them unchanged. @param languages those that the far side can tell apart */
export function voiceContract(name: string, open: () => Promise<VoiceUnderTest>, languages = ['en', 'ua', 'a&b="c"']): void {
  const cases = {
    of: 'a voice provider',
    awkward: languages.map((language) => ({ phone, code, language })),
    numbered: (number: number) => ({ phone, code: String(100_000 + number), language: 'en' }),
    secret: { phone, code, language: 'en' },
    secrets: [phone, code],
  }
  handOverContract(name, cases, async () => {
    const { voice, ...under } = await open()
    return { ...under, send: (call: MadeCall) => voice.call(call.phone, call.code, call.language) }
  })
}
