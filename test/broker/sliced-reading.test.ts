/** What HTTP clients send is dealt with a little at a time. */
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { sliceHttp } from '../../broker/listeners/sliced-reading.js'

const request = Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
const requests = 5_000
/** As many as lie in a slice of 512 bytes, and one that began in the slice before. */
const perTurn = Math.ceil(512 / request.length) + 1

let server: Server
let served = 0
let bodyBytes = 0

beforeEach(async () => {
  ;[served, bodyBytes] = [0, 0]
  server = createServer((asked, answer) => {
    served++
    asked.on('data', (part: Buffer) => (bodyBytes += part.length))
    asked.on('end', () => answer.end('.'))
  })
  sliceHttp(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const dial = (): Socket => connect((server.address() as AddressInfo).port, '127.0.0.1')

/** Resolves when so many answers have come. */
function answered(socket: Socket, count: number): Promise<void> {
  let text = ''
  return new Promise((resolve) => {
    socket.on('data', (part: Buffer) => {
      text += part.toString()
      if (text.split('HTTP/1.1 200 OK').length > count) resolve()
    })
  })
}

test('requests that come together are served some in a turn of the event loop, and all of them', async () => {
  let most = 0
  let before = 0
  let isOver = false
  const look = (): void => {
    most = Math.max(most, served - before)
    before = served
    if (!isOver) setImmediate(look)
  }
  look()
  const socket = dial()
  socket.write(Buffer.alloc(requests * request.length, request))
  await answered(socket, requests)
  isOver = true
  expect(served).toBe(requests)
  expect(most).toBeLessThanOrEqual(perTurn)
})

test('a body is read to its end, and the next request on the connection after it', async () => {
  const socket = dial()
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n')
  socket.write(Buffer.alloc(300_000))
  socket.write(request)
  await answered(socket, 2)
  expect([served, bodyBytes]).toEqual([2, 300_000])
})
