import { type AnyRecord, encode, type Dialect } from '../protocol/index.js'
import type { Push } from './device.js'
import { printableJson } from './printable.js'

/** Fields whose text is an atom on the wire: shown bare. */
const atomFields = new Set(['status', 'type', 'presence', 'container', 'os', 'code'])
const secretFields = new Set(['token', 'password', 'sms_code', 'push'])
const hidden = '***'

type Tree = null | boolean | number | string | readonly Tree[] | { readonly [name: string]: Tree }

/**
 * One line for one delivery: time, topic, and the record in the notation of rpc.md 1.1, `Friend{phone_id="…", status=request}`.
 * @param secrets texts that are shown as `***` wherever they stand; fields that hold secrets are hidden in any case
 */
export function renderPush(push: Push, at: Date, dialect: Dialect, secrets: ReadonlySet<string>): string {
  const shown =
    push.record === null ? `${String(push.payload.length)} bytes that are no record` : notation(treeOf(push.record, dialect, secrets))
  return `${clockTime(at)} ${push.topic} ${shown}`
}

/** The same as one JSON object: `{time, topic, record}`, or `bytes` in base64 instead of `record`. */
export function renderPushJson(push: Push, at: Date, dialect: Dialect, secrets: ReadonlySet<string>): string {
  const content =
    push.record === null ? { bytes: Buffer.from(push.payload).toString('base64') } : { record: treeOf(push.record, dialect, secrets) }
  return printableJson(JSON.stringify({ time: at.toISOString(), topic: push.topic, ...content }))
}

function treeOf(shown: AnyRecord, dialect: Dialect, secrets: ReadonlySet<string>): Tree {
  const text = Buffer.from(encode(shown, { codec: 'json', dialect })).toString()
  // our own encoder has just written it
  return masked(JSON.parse(text) as Tree, secrets)
}

function masked(tree: Tree, secrets: ReadonlySet<string>): Tree {
  if (typeof tree === 'string') return secrets.has(tree) ? hidden : tree
  if (tree === null || typeof tree !== 'object') return tree
  if (isList(tree)) return tree.map((item) => masked(item, secrets))
  const holdsLogin = tree['tag'] === 'ok2' && tree['code'] === 'login'
  return Object.fromEntries(
    Object.entries(tree).map(([name, value]) => {
      const isSecret = secretFields.has(name) || (holdsLogin && name === 'src')
      return [name, isSecret && value !== null ? hidden : masked(value, secrets)]
    }),
  )
}

function isList(tree: Tree): tree is readonly Tree[] {
  return Array.isArray(tree)
}

function notation(tree: Tree, field = ''): string {
  if (tree === null) return '[]'
  if (typeof tree === 'string') return atomFields.has(field) ? tree : printableJson(JSON.stringify(tree))
  if (typeof tree !== 'object') return String(tree)
  if (isList(tree)) return `[${tree.map((item) => notation(item, field)).join(', ')}]`
  const { tag, ...fields } = tree
  const inside = Object.entries(fields).map(([name, value]) => `${name}=${notation(value, name)}`)
  return `${typeof tag === 'string' ? tag : ''}{${inside.join(', ')}}`
}

/** `12:03:04`, local time. */
export function clockTime(at: Date): string {
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':')
}
