import type { PagePlace } from '../../facts.js'

/**
 * Places for those who hold large pages: so many of a worker at a time, the others wait in the order in which they came. With what one of them
 * may hold, places bound the memory that pages take, however many clients ask.
 *
 * Whoever holds a place never waits for another: a place is taken for a whole batch, or for one page of an inbox.
 */
export interface PagePlaces {
  newPlace(): PagePlace
}

/** Each holds some megabytes at most. */
export const pagePlaces = 16

export function newPagePlaces(count = pagePlaces): PagePlaces {
  let free = count
  const waiting: (() => void)[] = []

  function release(): void {
    const next = waiting.shift()
    if (next === undefined) free += 1
    else next()
  }

  return {
    newPlace() {
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
          const waited = new Promise<void>((resolve) => waiting.push(resolve)).then(() => {
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
