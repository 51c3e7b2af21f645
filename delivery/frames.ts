import type { Encoded, FrameToMain, InboxPageEntry } from '../rpc/index.js'
import { closeFollowed, closeWhenRead } from './close.js'
import type { Connection } from './connection.js'
import { type DeliveryState, flush } from './delivery-state.js'
import type { Parcel, Wire } from './link.js'
import type { PumpPageEntry } from './pump-world.js'

/** Acts on what a worker reports, then sends everything that came of it. */
export function handleFrame(state: DeliveryState, messages: Iterable<FrameToMain>): void {
  for (const message of messages) handle(state, message)
  flush(state)
}

function handle(state: DeliveryState, message: FrameToMain): void {
  switch (message.kind) {
    case 'done':
      state.requests.done(message.request, message.verdict)
      return
    case 'deliver':
      deliver(state, message)
      return
    case 'answer':
      answer(state.connections.byNumber.get(message.connection), message)
      return
    case 'live':
      sendLive(state, message)
      return
    case 'settled':
      state.connections.byClient.get(message.client)?.pump.released(message.releasedTo)
      return
    case 'evict':
      evict(state, message.client, message.epoch)
      return
    case 'close':
      closeWhenRead(state, state.connections.byClient.get(message.client), message.because)
      return
    case 'renumber':
      for (const connection of state.connections.byPhone.get(message.phone) ?? [])
        if (connection.accepted !== undefined) connection.accepted = { ...connection.accepted, number: message.number }
      return
    case 'page':
      page(state.connections.byNumber.get(message.connection), message)
  }
}

function answer(connection: Connection | undefined, { topic, qos, payload }: FrameToMain & { kind: 'answer' }): void {
  if (connection === undefined) return
  const { link, pump } = connection
  const parcel = link.wire.layOut(topic, qos, payload)
  if (link.hears === undefined) pump.answer(parcel)
  else link.hears(parcel)
  link.answered(parcel.size)
}

function page(connection: Connection | undefined, message: FrameToMain & { kind: 'page' }): void {
  if (connection === undefined) return
  const { wire } = connection.link
  connection.pump.page({ ...message.page, entries: message.page.entries.map((entry) => pumpEntry(wire, entry)) })
}

function pumpEntry(wire: Wire, entry: InboxPageEntry): PumpPageEntry {
  if (entry.kind === 'empty') return entry
  const { number, topic, qos, payload } = entry
  return { kind: 'publish', number, parcel: wire.layOut(topic, qos, payload) }
}

/** The client is connected to another process of the cluster since: its connection here is over. */
function evict(state: DeliveryState, client: string, epoch: number): void {
  state.evicted.note(client, epoch)
  const connection = state.connections.byClient.get(client)
  if (connection !== undefined && state.evicted.isEvicted(client, connection.accepted?.epoch ?? 0)) closeFollowed(state, connection)
}

/** Parcels of one delivery by wire and variant, laid out when the first device that needs it is met. */
function parcels(topic: string, qos: 0 | 1 | 2, encoded: readonly Encoded[]): (connection: Connection) => Parcel | undefined {
  const made: { readonly wire: Wire; readonly variant: number; readonly parcel: Parcel }[] = []
  return ({ link: { wire }, variant }) => {
    for (const one of made) if (one.variant === variant && one.wire === wire) return one.parcel
    const payload = encoded.find((one) => one.variant === variant)?.payload
    if (payload === undefined) return undefined
    const parcel = wire.layOut(topic, qos, payload)
    made.push({ wire, variant, parcel })
    return parcel
  }
}

function deliver(state: DeliveryState, { topic, qos, encoded, clients, numbers }: FrameToMain & { kind: 'deliver' }): void {
  const parcelFor = parcels(topic, qos, encoded)
  clients.forEach((client, i) => {
    const connection = state.connections.byClient.get(client)
    if (connection === undefined) return
    const parcel = parcelFor(connection)
    // The device began to speak this variant after the worker had encoded: its entry is read from the inbox.
    if (parcel === undefined) connection.pump.refresh()
    else {
      connection.link.hears?.(parcel)
      connection.pump.deliver(numbers[i] ?? 0, parcel)
    }
  })
}

function sendLive(state: DeliveryState, { topic, exceptClient, encoded, phones }: FrameToMain & { kind: 'live' }): void {
  const parcelFor = parcels(topic, 0, encoded)
  for (const phone of phones) {
    for (const connection of devicesOf(state, phone)) {
      const parcel = connection.words.clientId === exceptClient ? undefined : parcelFor(connection)
      if (parcel !== undefined) connection.pump.answer(parcel)
    }
  }
}

function devicesOf(state: DeliveryState, phone: string): Iterable<Connection> {
  return state.connections.byPhone.get(phone) ?? []
}
