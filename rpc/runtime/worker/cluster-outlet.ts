import { type Bus, writeBusHeader } from '../link/bus.js'
import { type FrameWriter, newFrameWriter, takeFrame } from '../link/frame.js'
import type { MembershipRules } from './membership.js'

/** What a worker knows of the cluster that its process belongs to. */
export interface ClusterParts {
  readonly bus: Bus
  readonly membership: MembershipRules
}

/** What goes to others, and how. */
export interface ClusterWays {
  readonly bus: Bus
  /** Bit mask of the variants (see the link's variants) that devices connected to other members speak. */
  readonly variantsElsewhere: () => number
}

interface Channel {
  readonly frame: FrameWriter
  sequence: number
}

const all = ''
/** Channels are kept for their numbers; members that are gone are forgotten beyond this. */
const maxChannels = 256

/** The worker's way to the other processes of its cluster: what happens in a tick travels to each of them as one frame. */
export class ClusterOutlet {
  readonly member: string
  readonly variantsElsewhere: () => number
  readonly #node: number
  readonly #bus: Bus
  readonly #channels = new Map<string, Channel>()
  #isScheduled = false

  constructor(member: string, node: number, { bus, variantsElsewhere }: ClusterWays) {
    this.member = member
    this.#node = node
    this.#bus = bus
    this.variantsElsewhere = variantsElsewhere
  }

  /** The frame that goes to a member at the end of the tick. */
  frameTo(member: string): FrameWriter {
    const { frame } = this.#channelTo(member)
    this.#touch()
    return frame
  }

  /** The frame that goes to all other members at the end of the tick. */
  frameToAll(): FrameWriter {
    return this.frameTo(all)
  }

  flush(): void {
    this.#isScheduled = false
    for (const [member, { frame }] of this.#channels) {
      if (frame.length === 0) continue
      const taken = takeFrame(frame)
      if (member === all) this.#bus.broadcast(taken)
      else this.#bus.send(member, taken)
    }
  }

  #channelTo(member: string): Channel {
    const known = this.#channels.get(member)
    const channel = known ?? { frame: newFrameWriter(), sequence: 0 }
    if (known === undefined) {
      if (this.#channels.size >= maxChannels) this.#forgetOldest()
      this.#channels.set(member, channel)
    }
    if (channel.frame.length === 0) writeBusHeader(channel.frame, { member: this.member, node: this.#node, sequence: ++channel.sequence })
    return channel
  }

  #forgetOldest(): void {
    this.flush()
    for (const member of this.#channels.keys()) {
      if (member === all) continue
      this.#channels.delete(member)
      return
    }
  }

  #touch(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.flush()
    })
  }
}
