/**
 * What a worker is working on, in memory that both threads see and that outlives it: the numbers of the requests that it has begun and not told the
 * end of, which the main thread reads when the worker has died, and how much of what it has told the main thread has not dealt with. It costs no
 * message.
 */
export interface UnderWay {
  /** A request has been begun. @returns its place, to be freed once its end has been told; undefined if there is none for it */
  begin(request: number): number | undefined
  end(place: number): void
  /** Frames of so many bytes have been sent to the main thread. */
  posted(bytes: number): void
  /** Bytes of frames that the main thread has not dealt with. */
  readonly unreadBytes: number
}

/** Requests that are noted at a time; of more than these it is not known that they were under way. */
const places = 16_384
/** Before the places lies the count of bytes that the main thread has dealt with, modulo 2^32. */
const placesAt = Uint32Array.BYTES_PER_ELEMENT

/** The memory of one life of one worker. */
export function newUnderWayMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(placesAt + places * Uint32Array.BYTES_PER_ELEMENT)
}

/** The worker's side of it. */
export function newUnderWay(memory: SharedArrayBuffer): UnderWay {
  const [taken, numbers] = [new Uint32Array(memory, 0, 1), new Uint32Array(memory, placesAt)]
  const free: number[] = []
  let unused = 0
  let posted = 0
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
    posted(bytes) {
      posted = (posted + bytes) >>> 0
    },
    get unreadBytes() {
      return (posted - Atomics.load(taken, 0)) >>> 0
    },
  }
}

/** The requests that a worker was working on when it died. */
export function requestsUnderWay(memory: SharedArrayBuffer): ReadonlySet<number> {
  const under = new Set(new Uint32Array(memory, placesAt))
  under.delete(0)
  return under
}

/** The main thread has dealt with frames of so many bytes. */
export function noteTaken(memory: SharedArrayBuffer, bytes: number): void {
  Atomics.add(new Uint32Array(memory, 0, 1), 0, bytes)
}
