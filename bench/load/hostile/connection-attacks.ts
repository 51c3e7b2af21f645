import { connectPacket, pingPacket, publishPacket } from '../mqtt-packets.js'
import { authReg, authResend, authVerify } from '../requests.js'
import { requestTopic } from '../device.js'
import type { Attack, Attacker, Attacking } from './attack.js'
import { HostileSocket, type HostileSocketOptions } from './hostile-socket.js'

/** Attacks by connections themselves: what they hold, and how often they come. */

/** A CONNECT of 1 MiB that comes in small pieces and never ends. */
export const unfinished: Attack = {
  name: 'unfinished',
  about: 'CONNECT packets that say they are 1 MiB long, and come a KiB at a time',
  needs: 'nothing',
  begin: (attacker) => {
    const piece = Buffer.alloc(1_024, 'a')
    const begun = Buffer.concat([Buffer.from([0x10, 0xff, 0xff, 0x3f]), connectPacket({ clientId: 'reg_never', clean: true }).subarray(2)])
    return onSocket(attacker, { hello: () => begun, reads: 'drops' }, (socket) => {
      socket.write(piece)
    })
  },
}

export const guests: Attack = {
  name: 'guests',
  about: 'connections that register nothing, with keep alive 0, and stay',
  needs: 'nothing',
  begin: (attacker) =>
    onSocket(attacker, { hello: guest(attacker), reads: 'acknowledges' }, (socket) => {
      socket.write(pingPacket)
    }),
}

export const wrongSecrets: Attack = {
  name: 'wrong-secrets',
  about: 'services and devices of others with guessed secrets, one after the other',
  needs: 'nothing',
  begin: (attacker) => {
    const clientIds = ['sys_news', attacker.victim.clientId]
    let tries = 0
    const hello = (): Buffer => {
      const clientId = clientIds[tries++ % clientIds.length] ?? ''
      return connectPacket({ clientId, clean: true, password: `guess-${attacker.index}-${tries}` })
    }
    return onSocket(attacker, { hello, reads: 'drops' })
  },
}

/** Of somebody who has friends, who are told that he is there and that he is not. */
export const flapping: Attack = {
  name: 'flapping',
  about: 'a friend who connects and disconnects all the time',
  needs: 'a friend',
  begin: (attacker) =>
    onSocket(attacker, { hello: device(attacker), reads: 'drops' }, (socket) => {
      // What was sent at its opening has gone: the connection is lost, without DISCONNECT, as that costs friends most.
      socket.end()
    }),
}

/** A fresh client id each time, gone before it can be told that it may not. */
export const codes: Attack = {
  name: 'codes',
  about: 'codes for ten numbers under ever new client ids, by connections that are closed at once, and guesses at those of others',
  needs: 'nothing',
  begin: (attacker) => {
    let times = 0
    const hello = (): Buffer => {
      const clientId = `reg_hostile${attacker.index}x${times++}`
      const phone = times % 4 === 0 ? attacker.victim.phone : `${attacker.world.strangeNumbers}${String(times % 10).padStart(7, '0')}`
      const fields = { clientId, devKey: 'hostile', phone }
      const asked = [authReg(fields), authResend(clientId), ...[0, 1, 2, 3, 4].map((guess) => authVerify(fields, String(100_000 + guess)))]
      return Buffer.concat([
        connectPacket({ clientId, clean: true, keepAlive: 0 }),
        ...asked.map((payload, index) => publishPacket(requestTopic, payload, index + 1)),
      ])
    }
    return onSocket(attacker, { hello, reads: 'drops' }, (socket) => {
      socket.end()
    })
  },
}

const socketsOfOne = 16

export const idleHttp: Attack = {
  name: 'idle-http',
  about: '16 connections to the HTTP port that ask nothing, or half of something',
  needs: 'nothing',
  begin: (attacker) =>
    onSockets(attacker, socketsOfOne, (index) => ({
      port: attacker.world.httpPort,
      hello: () => (index % 2 === 0 ? Buffer.alloc(0) : Buffer.from('GET /healthz HTTP/1.1\r\nhost: ')),
      reads: 'drops',
    })),
}

export const unreadDownloads: Attack = {
  name: 'unread-downloads',
  about: '16 downloads of a large file that are not read',
  needs: 'nothing',
  begin: (attacker) =>
    onSockets(attacker, socketsOfOne, () => ({
      port: attacker.world.httpPort,
      hello: () => Buffer.from(`GET ${attacker.world.filePath} HTTP/1.1\r\nhost: localhost\r\n\r\n`),
      reads: 'never',
    })),
}

function guest({ index }: Attacker): () => Buffer {
  let times = 0
  return () => connectPacket({ clientId: `reg_guest${index}x${times++}`, clean: true, keepAlive: 0 })
}

export function device({ account }: Attacker): () => Buffer {
  return () => connectPacket({ clientId: account.clientId, clean: false, password: account.token, will: 'version/1', keepAlive: 0 })
}

export type Hostility = Pick<HostileSocketOptions, 'hello' | 'reads'> & Partial<Pick<HostileSocketOptions, 'port'>>

/** A turn opens the connection if it is closed, else does `act`, if there is anything to be done. */
export function onSocket({ from, world }: Attacker, options: Hostility, act?: (socket: HostileSocket) => void): Attacking {
  const socket = new HostileSocket({ port: world.mqttPort, from, ...options })
  return {
    turn: () => {
      if (!socket.isOpen) {
        socket.isReady()
        return true
      }
      if (act === undefined || !socket.isReady()) return false
      act(socket)
      return true
    },
    end: () => {
      socket.cut()
    },
  }
}

/** A turn opens one of several connections that is closed. */
function onSockets({ from, world }: Attacker, count: number, optionsOf: (index: number) => Hostility): Attacking {
  const sockets = Array.from({ length: count }, (_, index) => new HostileSocket({ port: world.mqttPort, from, ...optionsOf(index) }))
  return {
    turn: () => sockets.find(({ isOpen }) => !isOpen)?.isReady() ?? false,
    end: () => {
      for (const socket of sockets) socket.cut()
    },
  }
}
