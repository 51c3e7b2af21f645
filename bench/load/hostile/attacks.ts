import type { Attack } from './attack.js'
import { codes, flapping, guests, idleHttp, unfinished, unreadDownloads, wrongSecrets } from './connection-attacks.js'
import { banned, friendRounds, history, largePackets, otherNames, rooms, searches, subscribes, unreadAnswers } from './request-attacks.js'

/** What one client can try to do to others. @see docs/security.md */
export const attacks: readonly Attack[] = [
  history,
  unreadAnswers,
  unfinished,
  guests,
  idleHttp,
  unreadDownloads,
  largePackets,
  subscribes,
  codes,
  wrongSecrets,
  searches,
  otherNames,
  banned,
  friendRounds,
  flapping,
  rooms,
]
