/** Why no connection came to be, or why it ended: the code of the system, of OpenSSL or of a library, in words, and whether it may pass. */
export interface ConnectionFailure {
  /** Holds nothing but the code and our own words: texts of libraries may hold a URL, an address or a user. */
  readonly because: string
  /** Nothing but a change on one of the two sides will help. */
  readonly isPermanent: boolean
}

const untrusted = 'its certificate is not trusted: name the authority that vouches for it, or install a certificate that is'
const otherSpeech = 'it does not speak TLS on that port, or the security mode is wrong'

/** What cannot pass by waiting, by code. */
const permanent: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  CERT_UNTRUSTED: untrusted,
  CERT_REJECTED: untrusted,
  CERT_REVOKED: 'its certificate is revoked',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: look at the clocks',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  HOSTNAME_MISMATCH: 'its certificate is for another name',
  ERR_SSL_WRONG_VERSION_NUMBER: otherSpeech,
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'it speaks no version of TLS that is spoken here',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'it speaks no version of TLS that is spoken here',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: 'it refuses the TLS handshake',
  HPE_INVALID_CONSTANT: 'what listens there does not speak HTTP',
}

const passing: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens on that port',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name cannot be looked up now',
  ECONNRESET: 'it closed the connection',
}

/** @param error as it was thrown; the nearest code that says something counts, whichever error in its chain has it */
export function connectionFailure(error: unknown): ConnectionFailure {
  const codes = codesOf(error)
  for (const code of codes) {
    const words = permanent[code]
    if (words !== undefined) return { because: `${code}: ${words}`, isPermanent: true }
  }
  const code = codes.find((one) => one in passing) ?? codes.at(-1)
  if (code === undefined) return { because: 'connection failed', isPermanent: false }
  const words = passing[code]
  return { because: words === undefined ? code : `${code}: ${words}`, isPermanent: false }
}

const deepest = 5

/** The codes of an error and of its causes; `originalCode` is what nodemailer has put its own in the place of. */
function codesOf(error: unknown, depth = deepest): readonly string[] {
  if (typeof error !== 'object' || error === null || depth === 0) return []
  const own = ['code', 'originalCode'].map((name): unknown => Reflect.get(error, name))
  const texts = own.filter((code): code is string => typeof code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code))
  return [...texts, ...sslCodeOf(error), ...codesOf(Reflect.get(error, 'cause'), depth - 1)]
}

/** OpenSSL's reason, where Node tells EPROTO only. */
function sslCodeOf(error: object): readonly string[] {
  const reason: unknown = Reflect.get(error, 'reason')
  return typeof reason === 'string' && /^[a-z0-9 ]{1,80}$/i.test(reason) ? [`ERR_SSL_${reason.toUpperCase().replaceAll(' ', '_')}`] : []
}
