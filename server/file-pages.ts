import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { pipeline } from 'node:stream/promises'
import type { Readable } from 'node:stream'
import { type FileStorage, safeTypes, type StoredFile, unknownType } from '../files/index.js'
import { filePath, FilesOutage, parseFileKey } from '../rpc/index.js'
import { askedRange } from './byte-range.js'
import { comeBack } from './http-places.js'

export interface FilePagesParts {
  readonly storage: FileStorage
  /** Who may download now; others are asked to come back. */
  readonly downloads: Downloads
  /** A peer that reads nothing for this long is cut off. */
  readonly silentMs: number
}

/** Downloads under way, by socket. */
export interface Downloads {
  /** @returns whether one more may begin on a socket; `downloaded` is to be called when it has ended */
  download(socket: object): boolean
  downloaded(socket: object): void
}

/**
 * `GET` and `HEAD` of `/files/<key>`: who knows the key may read the file. A file never changes, so it is kept by caches and its key is its tag.
 * Only types that a browser merely shows are shown; all else is saved. @see docs/decisions/0132-downloads.md
 */
export function serveFiles(app: FastifyInstance, parts: FilePagesParts): void {
  const { downloads } = parts
  app.route<{ Params: { key: string } }>({
    method: ['GET', 'HEAD'],
    url: `${filePath}:key`,
    async handler(request, reply) {
      const { socket } = request.raw
      if (!downloads.download(socket)) return sendAway(reply)
      try {
        return await answer(request, reply, request.params.key, parts)
      } catch (error) {
        if (!(error instanceof FilesOutage)) throw error
        return await sendAway(reply)
      } finally {
        downloads.downloaded(socket)
      }
    },
  })
}

function sendAway(reply: FastifyReply): FastifyReply {
  return reply.code(503).header('retry-after', comeBack.retryAfterSeconds).type('text/plain').send(comeBack.text)
}

async function answer(request: FastifyRequest, reply: FastifyReply, name: string, parts: FilePagesParts): Promise<FastifyReply> {
  const key = parseFileKey(name)
  const file = key && (await parts.storage.find(key))
  if (key === undefined || file === undefined) return reply.code(404).type('text/plain').send('no such file\n')
  const tag = `"${key}"`
  const { range, 'if-range': ifRange, 'if-none-match': known } = request.headers
  void reply.headers(headersOf(file, tag))
  if (known !== undefined && hasTag(known, tag)) return reply.code(304).send()
  const asked = askedRange(request.method === 'GET' ? range : undefined, file.size, typeof ifRange === 'string' ? ifRange : undefined, tag)
  if (asked.kind === 'unsatisfiable') {
    return reply
      .code(416)
      .header('content-range', `bytes */${String(file.size)}`)
      .type('text/plain')
      .send('no such range\n')
  }
  const { first, last } = asked.kind === 'part' ? asked.range : { first: 0, last: file.size - 1 }
  if (asked.kind === 'part') void reply.code(206).header('content-range', `bytes ${String(first)}-${String(last)}/${String(file.size)}`)
  void reply.header('content-length', last - first + 1)
  if (request.method === 'HEAD' || file.size === 0) return reply.send()
  const bytes = await parts.storage.read(key, { first, last })
  if (bytes === undefined) return reply.code(404).removeHeader('content-length').type('text/plain').send('no such file\n')
  return send(reply, bytes, parts.silentMs)
}

/** Sends as fast as the peer reads. What goes wrong on the way ends the connection: the length it was promised does not come. */
async function send(reply: FastifyReply, bytes: Readable, silentMs: number): Promise<FastifyReply> {
  reply.hijack()
  const { raw } = reply
  raw.setTimeout(silentMs, () => raw.destroy())
  raw.writeHead(reply.statusCode, reply.getHeaders() as Record<string, string>)
  await pipeline(bytes, raw).catch(() => raw.destroy())
  return reply
}

function headersOf({ filename, type }: StoredFile, tag: string): Record<string, string> {
  const isSafe = safeTypes.has(type)
  return {
    'content-type': isSafe ? type : unknownType,
    'content-disposition': disposition(isSafe ? 'inline' : 'attachment', filename),
    etag: tag,
    'accept-ranges': 'bytes',
    'cache-control': 'private, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
    'referrer-policy': 'no-referrer',
    // A page of another origin may use what it has the URL of; nothing here rests on cookies.
    'access-control-allow-origin': '*',
    'cross-origin-resource-policy': 'cross-origin',
  }
}

/** RFC 6266: the name in ASCII for old readers, and as it is. */
function disposition(kind: 'inline' | 'attachment', filename: string): string {
  const ascii = filename.replace(/[^\x20-\x7e]|["\\]/g, '_')
  const exact = encodeURIComponent(filename).replace(/['()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
  return `${kind}; filename="${ascii}"; filename*=UTF-8''${exact}`
}

function hasTag(header: string, tag: string): boolean {
  return header === '*' || header.split(',').some((one) => one.trim().replace(/^W\//, '') === tag)
}
