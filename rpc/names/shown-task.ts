import type { Task } from '../runtime/outbox/task.js'
import type { Names } from './names.js'
import { shownName } from './rename-record.js'
import { shownTopic } from './rename-topic.js'

/** A task as the outside world is told of it: a push notification calls everybody as peers do. Codes are sent to numbers already. */
export function shownTask<T extends Task>(task: T, names: Names): T {
  if (names.last === 0 || task.kind !== 'push') return task
  const { note } = task
  const shown = { ...note, feed: shownTopic(note.feed, names), from: shownName(note.from, names), to: shownName(note.to, names) }
  return { ...task, note: shown }
}
