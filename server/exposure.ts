import type { Options } from './options-table.js'
import type { Ports } from './ports.js'

/** What decides who reaches a server, and how. */
export interface Exposed extends Pick<Options, 'host' | 'adminHost'> {
  readonly ports: Ports
}

/**
 * What of a server that has started is open to others than this machine and goes over the wire in the clear, and how to close it, in one line.
 * @returns undefined if there is nothing to say: clients of other machines have TLS, or nobody but this machine reaches it
 */
export function exposure({ host, adminHost, ports }: Exposed): string | undefined {
  const sentences = [...(isLocal(host) ? [] : openToClients(host, ports)), ...openAdministration(adminHost, ports.admin)]
  return sentences.length === 0 ? undefined : sentences.join(' ')
}

function openToClients(host: string, { mqtt, ws, tls, http, admin }: Ports): readonly string[] {
  if (tls !== 'off') return []
  const clear = [...named('MQTT', mqtt), ...named('WebSocket', ws), ...named('files, schemas and health over HTTP', http)].join(', ')
  const rest = admin === 'off' ? '' : ` Metrics are not among it: they have port ${admin}.`
  return [
    `without TLS, whoever reaches ${host} may speak to it and whoever is on the way can read along, tokens included: ${clear}.${rest}`,
    'To close it: NYNJA_HOST=127.0.0.1 behind a proxy that ends TLS; or NYNJA_TLS_KEY and NYNJA_TLS_CERT, then NYNJA_MQTT_PORT=off and NYNJA_WS_PORT=off.',
  ]
}

function openAdministration(adminHost: string, port: Ports['admin']): readonly string[] {
  if (port === 'off' || isLocal(adminHost)) return []
  return [
    `Metrics are open to whoever reaches port ${port} of ${adminHost}: let a firewall allow only who scrapes them, or close it with NYNJA_ADMIN_HOST=127.0.0.1.`,
  ]
}

function named(what: string, port: number | 'off'): readonly string[] {
  return port === 'off' ? [] : [`${what} (${port})`]
}

function isLocal(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}
