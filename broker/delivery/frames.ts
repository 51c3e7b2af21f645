import type { Encoded, FrameToMain, InboxPageEntry } from '../../rpc/index.js'
import type { BrokerState } from '../broker-state.js'
import { closeFollowed, closeWhenRead } from './close.js'
import type { Connection } from './connection.js'
import { type PublishTemplate, publishTemplate } from '../packets/publish-packet.js'
import type { PumpPageEntry } from './pump.js'

/** Acts on what a worker reports, then sends everything that came of it: one write per socket. */
export function handleFrame(state: BrokerState, messages: Iterable<FrameToMain>): void {
  for (const message of messages) handle(state, message)
  state.writer.flush()
}

function handle(state: BrokerState, message: FrameToMain): void {
  switch (message.kind) {
    case 'done':
      state.requests.done(message.request, message.verdict)
      return
    case 'deliver':
      deliver(state, message)
      return
    case 'answer':
      answer(state.connections.byNumber.get(message.connection), publishTemplate(message.topic, message.qos, message.payload))
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
      state.connections.byNumber.get(message.connection)?.pump.page({ ...message.page, entries: message.page.entries.map(pumpEntry) })
  }
}

function answer(connection: Connection | undefined, template: PublishTemplate): void {
  connection?.pump.answer(template)
  connection?.gate.answered(template.bytes.length)
}

function pumpEntry(entry: InboxPageEntry): PumpPageEntry {
  if (entry.kind === 'empty') return entry
  const { number, topic, qos, payload } = entry
  return { kind: 'publish', number, template: publishTemplate(topic, qos, payload) }
}

/** The client is connected to another process of the cluster since: its connection here is over. */
function evict(state: BrokerState, client: string, epoch: number): void {
  state.evicted.note(client, epoch)
  const connection = state.connections.byClient.get(client)
  if (connection !== undefined && state.evicted.isEvicted(client, connection.accepted?.epoch ?? 0)) closeFollowed(state, connection)
}

/** Templates of one delivery by variant, made when the first device that speaks it is met. */
function templates(topic: string, qos: 0 | 1 | 2, encoded: readonly Encoded[]): (variant: number) => PublishTemplate | undefined {
  const made: (PublishTemplate | undefined)[] = []
  return (variant) => {
    const known = made[variant]
    if (known !== undefined) return known
    const payload = encoded.find((one) => one.variant === variant)?.payload
    if (payload === undefined) return undefined
    const template = publishTemplate(topic, qos, payload)
    made[variant] = template
    return template
  }
}

function deliver(state: BrokerState, { topic, qos, encoded, clients, numbers }: FrameToMain & { kind: 'deliver' }): void {
  const templateFor = templates(topic, qos, encoded)
  clients.forEach((client, i) => {
    const connection = state.connections.byClient.get(client)
    if (connection === undefined) return
    const template = templateFor(connection.variant)
    // The device began to speak this variant after the worker had encoded: its entry is read from the inbox.
    if (template === undefined) connection.pump.refresh()
    else connection.pump.deliver(numbers[i] ?? 0, template)
  })
}

function sendLive(state: BrokerState, { topic, exceptClient, encoded, phones }: FrameToMain & { kind: 'live' }): void {
  const templateFor = templates(topic, 0, encoded)
  for (const phone of phones) {
    for (const connection of devicesOf(state, phone)) {
      const template = connection.words.clientId === exceptClient ? undefined : templateFor(connection.variant)
      if (template !== undefined) connection.pump.answer(template)
    }
  }
}

function devicesOf(state: BrokerState, phone: string): Iterable<Connection> {
  return state.connections.byPhone.get(phone) ?? []
}
