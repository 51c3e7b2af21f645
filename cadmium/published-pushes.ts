import type { Delivered, Push } from './pushes.js'
import { pushOf } from './pushes.js'
import type { MessageShape, Viewer } from './shapes.js'

/** A push in its published form. */
export interface PublishedPush {
  readonly type: string
  readonly from: string
  readonly to: string
  readonly payload: Readonly<Record<string, unknown>>
}

const kind = 'urn:cadmium:chat:event:message'

/**
 * What a published session is pushed of a delivery.
 * @returns undefined for what has no published form: it is as good as received
 * @see docs/protocol/core.md 4.6
 */
export function publishedPushOf(viewer: Viewer, delivered: Delivered): PublishedPush | undefined {
  const push = pushOf(viewer, delivered)
  switch (push?.type) {
    case 'urn:nynja:on:message':
      return onMessage(push, push.payload as unknown as MessageShape)
    case 'urn:nynja:on:receipt':
      return { ...push, type: 'urn:cadmium:chat:read', payload: { ...idsOf(push.payload['message']), chatID: push.payload['chat'] } }
    case 'urn:nynja:on:typing':
      return { ...push, type: 'urn:cadmium:chat:typing', payload: { chatID: push.payload['chat'] } }
    default:
      return undefined
  }
}

function idsOf(id: unknown): { readonly eventID: unknown; readonly messageID: unknown; readonly id: unknown } {
  return { eventID: id, messageID: id, id }
}

function onMessage(push: Push, { message, chat, created, text, replyTo, forwardOf, state }: MessageShape): PublishedPush | undefined {
  if (state === 'system') return undefined
  const ids = { ...idsOf(message), chatID: chat }
  if (state === 'deleted') return { ...push, type: 'urn:cadmium:chat:message:delete', payload: ids }
  const content = {
    text: text ?? '',
    ...(replyTo === null ? {} : { replyTo }),
    ...(forwardOf === null ? {} : { forwardedFrom: forwardOf }),
  }
  if (state === 'edited') return { ...push, type: 'urn:cadmium:chat:message:edit', payload: { ...ids, updatedContent: content, content } }
  const originServerTimestamp = Math.floor(created / 1_000)
  return { ...push, type: 'urn:cadmium:chat:message', payload: { ...ids, originServerTimestamp, type: kind, content } }
}
