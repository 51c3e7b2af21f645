import { acTopic, mucTopic, p2pTopic, parseTopic, sesTopic, type Topic } from '../../topics/index.js'
import type { Names } from './names.js'

/** The topic on which peers know what is sent to `topic`. */
export function shownTopic(topic: string, names: Names): string {
  return names.last === 0 ? topic : renamed(topic, names, names.numberOf)
}

/** What a peer's topic name, or filter without wildcards, is to the handlers. Other filters stay as they are. */
export function filedTopic(topic: string, names: Names): string {
  return names.last === 0 ? topic : renamed(topic, names, names.filedUnder)
}

function renamed(name: string, names: Names, phone: Names['numberOf']): string {
  const topic: Topic = parseTopic(name)
  switch (topic.kind) {
    case 'ses':
      return sesTopic(phone(topic.phone))
    case 'ac':
      return acTopic(names.otherName(topic.phoneId))
    case 'muc':
      return mucTopic(names.otherName(topic.phoneId))
    case 'p2p':
      return p2pTopic(names.otherName(topic.left), names.otherName(topic.right))
    default:
      return name
  }
}
