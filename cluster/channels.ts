/** Frames of one version are understood by processes of the same version only: during an upgrade the others look into the store. */
const frameVersion = 1

/** The channel on which a process hears what is for it alone. */
export function channelOf(prefix: string, member: string): string {
  return `${prefix}bus:${String(frameVersion)}:to:${member}`
}

/** The channel on which all processes hear. */
export function channelOfAll(prefix: string): string {
  return `${prefix}bus:${String(frameVersion)}:all`
}
