/** A door without a protocol: what delivery asks of one and promises it, over a real ring of workers. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { type Connection, type Delivery, type Link, newDelivery, type Parcel } from '../../delivery/index.js'
import { type AnyRecord, decodePush, encode, record } from '../../protocol/index.js'
import { type Ring, startRing, type Verdict } from '../../rpc/index.js'
import { newSharedMemory } from '../../store/index.js'
import type { RingWorkerData } from '../faults/ring-worker.js'
import { newMailbox } from '../wire/mailbox.js'
import { bert, eventsTopic } from '../wire/requests.js'
import { testCode } from '../wire/wire-server.js'
import { doorPromises, type OpenedDoor, type Peer, type Push, type Words } from './door-promises.js'

const windowSize = 8
const entry = new URL('../faults/ring-worker.js', import.meta.url)

interface Laid extends Parcel {
  readonly topic: string
  readonly record: AnyRecord
}

const wire = {
  layOut(topic: string, qos: 0 | 1 | 2, payload: Uint8Array): Laid {
    const decoded = decodePush(Buffer.from(payload), 'v1')
    if (decoded.kind === 'refusal') throw new Error(decoded.because)
    return { size: payload.length, qos, topic, record: decoded.record }
  },
}

/** What a test may change of a peer. */
interface Manners {
  /** Bytes it has not read. */
  unread: number
  /** There is nothing to be said to it of these. */
  ignores: (record: AnyRecord) => boolean
}

interface SmallPeer extends Peer {
  readonly manners: Manners
  readonly closedFor: () => string | undefined
  settleTo(push: Push): void
}

function newPeer(delivery: Delivery): SmallPeer {
  const pushes = newMailbox<Push & { readonly number: number }>(({ topic }) => topic)
  const manners: Manners = { unread: 0, ignores: () => false }
  const endings: (() => void)[] = []
  let [lastId, closedFor]: [number, string | undefined] = [0, undefined]
  let connection: Connection | undefined

  function end(because: string): void {
    if (closedFor !== undefined) return
    closedFor = because
    pushes.end(`it is closed: ${because}`)
    for (const tell of endings.splice(0)) tell()
  }
  const link: Link = {
    wire,
    get waitingBytes() {
      return manners.unread
    },
    isFlushed: true,
    keptBytes: 0,
    hasSaidGoodbye: false,
    send(parcel, number, slot, isRepeated) {
      const { topic, record: sent } = parcel as Laid
      if (manners.ignores(sent)) return false
      const settle = async (): Promise<void> => {
        if (slot > 0) connection?.pump.acknowledged(slot)
      }
      pushes.put({ topic, record: sent, number, isRepeated, settle })
      return true
    },
    release: () => undefined,
    answered: () => undefined,
    takePlace: () => true,
    onceDrained: () => () => undefined,
    onceClosed: (tell) => void endings.push(tell),
    end: async () => {
      end('draining')
    },
    close: end,
  }

  async function decide(words: Words, open: (asked: Parameters<Delivery['open']>[1]) => Connection): Promise<boolean> {
    const { clientId, token = null } = words
    const opened = open({ clientId, userName: 'api', password: token, isClean: token === null, willTopic: null, address: '127.0.0.1' })
    connection = opened
    const isAccepted = await new Promise<boolean>((resolve) => {
      delivery.decide(opened, ({ kind }) => {
        resolve(kind === 'accepted')
      })
    })
    if (isAccepted) delivery.welcomed(opened)
    return isAccepted
  }

  return {
    pushes,
    manners,
    closedFor: () => closedFor,
    closed: new Promise((resolve) => endings.push(resolve)),
    enter: (words) => decide(words, (asked) => delivery.open(link, asked)),
    become: (words) => decide(words, (asked) => delivery.reopen(connection!, asked)),
    async ask(asked, again) {
      const id = again ?? ++lastId
      const verdict = await new Promise<Verdict>((done) => {
        delivery.submit({
          connection: connection!,
          ...{ packetId: id, qos: 1, isRepeated: again !== undefined, topic: eventsTopic, payload: encode(asked, bert), done },
        })
      })
      return { id, verdict }
    },
    settleTo: (push) => {
      connection?.pump.acknowledgedTo((push as Push & { readonly number: number }).number)
    },
    cut: () => {
      end('cut')
    },
  }
}

async function openDoor(): Promise<Omit<OpenedDoor, 'dial'> & { readonly dial: () => SmallPeer }> {
  const path = await mkdtemp(join(tmpdir(), 'door-'))
  const sharedMemory = newSharedMemory()
  const variantsInUse = new SharedArrayBuffer(1_024)
  const nothing = (): void => undefined
  const delivery = newDelivery(
    { windowSize, drainTimeoutMs: 100, connectPatienceMs: 60_000 },
    {
      ring: () => ring,
      ...{ variantsInUse: new Int32Array(variantsInUse), counts: { connect: nothing, sent: nothing }, onPerform: nothing },
      log: { info: nothing, warn: nothing, debug: nothing },
    },
  )
  delivery.addDoor({ flush: nothing, askAgain: nothing, close: async () => undefined })
  const ring: Ring = await startRing(
    {
      ...{ size: 1, entry, stopTimeoutMs: 60_000 },
      dataOf: (node, underWay): RingWorkerData => ({
        ...{ node, path, sharedMemory, underWay, variantsInUse },
        testNumbers: { prefixes: ['38067'], code: testCode },
      }),
    },
    {
      onFrame: (_node, messages) => {
        delivery.onFrame(messages)
      },
      ...{ onControl: delivery.onControl, onRestart: delivery.onRestart, onStderr: nothing },
      onDeath: (node, _because, death) => {
        delivery.onDeath(node, death)
      },
    },
  )
  return {
    windowSize,
    dial: () => newPeer(delivery),
    drain: () => delivery.drain(60_000),
    async close() {
      await ring.stop()
      await rm(path, { recursive: true, force: true })
    },
  }
}

doorPromises('the smallest door', openDoor)

test('what a link has nothing to say of counts as acknowledged, and whoever leaves too much unread for too long is closed', async () => {
  const door = await openDoor()
  const peer = door.dial()
  peer.manners.ignores = ({ tag }) => tag === 'Profile'
  expect(await peer.enter({ clientId: 'reg_dan' })).toBe(true)
  await peer.ask(record('Auth', { client_id: 'reg_dan', dev_key: 'dan', phone: '380670000009', type: 'reg', os: 'ios' }))
  await peer.ask(record('Auth', { client_id: 'reg_dan', dev_key: 'dan', phone: '380670000009', type: 'verify', sms_code: testCode }))
  const told = peer.pushes.takeAll().map(({ record: { tag } }) => tag)
  expect(told).toContain('io')
  expect(told).not.toContain('Profile')
  peer.manners.unread = 1_000_000
  await peer.ask(record('init', { token: '' }))
  await peer.closed
  expect(peer.closedFor()).toBe('unread')
  await door.close()
})
