import type { SessionDevice } from '../faults/session-device.js'

/** Ports by which devices come in, as they are at the moment: a node that was started again may have another one. */
export type Doors = readonly (() => number)[]

/** How long a device waits before its attempts, ms: at random between half of it and all of it, twice as long each time. */
export interface RetryDelay {
  readonly firstMs: number
  readonly longestMs: number
}

/**
 * Devices that stay connected as real ones do: whoever has lost its connection tries again after a delay, at its home first and then at any
 * other door, and gives an attempt up that is not answered.
 */
export interface Fleet {
  /** They connect and stay connected; resolves when all are. Those that are connected elsewhere leave for their home. */
  begin(doors: Doors): Promise<void>
  /** Resolves when every device is connected. */
  allHere(): Promise<void>
  /** Lost connections are not followed any more. */
  end(): void
  readonly counts: FleetCounts
}

export interface FleetCounts {
  /** Times a device was back after it had lost its connection. */
  readonly returns: number
  /** Attempts that the longest of these took. */
  readonly mostAttempts: number
  /** Most devices that came back within a tenth of a second. */
  readonly mostAtOnce: number
  readonly longestAwayMs: number
}

const attemptPatienceMs = 20_000
const windowMs = 100

/** @param random at least 0, less than 1 */
export function newFleet(
  devices: readonly SessionDevice[],
  retry: RetryDelay = { firstMs: 200, longestMs: 2_000 },
  random: () => number = Math.random,
): Fleet {
  const counts = { returns: 0, mostAttempts: 0, mostAtOnce: 0, longestAwayMs: 0 }
  const hereWaiters: (() => void)[] = []
  let recent: number[] = []
  let run = 0

  function noteReturn(attempts: number, awayMs: number): void {
    const now = Date.now()
    recent = [...recent.filter((at) => now - at < windowMs), now]
    counts.returns++
    counts.mostAttempts = Math.max(counts.mostAttempts, attempts)
    counts.mostAtOnce = Math.max(counts.mostAtOnce, recent.length)
    counts.longestAwayMs = Math.max(counts.longestAwayMs, awayMs)
  }

  function noteHere(): void {
    if (!devices.every(({ isConnected }) => isConnected)) return
    for (const resolve of hereWaiters.splice(0)) resolve()
  }

  async function delay(attempt: number): Promise<void> {
    const ms = Math.min(retry.longestMs, retry.firstMs * 2 ** attempt) * (0.5 + random() / 2)
    await new Promise((resolve) => setTimeout(resolve, ms))
  }

  /** @returns how many attempts it took */
  async function comeBack(device: SessionDevice, place: number, doors: Doors, isMine: () => boolean): Promise<number> {
    const home = place % doors.length
    for (let attempt = 0; isMine(); attempt++) {
      await delay(attempt)
      if (!isMine()) break
      const door = attempt === 0 ? home : Math.floor(random() * doors.length)
      if (await isAccepted(device, doors[door]!(), isMine)) return attempt + 1
    }
    return 0
  }

  async function stay(device: SessionDevice, place: number, doors: Doors, isMine: () => boolean): Promise<void> {
    if (!(await isAccepted(device, doors[place % doors.length]!(), isMine))) await comeBack(device, place, doors, isMine)
    for (;;) {
      noteHere()
      await device.lost()
      if (!isMine()) return
      const lostAt = Date.now()
      const attempts = await comeBack(device, place, doors, isMine)
      if (attempts > 0) noteReturn(attempts, Date.now() - lostAt)
    }
  }

  function allHere(): Promise<void> {
    return new Promise((resolve) => {
      hereWaiters.push(resolve)
      noteHere()
    })
  }

  return {
    counts,
    async begin(doors) {
      const mine = ++run
      for (const device of devices) device.cut()
      devices.forEach((device, place) => void stay(device, place, doors, () => run === mine))
      await allHere()
    },
    allHere,
    end() {
      run++
    },
  }
}

/** An attempt that is not answered is given up, unless somebody else has taken the device over meanwhile. */
async function isAccepted(device: SessionDevice, port: number, isMine: () => boolean): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => {
      if (isMine()) device.cut()
      resolve(false)
    }, attemptPatienceMs)
  })
  const connected = device.connect(port).then(
    () => true,
    () => false,
  )
  const isIn = await Promise.race([connected, tooLong])
  clearTimeout(timer)
  return isIn
}
