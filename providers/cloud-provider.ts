/** Temporary credentials for one person. */
export interface CloudCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  /** Milliseconds since 1970 UTC. */
  readonly expires: number
}

/**
 * Makes temporary credentials for the cloud. Promises, kept by the contract suite (`test/providers/cloud-contract.ts`):
 * - They reach what belongs to the owner and nothing else.
 * - It settles within a bounded time and throws {@link ProviderOutage} and nothing else, which holds no credential and no owner.
 * - Calls do not wait for each other.
 */
export interface CloudProvider {
  /**
   * @param owner the phone of the person: 5 to 15 digits
   * @throws ProviderOutage if none could be made
   */
  credentialsFor(owner: string): Promise<CloudCredentials>
}
