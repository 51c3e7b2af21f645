/**
 * Where things lie in Redis. Every key begins with the prefix, so that a Redis can be shared.
 *
 * | key | type | holds |
 * | --- | --- | --- |
 * | `d:<key>` | string | a document: its digest (16 bytes, see `digest.ts`), then its bytes |
 * | `keys` | sorted set, all scores 0 | the keys of all documents but messages that were appended, in the order of their bytes |
 * | `f:<feed>` | string | records of 16 bytes, one a message: its id and its ordinal, big-endian doubles |
 * | `h:<client>` | string | head of an inbox, see `inbox-head-bytes.ts`; may be missing where all is 0 |
 * | `i:<client>` | list | the entries after `settledTo`, so that the newest number is `settledTo` plus the length of the list; '' for an empty place |
 * | `n:<client>` | sorted set | the news in it by number, where it is listed: a key (6 bytes), or a number where a key would not tell it from another |
 * | `l:<client>` | hash | what the device has missed and has not been told of: since when, by name |
 * | `outbox` | hash | jobs by id |
 * | `outbox:ids` | sorted set, all scores 0 | the ids of the outbox |
 * | `id` | string | the message id given last |
 * | `note:<handle>` | hash, expires | what the last calls of a handle came to, see `commit-script.ts` |
 * | `schema` | string | version of this layout |
 *
 * An entry of an inbox: its flags (1 byte: quality of service, and {@link entryFlags}), message id (double), length of the topic (2); of news its key
 * (6); of what is noted if it is lost, since when (double), length (2) and name; then topic, body.
 *
 * A head that was written before there were empty places has settledTo, releasedTo, dropped and epoch (doubles), then the holder: all of its
 * inbox may have been sent.
 */

/** Version of the layout. Whoever changes it raises it and writes the step from the one before. */
export const layoutVersion = 2

/** Flags of an entry beside its quality of service. */
export const entryFlags = { news: 4, loss: 8, extra: 16 } as const

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
