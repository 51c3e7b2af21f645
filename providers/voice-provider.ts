/**
 * Calls a phone and speaks a code. The promises are those of {@link SmsProvider}: `call` resolves once the call has been accepted, not when
 * it has been answered. Kept by the contract suite (`test/providers/voice-contract.ts`).
 */
export interface VoiceProvider {
  /**
   * @param phone 5 to 15 digits, no leading `+`
   * @param code the digits to speak
   * @param language a language atom of the protocol: `en`, `ua`, `it` …
   * @throws ProviderOutage if the call was not accepted
   * @see docs/protocol/rpc.md 4, Auth/voice
   */
  call(phone: string, code: string, language: string): Promise<void>
}
