import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { localOfRoom, messageOfUuid, namesAt, parseEntityId, roomOfLocal, userOfLocal, uuidOfMessage } from '../../cadmium/index.js'
import { parseRoomId } from '../../topics/index.js'

const roomId = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((text) => parseRoomId(text) !== undefined)

describe('rooms', () => {
  test('a blank and an upper case letter are escaped', () => expect(namesAt('s').room('Trip 2')).toBe('!=54rip=202@s'))
  test('every room id has a local part that names it', () => {
    fc.assert(
      fc.property(roomId, (room) => {
        expect(roomOfLocal(localOfRoom(room))).toBe(room)
        expect(parseEntityId(namesAt('s').room(room))).toEqual({ kind: 'room', local: localOfRoom(room), server: 's' })
      }),
    )
  })
  test.each([
    ['=61', 'an escape that is not needed'],
    ['=4', 'one that is cut off'],
    ['=4G', 'one that is no hex'],
    ['=AB', 'one in upper case'],
    ['=ff', 'bytes that are no UTF-8'],
    ['=2f', 'a slash'],
    ['a/b', 'a slash as it is'],
    ['=00', 'what no topic holds'],
    ['=2b', 'a wildcard of topics'],
  ])('%s names none: %s', (local) => expect(roomOfLocal(local)).toBeUndefined())
})

describe('messages', () => {
  test('101 is written as in the contract', () => expect(namesAt('S').message(101)).toBe('&00000000-0000-8000-8000-000000000065:S'))
  test('a number is read as what it was', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (id) => expect(messageOfUuid(uuidOfMessage(id + 1 > id ? id : 1))).toBe(id === 0 ? undefined : id)),
    )
  })
  test.each(['00000000-0000-8000-8000-000000000000', '00000000-0000-4000-8000-000000000065', '00000000-0000-8000-8fff-ffffffffffff'])(
    '%s was not made here',
    (uuid) => expect(messageOfUuid(uuid)).toBeUndefined(),
  )
})

test('a user is a roster where the name has the form of one, else a nick', () => {
  expect(userOfLocal('9991001_1')).toEqual({ roster: '9991001_1' })
  expect(userOfLocal('anna')).toEqual({ nick: 'anna' })
})
