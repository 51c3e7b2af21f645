/**
 * Where things lie in Redis. Every key begins with the prefix, so that a Redis can be shared.
 *
 * | key | type | holds |
 * | --- | --- | --- |
 * | `d:<key>` | string | a document: its digest (16 bytes, see `digest.ts`), then its bytes |
 * | `keys` | sorted set, all scores 0 | the keys of all documents but messages that were appended, in the order of their bytes |
 * | `f:<feed>` | string | records of 16 bytes, one a message: its id and its ordinal, big-endian doubles |
 * | `h:<client>` | string | head of an inbox: settledTo, releasedTo, dropped, epoch (big-endian doubles), then the holder; may be missing where all are 0 |
 * | `i:<client>` | list | the entries after `settledTo`, so that the newest number is `settledTo` plus the length of the list |
 * | `outbox` | hash | jobs by id |
 * | `outbox:ids` | sorted set, all scores 0 | the ids of the outbox |
 * | `id` | string | the message id given last |
 * | `note:<handle>` | hash, expires | what the last calls of a handle came to, see `commit-script.ts` |
 * | `schema` | string | version of this layout |
 *
 * An entry of an inbox: its quality of service (1 byte), message id (double), length of the topic (2), topic, body.
 */

/** Version of the layout. Whoever changes it raises it and writes the step from the one before. */
export const layoutVersion = 2

export const defaultPrefix = 'nynja:'

/** @throws RangeError if a prefix holds what could end a Lua string. */
export function requirePrefix(prefix: string): void {
  if (!/^[\w:.{}/-]{0,64}$/.test(prefix)) throw new RangeError('the prefix of keys in Redis is at most 64 of A-Z a-z 0-9 _ : . / - { }')
}

/** Longest feed in messages: Redis keeps strings up to 512 MiB. */
export const maxFeedMessages = (512 * 1024 * 1024) / 16

/** How many groups of commits of a handle are under way at once, besides those in doubt. What else is to be committed gathers. */
export const maxUnderWay = 2

/** Of how many of its last groups Redis keeps the results: of those under way, and of some that are in doubt. */
export const notesKept = 8

/** How long Redis keeps the results of a handle that commits no more, in seconds: a day. */
export const noteSeconds = 86_400
