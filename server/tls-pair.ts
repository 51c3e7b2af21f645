import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { TlsPair } from '../broker/index.js'
import type { Options } from './options-table.js'

/** What the TLS listener shows its clients, or in a sentence each why it cannot: nothing of the files is repeated. */
export type ReadTlsPair =
  | { readonly kind: 'pair'; readonly pair: TlsPair; readonly validTo: Date }
  | { readonly kind: 'problem'; readonly problems: readonly string[] }
  | { readonly kind: 'none' }

/** Reads the files that the options name, and looks whether they can be used together. */
export function readTlsPair({ tlsKey, tlsCert }: Pick<Options, 'tlsKey' | 'tlsCert'>): ReadTlsPair {
  if (tlsKey === undefined || tlsCert === undefined) return { kind: 'none' }
  const key = contentOf('NYNJA_TLS_KEY', tlsKey)
  const cert = contentOf('NYNJA_TLS_CERT', tlsCert)
  if (typeof key === 'string' || typeof cert === 'string') {
    return { kind: 'problem', problems: [key, cert].filter((content) => typeof content === 'string') }
  }
  const problem = keyProblem(key, tlsKey) ?? certificateProblem(cert, tlsCert) ?? pairProblem(key, cert)
  if (problem !== undefined) return { kind: 'problem', problems: [problem] }
  return { kind: 'pair', pair: { key, cert }, validTo: new Date(new X509Certificate(cert).validTo) }
}

function contentOf(variable: string, file: string): Buffer | string {
  try {
    return readFileSync(file)
  } catch {
    return `${variable}: ${file} cannot be read`
  }
}

function keyProblem(key: Buffer, file: string): string | undefined {
  if (failureOf(() => createPrivateKey(key)) === undefined) return undefined
  if (key.includes('ENCRYPTED')) return `NYNJA_TLS_KEY: ${file} is encrypted; give the key without a password`
  return `NYNJA_TLS_KEY: ${file} holds no private key in PEM`
}

function certificateProblem(cert: Buffer, file: string): string | undefined {
  return failureOf(() => new X509Certificate(cert)) === undefined ? undefined : `NYNJA_TLS_CERT: ${file} holds no certificate in PEM`
}

function pairProblem(key: Buffer, cert: Buffer): string | undefined {
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
    return 'NYNJA_TLS_KEY and NYNJA_TLS_CERT do not belong together: the first certificate of the chain is of another key'
  }
  const code = failureOf(() => createSecureContext({ key, cert, minVersion: 'TLSv1.2' }))
  return code === undefined ? undefined : `NYNJA_TLS_KEY and NYNJA_TLS_CERT cannot be used: ${code}`
}

/** The code of what is thrown, undefined if nothing is. */
function failureOf(run: () => unknown): string | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'no reason is given'
  }
}
