import { patienceMs } from '../patience.js'

/** What has come and not been looked at yet, in order; a test waits here for what must come. */
export interface Mailbox<T> {
  readonly items: readonly T[]
  put(item: T): void
  /** Takes the first item that matches, now or when it comes. Rejects when it has not come within the patience of tests, or nothing can come any more. */
  take(what: string, matches?: (item: T) => boolean): Promise<T>
  /** Takes the first item of that kind. */
  takeOf<U extends T>(what: string, isOfKind: (item: T) => item is U): Promise<U>
  /** Takes everything that is there. */
  takeAll(): T[]
  /** Nothing can come any more: whoever waits, now or later, is told. */
  end(because: string): void
}

export function newMailbox<T>(show: (item: T) => string): Mailbox<T> {
  const items: T[] = []
  const waiting = new Set<{
    readonly matches: (item: T) => boolean
    readonly give: (item: T) => void
    readonly refuse: (because: string) => void
  }>()
  let ended: string | undefined

  function take(what: string, matches: (item: T) => boolean = () => true): Promise<T> {
    const at = items.findIndex(matches)
    if (at >= 0) return Promise.resolve(items.splice(at, 1)[0] as T)
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer)
        waiting.delete(waiter)
      }
      const waiter = {
        matches,
        give: (item: T): void => {
          settle()
          resolve(item)
        },
        refuse: (because: string): void => {
          settle()
          reject(new Error(`${because} while waiting for ${what}; unread: ${items.map(show).join('; ') || 'nothing'}`))
        },
      }
      const timer = setTimeout(() => {
        waiter.refuse('too late')
      }, patienceMs)
      waiting.add(waiter)
      if (ended !== undefined) waiter.refuse(ended)
    })
  }

  return {
    items,
    put(item) {
      for (const waiter of waiting) {
        if (!waiter.matches(item)) continue
        waiter.give(item)
        return
      }
      items.push(item)
    },
    take,
    takeOf: (what, isOfKind) => take(what, isOfKind) as Promise<never>,
    takeAll: () => items.splice(0),
    end(because) {
      ended = because
      for (const waiter of waiting) waiter.refuse(because)
    },
  }
}
