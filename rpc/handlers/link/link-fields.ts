import { limits } from '../../../protocol/index.js'
import { hasLength } from '../room/room-fields.js'

/** The key of a link, which is unique without regard to case; undefined if it is malformed. @see docs/protocol/rpc.md 1.5 */
export function linkKey(id: string | null): string | undefined {
  return id !== null && limits.link.test(id) ? id.toLowerCase() : undefined
}

/** A link is called as a room is, or not at all. */
export function isLinkName(name: string | null): boolean {
  return name === null || hasLength(name, 0, limits.roomNameMax)
}
