import { afterMs } from '../../../clock/index.js'
import type { DeviceClient } from '../../../acl/index.js'
import { type AnyRecord, decodeFrame, encode, type Encoding, errorCodeOf, type Ftp, type Misfit, record } from '../../../protocol/index.js'
import { actionsTopic, type ClientId, selectNode } from '../../../topics/index.js'
import { type SessionDocument, sessions, tokenHolders } from '../../documents/index.js'
import type { FactReader } from '../../facts.js'
import { nameOf, requestOf, type Route } from '../../dispatcher.js'
import { tokenUsed } from '../../handlers/connect/credentials.js'
import { socketTransferHandlers } from '../../handlers/ftp/index.js'
import type { ControlToMain, TransferResult } from '../link/messages-to-main.js'
import type { ControlToWorker } from '../link/to-worker.js'
import { runRefusingMisfits } from '../../misfits.js'
import { type Outcome, refuse } from '../../outcome.js'
import { hashToken } from '../../tokens.js'
import type { Lanes } from './lanes.js'
import type { NamedItem, RequestWorld } from './requests.js'
import type { BatchResult, BatchWorld } from './batch.js'
import { runBatch } from './run-batch.js'

export interface TransferWorld extends RequestWorld {
  /** The number of this worker in the ring. */
  readonly node: number
  readonly lanes: Lanes
  readonly batch: BatchWorld
  readonly newReader: () => FactReader
  readonly deadlineMs: number
  readonly control: (message: ControlToMain) => void
}

/** Frames of the WebSocket endpoint `/ws`: transfers of whoever shows the token of a session. */
export interface Transfers {
  receive(message: TransferMessage): void
}

type TransferMessage = ControlToWorker & { readonly kind: 'transfer' }

/** A frame that names a session. */
interface Frame {
  readonly record: Ftp
  readonly encoding: Encoding
  readonly misfits: readonly Misfit[]
  readonly client: DeviceClient
  readonly address: string
}

/**
 * Frames are executed in the lane of the device, like its requests on `events`: so two connections never write to one file. A frame of a device
 * of another node is sent back, with the node that serves it.
 * @see docs/protocol/rpc.md 16
 */
export function newTransfers(world: TransferWorld): Transfers {
  const { node, lanes, batch, context, control } = world

  async function answer({ exchange, payload, address }: TransferMessage): Promise<void> {
    const tell = (result: TransferResult): void => {
      control({ kind: 'transfer-result', exchange, result })
    }
    const frame = await readFrame(payload, address, world)
    if (typeof frame === 'string') {
      tell({ kind: 'close', because: frame })
      return
    }
    const { clientId } = frame.client
    const served = selectNode(clientId, context.nodeCount)
    if (served !== node) tell({ kind: 'elsewhere', node: served })
    else {
      const run = async (): Promise<void> => {
        tell({ kind: 'answer', payload: await execute(frame, world), account: frame.client.phone })
      }
      lanes.add(clientId, { kind: 'step', run })
    }
  }

  return {
    receive(message) {
      answer(message).catch((fault: unknown) => {
        batch.onFault(fault)
        control({ kind: 'transfer-result', exchange: message.exchange, result: { kind: 'close', because: 'internal' } })
      })
    },
  }
}

/** The frame, or why its connection is closed. */
async function readFrame(
  payload: Uint8Array,
  address: string,
  { newReader, context, now }: TransferWorld,
): Promise<Frame | 'malformed' | 'not_authorized'> {
  const decoded = decodeFrame(payload, 'v1')
  if (decoded.kind === 'refusal' || decoded.record.tag !== 'ftp') return 'malformed'
  const { record: asked, encoding, misfits } = decoded
  const holder = await readHolder(asked.sid ?? '', newReader(), now() - context.limits.sessionLifeMs)
  if (holder === undefined) return 'not_authorized'
  const client: DeviceClient = { kind: 'device', clientId: holder.clientId, userName: '', phone: holder.session.phone, rosters: [] }
  return { record: asked, encoding, misfits, client, address }
}

/** The device whose login token it is, if its session has been used since. */
async function readHolder(
  token: string,
  facts: FactReader,
  usedSince: number,
): Promise<{ readonly clientId: ClientId; readonly session: SessionDocument } | undefined> {
  if (token === '') return undefined
  const holder = await facts.peek(tokenHolders, hashToken(token))
  if (holder === undefined) return undefined
  const session = await facts.peek(sessions, holder.client)
  if (session === undefined || session.lastOnline <= usedSince || tokenUsed(session, token) === undefined) return undefined
  return { clientId: holder.client, session }
}

async function execute(frame: Frame, { batch, deadlineMs, ...world }: TransferWorld): Promise<Uint8Array> {
  const { client } = frame
  const deadline = afterMs(batch.elapsed(), deadlineMs)
  const result = await runBatch([itemOf(frame, world)], { clientId: client.clientId, marks: undefined }, deadline, batch)
  return encode(answerOf(result, frame.record), frame.encoding)
}

const routes: readonly Route[] = socketTransferHandlers

function itemOf({ record: asked, encoding, misfits, client, address }: Frame, { context, now }: RequestWorld): NamedItem {
  const caller = { client, clientId: client.clientId, ...encoding, address, token: null }
  return {
    // Answers belong to the frame and enter no inbox.
    asker: { connection: 0, clientId: client.clientId, actionsTopic: actionsTopic('', client.clientId), hasInbox: false, qos: 1 },
    request: 0,
    isRepeated: false,
    answersRefusals: true,
    name: () => nameOf(asked),
    async evaluate(reader): Promise<Outcome> {
      const route = routes.find(({ request }) => request === requestOf(asked))
      if (route === undefined) return refuse('invalid_data', 'no such request')
      const request = { record: asked, caller, now: now(), context }
      return runRefusingMisfits(route.handler, request, reader, misfits)
    },
  }
}

/** The ftpack; on this endpoint a refusal is one, too. */
function answerOf({ draft }: BatchResult, asked: Ftp): AnyRecord {
  const step = draft.after.find(({ kind }) => kind === 'answer')
  const answered = step?.kind === 'answer' && step.payload.kind === 'record' ? step.payload.record : undefined
  return answered?.tag === 'ftpack' ? answered : refusal(asked, answered)
}

function refusal({ id, filename, size, status_form }: Ftp, answered: AnyRecord | undefined): AnyRecord {
  const code = answered === undefined ? null : errorCodeOf(answered)
  return record('ftpack', { id, sid: '', filename, size, meta: code ?? 'internal', status: 'error', status_form })
}
