import type { Ring } from '../rpc/index.js'

/** The ring of workers, for those that are made before it and speak with it later. */
export interface RingToCome {
  /** @throws before it has started: nothing can be asked of it yet */
  readonly now: () => Ring
  readonly started: Promise<Ring>
  has(ring: Ring): void
}

export function newRingToCome(): RingToCome {
  let come: Ring | undefined
  let tell: (ring: Ring) => void = () => undefined
  const started = new Promise<Ring>((resolve) => {
    tell = resolve
  })
  return {
    now() {
      if (come === undefined) throw new Error('the ring has not started')
      return come
    },
    started,
    has(ring) {
      come = ring
      tell(ring)
    },
  }
}
