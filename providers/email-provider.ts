/**
 * Sends e-mail. Promises, kept by the contract suite (`test/providers/email-contract.ts`):
 * - `send` resolves once the provider has accepted the message for delivery; what it accepted is exactly the receiver, subject and text given,
 *   but that line breaks are those of e-mail.
 * - It settles within a bounded time, which its options determine, and needs no help of the caller to give up.
 * - It throws {@link ProviderOutage} and nothing else, after its own retries. Neither the error nor any log line it causes holds the address,
 *   the subject, the text or a secret of the configuration; the console adapter, made for development, is the one that shows them.
 * - At least once: a message whose acceptance got lost on the way may be sent twice.
 * - Calls do not wait for each other.
 */
export interface EmailProvider {
  /**
   * @param to one address, `local@domain`
   * @param subject one line, without what MIME would read as an encoded word (`=?`)
   * @param text what the receiver reads, plain
   * @throws ProviderOutage if it was not accepted
   */
  send(to: string, subject: string, text: string): Promise<void>
}
