import { parseTopic } from '../topics/index.js'

/** What the will of a CONNECT says about the protocol its sender speaks. */
export interface VersionDecision {
  readonly version: number
  readonly dialect: 'v1' | 'v11'
  /** If not, the client is told `invalid_version` and its connection is closed. */
  readonly isSupported: boolean
  /** The will names no version: on connection loss it is published, under the rights of an ordinary publish. */
  readonly isWillOrdinary: boolean
}

/** Versions of the protocol that are spoken unless configured otherwise, both ends included. */
export const defaultVersions = { from: 1, to: 11 } as const

/**
 * The version and dialect a connection begins with.
 * @param willTopic topic of the will, undefined if CONNECT carries none
 * @see docs/protocol/topics.md 13 and 14
 */
export function decideVersion(
  willTopic: string | undefined,
  supported: { readonly from: number; readonly to: number } = defaultVersions,
): VersionDecision {
  const topic = willTopic === undefined ? undefined : parseTopic(willTopic)
  const version = topic?.kind === 'version' ? topic.number : 1
  return {
    version,
    dialect: version === 1 ? 'v1' : 'v11',
    isSupported: version >= supported.from && version <= supported.to,
    isWillOrdinary: topic !== undefined && topic.kind !== 'version',
  }
}
