import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  acTopic,
  actionsTopic,
  compareBytes,
  eventsTopic,
  mucTopic,
  p2pTopic,
  parseTopic,
  roomTopic,
  sesTopic,
  sortPair,
} from '../../topics/index.js'
import { clientId, phone, phoneId, roomId, userName } from './arbitrary.js'

describe('topic names', () => {
  test('answers go to the user name and client id of the connection, and an unusable user name counts as api', () => {
    expect(actionsTopic('api', 'emqttd_A1')).toBe('actions/1/api/emqttd_A1')
    expect(actionsTopic('', 'reg_A1')).toBe('actions/1/api/reg_A1')
    expect(actionsTopic('web_2', 'reg_A1')).toBe('actions/1/web_2/reg_A1')
    for (const user of ['#', 'a/b', '+', 'ann@home', 'a'.repeat(33)]) expect(actionsTopic(user, 'reg_A1')).toBe('actions/1/api/reg_A1')
  })

  test('a request is republished with its node and its true client id', () => {
    expect(eventsTopic(2, 'reg_A1')).toBe('events/1/2/api/anon/reg_A1/')
    expect(eventsTopic(2, 'reg_A1', { module: 'web', user: '', token: 't' })).toBe('events/1/2/web//reg_A1/t')
  })

  test('every builder writes what the parser reads', () => {
    fc.assert(
      fc.property(phone, phoneId, roomId, userName, clientId, (phone, phoneId, room, user, clientId) => {
        expect(parseTopic(sesTopic(phone))).toEqual({ kind: 'ses', phone })
        expect(parseTopic(acTopic(phoneId))).toEqual({ kind: 'ac', phoneId })
        expect(parseTopic(mucTopic(phoneId))).toEqual({ kind: 'muc', phoneId })
        expect(parseTopic(roomTopic(room))).toEqual({ kind: 'room', room })
        expect(parseTopic(actionsTopic(user, clientId))).toEqual({ kind: 'actions', user, clientId })
      }),
    )
  })

  test('a chat has one name, whoever is named first', () => {
    fc.assert(
      fc.property(phoneId, phoneId, (a, b) => {
        const [left, right] = sortPair(a, b)
        expect(p2pTopic(a, b)).toBe(p2pTopic(b, a))
        expect(sortPair(b, a)).toEqual([left, right])
        expect(parseTopic(p2pTopic(a, b))).toEqual({ kind: 'p2p', left, right, wasSorted: true })
      }),
    )
  })
})

describe('compareBytes', () => {
  test('orders as the UTF-8 bytes do', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom('a', '\ud7ff', '\ue000', '\uffff', '😀', '𐀀') }))
    fc.assert(fc.property(text, text, (a, b) => expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))))
  })
})
