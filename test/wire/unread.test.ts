/** What is not read stops what is asked: real sockets that are read when the test says so. */
import { connect as connectTcp, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { generate, type IPublishPacket, type Packet } from 'mqtt-packet'
import { encode, record } from '../../protocol/index.js'
import { type Account, bert, come, eventsTopic, fence, login, recordOf, register, request, settle, textMessage } from './requests.js'
import { newWireDevice, type WireDevice } from './wire-device.js'
import { startWireServer, type WireServer } from './wire-server.js'

/** A page of the newest messages has about 48 KB, and is one answer. */
const pageSize = 3
const textBytes = 16_000
const pages = 1_000
/** Pages of what the kernel keeps of a connection that is not read, 10 MB at most on Linux, and of what the server may keep. */
const pagesUnread = 350
const firstId = 1_000

let server: WireServer
/** Two devices of one account, and somebody else. */
let reader: Account
let author: WireDevice
let ann: WireDevice

beforeAll(async () => {
  server = await startWireServer()
  reader = await register(server.mqtt, 'reader', '380672230001')
  author = await come(server.mqtt, await register(server.mqtt, 'author', '380672230001'))
  ann = await come(server.mqtt, await register(server.mqtt, 'ann', '380672230002'))
  for (let i = 0; i < pageSize; i++) await request(author, note(String(i)))
  const device = await login(server.mqtt, reader)
  await settle(device, author)
  await device.disconnect()
})
afterAll(() => server.close())

function note(text: string) {
  return { ...textMessage(reader, reader, text.padEnd(textBytes, '.')), msg_id: text }
}

async function readerOnSocket(): Promise<{ readonly device: WireDevice; readonly socket: Socket }> {
  const socket = connectTcp({ host: '127.0.0.1', port: server.mqtt, noDelay: true })
  const device = newWireDevice(socket)
  await device.connect({ clientId: reader.clientId, password: reader.token })
  await settle(device)
  return { device, socket }
}

/** Asks for the newest messages, `pages` times, with nothing in between. */
function askForPages(socket: Socket): void {
  const feed = record('p2p', { from: reader.phoneId, to: reader.phoneId })
  const asked = record('History', { roster_id: reader.phoneId, feed, size: -pageSize, entity_id: 0, status: 'get' })
  const payload = Buffer.from(encode(asked, bert))
  const packets = Array.from({ length: pages }, (_, i) =>
    generate({ cmd: 'publish', topic: eventsTopic, payload, qos: 1, messageId: firstId + i, dup: false, retain: false }),
  )
  socket.write(Buffer.concat(packets))
}

const isAcknowledgement = ({ cmd }: Packet): boolean => cmd === 'puback'

/** The first word of the newest message of a page. */
async function newestOf(page: Promise<IPublishPacket>): Promise<string | undefined> {
  const answer = recordOf(await page)
  if (answer.tag !== 'History') throw new Error(`${answer.tag} is no page`)
  const newest = answer.data.at(-1)
  return newest?.tag === 'Message' ? newest.files[0]?.payload?.replaceAll('.', '') : undefined
}

test('what is not read stops what is asked, and all of it is asked and answered, in order, once it is read', async () => {
  const { device, socket } = await readerOnSocket()
  socket.pause()
  askForPages(socket)
  for (let i = 0; i < 50; i++) await fence(ann)
  await request(author, note('late'))
  await settle(author)

  socket.resume()
  const newest: (string | undefined)[] = []
  while (newest.length < pages) newest.push(await newestOf(device.pushes.take('a page', ({ topic }) => topic.startsWith('actions/'))))
  for (let i = 0; i < pages; i++) expect((await device.packets.take('PUBACK', isAcknowledgement)).messageId).toBe(firstId + i)
  // Pages that were asked for before show what was newest then.
  expect(newest.filter((word) => word !== 'late').length).toBeLessThan(pagesUnread)
  await device.disconnect()
})

test('who reads and acknowledges only when all is asked is answered all the same', async () => {
  const { device, socket } = await readerOnSocket()
  device.acknowledges = false
  askForPages(socket)
  const pushes: IPublishPacket[] = []
  while (pushes.length < pages) {
    const page = await device.pushes.take('a page')
    pushes.push(page)
    // The window of deliveries is 32 wide: it opens when what was sent is acknowledged, behind all that was asked.
    if (pushes.length >= 32 && page.messageId !== undefined)
      device.send({ cmd: 'puback', messageId: pushes[pushes.length - 32]!.messageId! })
  }
  for (const { messageId } of pushes.slice(-31)) if (messageId !== undefined) device.send({ cmd: 'puback', messageId })
  device.acknowledges = true
  await fence(device)
  await device.disconnect()
})
