/**
 * What a refusal is about, where its code says less than a protocol has to tell: for doors that answer by finer codes. It travels with the verdict;
 * `because` is for the log and is not read. New ones go at the end.
 */
export const refusalDetails = [
  'yourself',
  'bans-other',
  'friends-already',
  'asked-already',
  'no-such-person',
  'erased',
  'original',
  'own-room',
  'room-taken',
  'full',
  'members-already',
] as const

export type RefusalDetail = (typeof refusalDetails)[number]
