/** Layouts of answers, transfers, calls and services. Source: docs/protocol/records.json. */
import { atom, atoms, bytes, int, layout, listOf, maybe, must, or, preset, real, rec, symbol, term, text, tuple } from './shape.js'

const aText = maybe(text)
const anInt = maybe(int)
const zero = preset(int, 0)
const coordinate = maybe(or(real, int))

const answerCode = maybe(or(text, rec('ok', 'error', 'ok2', 'error2'), listOf(rec('Roster'))))
const answerData = maybe(or(text, int, rec('ok', 'error', 'Roster', 'Service', 'Token'), tuple(atom, or(text, int))))

const loc = layout(['x', coordinate], ['y', coordinate], ['z', coordinate])

const cdr = layout(
  ['id', aText],
  ['from', must(text)],
  ['to', must(text)],
  ['started', zero],
  ['duration', zero],
  ['type', must(atoms('audio', 'video'))],
  ['status', must(atoms('answered', 'missed', 'rejected', 'cancelled', 'busy', 'failed'))],
)

const file = [
  ['id', must(text)],
  ['sid', must(text)],
  ['filename', must(text)],
  ['meta', term],
  ['size', zero],
  ['offset', zero],
  ['block', zero],
  ['data', preset(bytes, new Uint8Array(0))],
] as const
const transferWire = layout(...file, ['status', must(or(text, symbol))])
/** `status_form` tells as what the status came, and goes. */
const transfer = layout(...file, ['status', must(text)], ['status_form', preset(atoms('atom', 'binary'), 'atom')])
/** Of later clients: it is read, and its last field ignored. */
export const longTransfer = layout(...transferWire, ['options', term])

const token = layout(['token', must(text)])
const client = layout(['client_id', must(text)])
const init = layout(['token', aText])
const vnodeMax = layout(['node', preset(int, 1)])

const ack = layout(['table', preset(atom, 'Message')], ['id', aText])

const stickerPack = layout(
  ['id', anInt],
  ['name', aText],
  ['keywords', listOf(text)],
  ['description', aText],
  ['author', aText],
  ['stickers', listOf(rec('Desc'))],
  ['created', zero],
  ['updated', zero],
  ['downloaded', zero],
)

const job = layout(
  ['id', anInt],
  ['container', preset(maybe(atoms('chain')), 'chain')],
  ['feed_id', must(rec('act'))],
  ['prev', anInt],
  ['next', anInt],
  ['context', maybe(or(int, text))],
  ['proc', anInt],
  ['time', anInt],
  ['data', or(text, listOf(or(term, rec('Message'))))],
  ['events', listOf(term)],
  ['settings', listOf(rec('Feature'))],
  ['status', maybe(atoms('init', 'update', 'delete', 'pending', 'stop', 'complete', 'restart'))],
)

/** `data` echoes the refused request: a record where it is one that v11 refuses this way, else any term. */
const errors = layout(['code', listOf(text)], ['data', or(term, rec('Link', 'Room', 'Member', 'Message', 'History', 'Search', 'mqi'))])

const push = layout(['model', term], ['type', aText], ['title', aText], ['alert', aText], ['badge', anInt], ['sound', aText])

const pushService = layout(
  ['recipients', listOf(text)],
  ['id', aText],
  ['ttl', preset(anInt, 0)],
  ['module', aText],
  ['priority', aText],
  ['payload', maybe(bytes)],
)

const publishService = layout(['message', maybe(bytes)], ['topic', aText], ['qos', preset(anInt, 0)])

export const serviceTable = {
  io: {
    canonical: layout(['code', answerCode], ['data', preset(answerData, '')]),
    v1: layout(['code', answerCode], ['data', answerData]),
    v11: layout(['code', answerCode], ['data', preset(answerData, '')]),
  },
  /** `code` is the atom of the answer, `ref` the binary: the reference of a search stands alone, elsewhere it comes with an atom. */
  ok: {
    canonical: layout(['code', maybe(atom)], ['ref', aText]),
    v1: layout(['code', maybe(or(symbol, text, tuple(symbol, text)))]),
    v11: layout(['code', maybe(or(symbol, text))]),
  },
  error: {
    canonical: layout(['code', maybe(atom)]),
    v1: layout(['code', maybe(or(symbol, text))]),
    v11: layout(['code', maybe(atom)]),
  },
  ok2: {
    canonical: layout(['code', maybe(atom)], ['src', or(text, tuple(text, text), listOf(term))]),
    v1: layout(['code', maybe(atom)], ['src', or(text, tuple(text, text), listOf(term))]),
    v11: layout(['code', maybe(atom)], ['src', or(tuple(text, text), text, listOf(term))]),
  },
  error2: {
    canonical: layout(['code', maybe(atom)], ['src', maybe(or(text, int))]),
    v1: layout(['code', maybe(atom)], ['src', aText]),
    v11: layout(['code', maybe(atom)], ['src', maybe(or(text, int))]),
  },
  Token: { canonical: token, v1: token, v11: token },
  Client: { canonical: client, v1: client, v11: client },
  init: { canonical: init, v1: init, v11: init },
  vnode_max: { canonical: vnodeMax, v1: vnodeMax, v11: vnodeMax },
  errors: { canonical: errors, v1: null, v11: errors },
  Ack: { canonical: ack, v1: null, v11: ack },

  Loc: { canonical: loc, v1: loc, v11: loc },
  CDR: { canonical: cdr, v1: cdr, v11: cdr },
  ftp: { canonical: transfer, v1: transferWire, v11: transferWire },
  ftpack: { canonical: transfer, v1: transferWire, v11: transferWire },

  StickerPack: { canonical: stickerPack, v1: null, v11: stickerPack },
  Job: { canonical: job, v1: null, v11: job },
  push: { canonical: push, v1: null, v11: push },
  PushService: { canonical: pushService, v1: null, v11: pushService },
  PublishService: { canonical: publishService, v1: null, v11: publishService },
} as const
