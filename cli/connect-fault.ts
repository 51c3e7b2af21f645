/** What is known of an attempt to connect that has failed. */
export interface ConnectFault {
  readonly server: string
  /** Name of the error, as ECONNREFUSED; undefined where there was none. */
  readonly code: string | undefined
  readonly message: string
  /** What the other side said first; empty if it said nothing. */
  readonly firstBytes: Uint8Array
}

/** RFC 8446, 5.1: an alert, of any version since SSL 3.0. */
const tlsAlert = [0x15, 0x03]
const untrusted = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
])

/** What stands in the way, as far as it shows, and what to do; undefined if nothing shows but that there is no answer. */
export function connectFaultInWords(fault: ConnectFault): string | undefined {
  return certificateFault(fault) ?? otherProtocol(fault)
}

function certificateFault({ code = '', message }: ConnectFault): string | undefined {
  if (untrusted.has(code)) {
    return `its certificate is signed by nobody this machine trusts (${code}). Name who has signed it, or a self-signed one itself: --ca <file.pem>`
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const detail = /altnames: (.*)$/.exec(message)?.[1] ?? message
    return `its certificate is for another name than that of the address (${detail}). Connect by a name that it is for, or have one made for this one`
  }
  if (code === 'CERT_HAS_EXPIRED') return 'its certificate has expired'
  if (code === 'CERT_NOT_YET_VALID') return 'its certificate is not valid yet, by the clock of this machine'
  return undefined
}

function otherProtocol({ server, code = '', message, firstBytes }: ConnectFault): string | undefined {
  const isSecure = /^(mqtts|wss):/.test(server)
  const status = /Unexpected server response: (\d+)/.exec(message)?.[1]
  if (status !== undefined) {
    return `an HTTP server answers there, but not with MQTT over WebSocket (${status}). That is on another port or path: ws://<host>:8083/mqtt`
  }
  if (Buffer.from(firstBytes).toString('latin1').startsWith('HTTP/')) {
    return 'an HTTP server answers on that port. MQTT is on another one, 1883 unless it was changed'
  }
  if (tlsAlert.every((byte, i) => firstBytes[i] === byte)) {
    return `that port speaks TLS. Connect with ${server.replace(/^(mqtt|ws):/, '$1s:')}`
  }
  const isNoTls = code === 'EPROTO' || code.startsWith('ERR_SSL_') || /before secure TLS connection/.test(message)
  if (isSecure && isNoTls)
    return `that port does not speak TLS. Without TLS it is ${server.replace(/^(mqtt|ws)s:/, '$1:')}; the port for TLS is 8883 unless it was changed`
  if (!isSecure && firstBytes.length === 0 && (code === '' || code === 'ECONNRESET')) {
    const secure = server.replace(/^(mqtt|ws):/, '$1s:')
    return `it closed the connection without a word. It may be ending, or full; if that is its port for TLS, connect with ${secure}`
  }
  return undefined
}
