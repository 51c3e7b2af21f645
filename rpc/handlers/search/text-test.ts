import { limits } from '../../../protocol/index.js'
import { foldText } from '../../people-index/fold.js'

/** Whether a folded text is one that is searched for. */
export type TextTest = (folded: string) => boolean

/** @param values as asked for, at least three characters each, folded, for `like` */
export function textTest(type: '==' | 'like', values: readonly string[]): TextTest {
  const folded = values.map(foldText)
  return type === 'like' ? containsAnyOf(folded) : isAnyOf(folded)
}

function isAnyOf(values: readonly string[]): TextTest {
  const known = new Set(values)
  return (text) => known.has(text)
}

/** A thousand values are looked for in one walk along the text. */
function containsAnyOf(values: readonly string[]): TextTest {
  const length = limits.searchLikeMin
  const byStart = new Map<string, string[]>()
  for (const value of values) {
    const start = value.slice(0, length)
    const known = byStart.get(start)
    if (known === undefined) byStart.set(start, [value])
    else known.push(value)
  }
  return (text) => {
    for (let at = 0; at + length <= text.length; at++) {
      if (byStart.get(text.slice(at, at + length))?.some((value) => text.startsWith(value, at)) === true) return true
    }
    return false
  }
}
