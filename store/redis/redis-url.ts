/** Where a Redis is and how to be let in. */
export interface RedisAddress {
  readonly host: string
  readonly port: number
  /** Empty for the default user. */
  readonly username: string
  readonly password: string
  readonly database: number
  readonly isTls: boolean
}

const defaultPort = 6379

/**
 * Reads `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS.
 * @throws RangeError if it is something else; its text never holds the password.
 */
export function parseRedisUrl(url: string): RedisAddress {
  const parsed = parse(url)
  if (parsed === undefined || !/^rediss?:$/.test(parsed.protocol) || parsed.hostname === '') throw malformed('it must look like this')
  if (!/^\/?\d*$/.test(parsed.pathname)) throw malformed('after the host comes the number of a database')
  if (parsed.search !== '' || parsed.hash !== '') throw malformed('nothing follows the database')
  return {
    host: parsed.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: parsed.port === '' ? defaultPort : Number(parsed.port),
    username: decoded(parsed.username),
    password: decoded(parsed.password),
    database: Number(parsed.pathname.slice(1)),
    isTls: parsed.protocol === 'rediss:',
  }
}

/** The URL as it may be shown: its password masked. What cannot be read is not shown at all. */
export function redactRedisUrl(url: string): string {
  const parsed = parse(url)
  if (parsed === undefined || parsed.host === '') return 'redis://?'
  if (parsed.password !== '') parsed.password = '***'
  return parsed.href
}

function parse(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw malformed('user and password are percent-encoded')
  }
}

function malformed(because: string): RangeError {
  return new RangeError(`not the address of a Redis: ${because}: redis://[user:password@]host[:port][/database]`)
}
