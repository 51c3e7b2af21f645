/** How a command ends; listed in `nynja --help`. `serve` has its own code, 78, for options that cannot be used. */
export const exitCodes = {
  done: 0,
  /** A fault of ours. */
  fault: 1,
  usage: 2,
  /** The server said no. */
  refused: 3,
  /** No server there, connection lost, or no answer in time. */
  away: 4,
  /** No account on this machine, one in use by another command, or one the server no longer knows. */
  account: 5,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** Why a command cannot go on, in words for the person who gave it: what is wrong, and what to do. */
export class Complaint extends Error {
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode, text: string) {
    super(text)
    this.exitCode = exitCode
  }
}
