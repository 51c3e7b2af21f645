/**
 * What a worker is working on, in memory that outlives it: the numbers of the requests that it has begun and not told the end of. It costs no
 * message, and the main thread reads it when the worker has died.
 */
export interface UnderWay {
  /** A request has been begun. @returns its place, to be freed once its end has been told; undefined if there is none for it */
  begin(request: number): number | undefined
  end(place: number): void
}

/** Requests that are noted at a time; of more than these it is not known that they were under way. */
const places = 16_384

/** The memory of one life of one worker. */
export function newUnderWayMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(places * Uint32Array.BYTES_PER_ELEMENT)
}

/** The worker's side of it. */
export function newUnderWay(memory: SharedArrayBuffer): UnderWay {
  const numbers = new Uint32Array(memory)
  const free: number[] = []
  let unused = 0
  return {
    begin(request) {
      const place = free.pop() ?? (unused < numbers.length ? unused++ : undefined)
      if (place !== undefined) Atomics.store(numbers, place, request)
      return place
    },
    end(place) {
      Atomics.store(numbers, place, 0)
      free.push(place)
    },
  }
}

/** The requests that a worker was working on when it died. */
export function requestsUnderWay(memory: SharedArrayBuffer): ReadonlySet<number> {
  const under = new Set(new Uint32Array(memory))
  under.delete(0)
  return under
}
