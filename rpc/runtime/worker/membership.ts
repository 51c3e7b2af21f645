import { monotonicMs, wallMs } from '../../../clock/index.js'
import type { Store } from '../../../store/contract.js'
import { maskOf } from '../link/variant.js'
import type { ControlToMain } from '../link/messages-to-main.js'
import { type MemberNames, Members, type MemberNews } from '../members/members.js'
import { type LeftDevice, takeOver } from '../members/take-over.js'
import type { Outbox } from '../outbox/outbox.js'
import type { NamedItem } from './requests.js'
import { leftBehindItem } from './timed-tables.js'

/** How a process takes part in its cluster. */
export interface MembershipRules {
  /** A process of which nothing is seen for so long is dead, ms. */
  readonly leaseMs: number
  /** How often a process shows that it lives, ms. */
  readonly beatMs: number
  readonly host: string
  readonly pid: number
  readonly version: string
}

export interface MembershipWorld {
  readonly store: Store
  readonly boot: string
  readonly rules: MembershipRules
  /** This worker keeps its process alive for the others, and sees to the dead; one worker of a process does. */
  readonly isKeeper: boolean
  readonly variantsInUse: Int32Array
  readonly outbox: Pick<Outbox, 'adopt'>
  /** Runs and commits one item; resolves whether or not it could. */
  readonly run: (item: NamedItem) => Promise<void>
  /** The process was taken for dead and has joined again. */
  readonly onLost: () => void
  readonly post: (message: ControlToMain) => void
  readonly onFault: (fault: unknown) => void
  /** Lets requests go first. */
  readonly pause: () => Promise<void>
}

/** The membership of the process as one of its workers sees it. */
export function newMembership(world: MembershipWorld): Members {
  const { store, boot, rules, isKeeper, variantsInUse, outbox, run, onLost, post, onFault, pause } = world
  const depart = async (device: LeftDevice): Promise<void> => run(leftBehindItem(device, wallMs))
  const members: Members = new Members({
    ...{ store, boot, leaseMs: rules.leaseMs, beatMs: rules.beatMs, onLost, onFault },
    elapsed: monotonicMs,
    now: wallMs,
    names: isKeeper ? namesIn(rules) : null,
    variants: () => maskOf(variantsInUse),
    takeOver: (dead, isStopped) =>
      takeOver(dead, {
        ...{ store, heir: boot, isLive: members.isLive, depart, pause, isStopped },
        adopt: (of, heirship) => outbox.adopt(of, heirship),
      }),
    onNews: (news) => {
      post(logLine(news))
    },
  })
  return members
}

function namesIn({ host, pid, version }: MembershipRules): MemberNames {
  return { host, pid, version }
}

const lines: Readonly<Record<MemberNews['kind'], readonly [level: 'info' | 'warn', event: string, text: string]>> = {
  joined: ['info', 'member-joined', 'this process is a member of the cluster'],
  'taken for dead': ['warn', 'member-lost', 'this process was taken for dead, and has joined the cluster again'],
  'found dead': ['warn', 'member-dead', 'another process is dead: this one takes over what it has left'],
  'taken over': ['info', 'member-taken-over', 'what a dead process had left is taken over'],
}

function logLine({ kind, boot }: MemberNews): ControlToMain {
  const [level, event, text] = lines[kind]
  return { kind: 'log', level, fields: { event, member: boot }, text }
}
