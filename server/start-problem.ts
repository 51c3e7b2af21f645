import type { ListenAddress } from '../broker/index.js'

/** Why a server cannot start that is nobody's fault in the program, in words for who runs it: what is wrong, and what to do. */
export class StartProblem extends Error {
  override readonly name = 'StartProblem'
  /** Whether another start would end alike until the options are mended: what they name cannot be used. */
  readonly isOfOptions: boolean

  constructor(message: string, { isOfOptions = false, ...options }: ErrorOptions & { readonly isOfOptions?: boolean } = {}) {
    super(message, options)
    this.isOfOptions = isOfOptions
  }
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use: another program listens there, perhaps another server of this kind',
  EACCES: 'may not be opened by this user: choose one above 1023, or let the service manager grant it',
  EADDRNOTAVAIL: 'cannot be opened: this machine has no such address, see',
}

/**
 * What `opening` a listener resolves to.
 * @param variable of the option that says which port
 * @param hostVariable of the one that says at which address
 * @throws StartProblem for what an operator can mend, else what `opening` was rejected with
 */
export async function listening<T>(
  opening: Promise<T>,
  variable: string,
  { host, port }: ListenAddress,
  hostVariable = 'NYNJA_HOST',
): Promise<T> {
  try {
    return await opening
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const reason = code === 'EADDRNOTAVAIL' ? `${reasons[code] ?? ''} ${hostVariable}` : reasons[code]
    if (reason === undefined) throw error
    throw new StartProblem(`port ${port} of ${host} (${variable}) ${reason}`, { cause: error })
  }
}
