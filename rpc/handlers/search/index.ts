/** Searches. @see docs/protocol/rpc.md 12 */
import { searchPeople } from './search-people.js'
import { searchRooms } from './search-rooms.js'

export const searchHandlers = [
  { tag: 'Search', request: 'contact', handler: searchPeople },
  { tag: 'Search', request: 'roster', handler: searchPeople },
  { tag: 'Search', request: 'profile', handler: searchPeople },
  { tag: 'Search', request: 'member', handler: searchPeople },
  { tag: 'Search', request: 'room', handler: searchRooms },
] as const
