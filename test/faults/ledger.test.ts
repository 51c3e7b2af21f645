/** The ledger finds each kind of fault in a forged record of what was delivered and stored. */
import { describe, expect, test } from '@jest/globals'
import type { IPublishPacket } from 'mqtt-packet'
import { encode, record } from '../../protocol/index.js'
import { bert } from '../wire/requests.js'
import { type Ledger, newLedger, type SentMessage } from './ledger.js'

const feed = 'p2p/380670000001_1/380670000002_2'
const [sender, friend] = ['d0', 'd1']

/** A ledger of two friends, and three messages that were sent and acknowledged. */
function threeSent(qos: 1 | 2): { readonly ledger: Ledger; readonly texts: readonly [string, string, string] } {
  const ledger = newLedger(0)
  ledger.addFeed(feed, [sender, friend])
  const send = (): SentMessage => {
    const message = ledger.newMessage(sender, feed, qos)
    ledger.acknowledge(message)
    return message
  }
  return { ledger, texts: [send().text, send().text, send().text] }
}

function delivery(text: string, qos: 1 | 2, dup = false): IPublishPacket {
  const payload = Buffer.from(encode(record('Message', { files: [record('Desc', { id: 'd', payload: text })], status: 'sent' }), bert))
  return { cmd: 'publish', topic: feed, payload, qos, dup, retain: false, messageId: 1 }
}

describe('deliveries', () => {
  for (const { rule, qos, come, kinds } of [
    { rule: 'each once, in order', qos: 2, come: ['a', 'b', 'c'], kinds: [] },
    { rule: 'one is missing at the end', qos: 2, come: ['a', 'b'], kinds: ['undelivered'] },
    { rule: 'one comes again at QoS 2', qos: 2, come: ['a', 'b', 'b', 'c'], kinds: ['delivered twice'] },
    { rule: 'one comes again at QoS 2, with DUP', qos: 2, come: ['a', 'b', 'b dup', 'c'], kinds: ['delivered twice'] },
    { rule: 'one comes again at QoS 1, with DUP', qos: 1, come: ['a', 'b', 'b dup', 'c'], kinds: [] },
    { rule: 'one comes again at QoS 1, without DUP', qos: 1, come: ['a', 'b', 'b', 'c'], kinds: ['repeated without DUP'] },
    { rule: 'one overtakes another', qos: 1, come: ['a', 'c', 'b'], kinds: ['reordered', 'reordered'] },
    { rule: 'one was sent by nobody', qos: 1, come: ['a', 'b', 'c', 'stranger'], kinds: ['sent by nobody'] },
  ] as const) {
    test(rule, () => {
      const { ledger, texts } = threeSent(qos)
      const textOf = { a: texts[0], b: texts[1], c: texts[2], stranger: 'a text of nobody' }
      for (const one of come) {
        const [name, dup] = one.split(' ') as [keyof typeof textOf, string?]
        ledger.deliver(friend, delivery(textOf[name], qos, dup !== undefined))
      }
      for (const text of texts) ledger.deliver(sender, delivery(text, qos))
      expect([...ledger.contradictions(), ...ledger.undelivered()].map(({ kind }) => kind)).toEqual(kinds)
    })
  }

  test('whoever waits for all of them is told what is missing', async () => {
    const { ledger, texts } = threeSent(1)
    for (const text of texts) ledger.deliver(sender, delivery(text, 1))
    ledger.deliver(friend, delivery(texts[0], 1))
    await expect(ledger.complete()).rejects.toThrow('2 deliveries are missing')
    ledger.deliver(friend, delivery(texts[1], 1))
    ledger.deliver(friend, delivery(texts[2], 1))
    await ledger.complete()
  })
})

describe('histories', () => {
  for (const { rule, stored, kinds } of [
    { rule: 'each once, in order', stored: ['a', 'b', 'c'], kinds: [] },
    { rule: 'an acknowledged one is not there', stored: ['a', 'b'], kinds: ['lost'] },
    { rule: 'one is there twice', stored: ['a', 'b', 'b', 'c'], kinds: ['stored twice'] },
    { rule: 'one overtook another', stored: ['b', 'a', 'c'], kinds: ['reordered', 'reordered', 'reordered'] },
    { rule: 'one was sent by nobody', stored: ['a', 'stranger', 'b', 'c'], kinds: ['sent by nobody'] },
  ] as const) {
    test(rule, () => {
      const { ledger, texts } = threeSent(2)
      const textOf = { a: texts[0], b: texts[1], c: texts[2], stranger: 'a text of nobody' }
      const found = ledger.checkHistory(
        feed,
        stored.map((name) => textOf[name]),
      )
      expect(found.map(({ kind }) => kind)).toEqual(kinds)
    })
  }

  test('one that was not acknowledged may be missing at the end', () => {
    const { ledger, texts } = threeSent(2)
    ledger.newMessage(sender, feed, 2)
    expect(ledger.checkHistory(feed, texts)).toEqual([])
  })
})
