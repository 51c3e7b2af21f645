import type { PagePlace } from '../../facts.js'
import { LeastFirst } from './least-first.js'
import type { Share } from './share.js'

/**
 * Places for those who hold large pages: so many of a worker at a time, the others wait, and whoever has had least of the worker's time goes first. With what one of them
 * may hold, places bound the memory that pages take, however many clients ask.
 *
 * Whoever holds a place never waits for another: a place is taken for a whole batch, or for one page of an inbox.
 */
export interface PagePlaces {
  /** @param share of whom; nobody's goes before all */
  newPlace(share?: Share): PagePlace
}

/** Each holds some megabytes at most. */
export const pagePlaces = 16

export function newPagePlaces(count = pagePlaces): PagePlaces {
  let free = count
  const waiting = new LeastFirst<() => void>()

  function release(): void {
    const next = waiting.take()
    if (next === undefined) free += 1
    else next()
  }

  return {
    newPlace(share) {
      let taken: 'no' | 'yes' | Promise<void> = 'no'
      return {
        take() {
          if (taken === 'yes') return undefined
          if (taken !== 'no') return taken
          if (free > 0) {
            free -= 1
            taken = 'yes'
            return undefined
          }
          const waited = new Promise<void>((resolve) => {
            waiting.add(resolve, share?.level ?? 0)
          }).then(() => {
            taken = 'yes'
          })
          taken = waited
          return waited
        },
        giveBack() {
          if (taken === 'no') return
          // Who still waits for it has given up: it goes on to the next when its turn comes.
          if (taken === 'yes') release()
          else void taken.then(release)
          taken = 'no'
        },
      }
    },
  }
}
