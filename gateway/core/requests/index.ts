import type { RequestName } from '../../../cadmium/index.js'
import type { Handle } from '../call.js'
import { deleteMessage, editMessage, readHistory, readUpTo, sendMessage, showTyping } from './chat.js'
import { banContact, confirmContact, listContacts, requestContact, revokeContact, unbanContact } from './contacts.js'
import { getPresence, resolve, searchRooms, searchUsers } from './people.js'
import { getProfile, setProfile } from './profile.js'
import { deletePublished, editPublished, readPublished, sendPublished, syncPublished, typePublished } from './published.js'
import {
  createRoom,
  getRoom,
  inviteToRoom,
  joinRoom,
  leaveRoom,
  listRooms,
  patchRoom,
  removeAlias,
  removeFromRoom,
  setAlias,
} from './rooms.js'

/** Requests that need no more than a login; the others are the session's. */
export const handles: { readonly [Name in RequestName]?: Handle<Name> } = {
  'urn:nynja:profile:get': getProfile,
  'urn:nynja:profile:set': setProfile,
  'urn:nynja:contacts:list': listContacts,
  'urn:nynja:contacts:request': requestContact,
  'urn:nynja:contacts:confirm': confirmContact,
  'urn:nynja:contacts:revoke': revokeContact,
  'urn:nynja:contacts:ban': banContact,
  'urn:nynja:contacts:unban': unbanContact,
  'urn:nynja:chat:send': sendMessage,
  'urn:nynja:chat:edit': editMessage,
  'urn:nynja:chat:delete': deleteMessage,
  'urn:nynja:chat:history': readHistory,
  'urn:nynja:chat:read': readUpTo,
  'urn:nynja:chat:typing': showTyping,
  'urn:nynja:rooms:list': listRooms,
  'urn:nynja:rooms:create': createRoom,
  'urn:nynja:rooms:get': getRoom,
  'urn:nynja:rooms:patch': patchRoom,
  'urn:nynja:rooms:invite': inviteToRoom,
  'urn:nynja:rooms:join': joinRoom,
  'urn:nynja:rooms:leave': leaveRoom,
  'urn:nynja:rooms:remove': removeFromRoom,
  'urn:nynja:rooms:alias:set': setAlias,
  'urn:nynja:rooms:alias:remove': removeAlias,
  'urn:nynja:presence:get': getPresence,
  'urn:nynja:search:users': searchUsers,
  'urn:nynja:search:rooms': searchRooms,
  'urn:nynja:search:resolve': resolve,
  'urn:cadmium:chat:message': sendPublished,
  'urn:cadmium:chat:read': readPublished,
  'urn:cadmium:chat:typing': typePublished,
  'urn:cadmium:chat:message:edit': editPublished,
  'urn:cadmium:chat:message:delete': deletePublished,
  'urn:cadmium:chat:history:sync': syncPublished,
}
