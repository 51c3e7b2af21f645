/**
 * Sends SMS. Promises, kept by the contract suite (`test/providers/sms-contract.ts`):
 * - `send` resolves once the provider has accepted the message; what it accepted is exactly the phone number, text and code given.
 * - It settles within a bounded time, which its options determine, and needs no help of the caller to give up.
 * - It throws {@link ProviderOutage} and nothing else, after its own retries. Neither the error nor any log line it causes holds the number,
 *   the text, the code or a secret of the configuration; the console adapter, made for development, is the one that shows them.
 * - At least once: a message whose acceptance got lost on the way may be sent twice.
 * - Calls do not wait for each other.
 */
export interface SmsProvider {
  /**
   * @param phone 5 to 15 digits, no leading `+`
   * @param text what the receiver reads; it contains the code
   * @param code the digits alone, for gateways that bring their own wording
   * @throws ProviderOutage if it was not accepted
   */
  send(phone: string, text: string, code: string): Promise<void>
}
