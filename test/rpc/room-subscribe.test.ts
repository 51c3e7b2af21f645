import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Client, decideSubscribe } from '../../acl/index.js'
import { contacts } from '../../rpc/documents/index.js'
import { newFactReader } from '../../rpc/fact-reader.js'
import { emptyOverlay } from '../../rpc/facts.js'
import { newReadCache } from '../../rpc/read-cache.js'
import { readSubscribeFacts } from '../../rpc/handlers/subscribe.js'
import { putBans } from '../../rpc/views/parting.js'
import { p2pTopic, phoneOf, type PhoneId } from '../../topics/index.js'
import { clientIdOf } from '../acl/cast.js'
import { aContact, ann, boris, clara, dan, friends } from './chat-world.js'
import { asks, listing, openRoomWorld, type RoomWorld } from './room-world.js'

let world: RoomWorld

// Ann is a friend of Boris and Clara, who share her room; Boris and Clara are parted by a ban.
beforeAll(async () => {
  world = await openRoomWorld()
  await world.put(...friends(ann, boris), ...friends(ann, clara))
  await world.send(ann, asks('create', { name: 'Trip', members: listing(boris, clara) }))
  await world.put(contacts.put(aContact({ isBanned: true }), clara, boris), contacts.put(aContact({ bans: true }), boris, clara))
  await world.put(...putBans(phoneOf(boris), phoneOf(clara), { own: { by: boris, at: 1 }, other: null }))
})
afterAll(() => world.close())

function deviceOf(roster: PhoneId): Client {
  return { kind: 'device', clientId: clientIdOf('emqttd_X1'), userName: 'api', phone: phoneOf(roster), rosters: [roster] }
}

for (const { rule, who, filter, isGranted } of [
  { rule: 'its own ses topic', who: ann, filter: 'ses/380670001234', isGranted: true },
  { rule: 'the ses topic of another', who: ann, filter: 'ses/380670002234', isGranted: false },
  { rule: 'the broadcast of a friend', who: boris, filter: `ac/${ann}`, isGranted: true },
  { rule: 'the broadcast of a stranger', who: dan, filter: `ac/${ann}`, isGranted: false },
  { rule: 'the chat with a friend', who: boris, filter: p2pTopic(ann, boris), isGranted: true },
  { rule: 'the chat of others', who: clara, filter: p2pTopic(ann, boris), isGranted: false },
  { rule: 'a fellow member', who: boris, filter: `muc/${ann}`, isGranted: true },
  { rule: 'a fellow member who bans it', who: clara, filter: `muc/${boris}`, isGranted: false },
  { rule: 'a fellow member whom it bans', who: boris, filter: `muc/${clara}`, isGranted: false },
  { rule: 'somebody it shares no room with', who: dan, filter: `muc/${ann}`, isGranted: false },
  { rule: 'a room it belongs to', who: clara, filter: 'room/r1', isGranted: true },
  { rule: 'a room of others', who: dan, filter: 'room/r1', isGranted: false },
  { rule: 'a wildcard over rooms', who: ann, filter: 'room/+', isGranted: false },
]) {
  test(`a device is ${isGranted ? 'granted' : 'refused'} ${rule}`, async () => {
    const { store, context } = world
    const { reader } = newFactReader({ store, overlay: emptyOverlay(), cache: newReadCache(100), boot: context.boot })
    const facts = await readSubscribeFacts(reader, deviceOf(who), filter)
    expect(decideSubscribe(deviceOf(who), filter, facts, []).allowed).toBe(isGranted)
  })
}
