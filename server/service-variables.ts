import { isIP } from 'node:net'

const transportAddress = /^(tcp|udp|sctp):\/\/[^/\s]+:\d{1,5}$/
const portNumber = /^\d{1,5}$/

/** How the names of such variables end, and what they hold. */
const forms: readonly { readonly name: RegExp; readonly holds: (value: string) => boolean }[] = [
  { name: /_SERVICE_HOST$/, holds: (value) => isIP(value) !== 0 },
  { name: /_SERVICE_PORT(_\w+)?$/, holds: (value) => portNumber.test(value) },
  { name: /_PORT$/, holds: (value) => transportAddress.test(value) },
  { name: /_PORT_\d+_(TCP|UDP|SCTP)$/, holds: (value) => transportAddress.test(value) },
  { name: /_PORT_\d+_(TCP|UDP|SCTP)_PROTO$/, holds: (value) => /^(tcp|udp|sctp)$/.test(value) },
  { name: /_PORT_\d+_(TCP|UDP|SCTP)_PORT$/, holds: (value) => portNumber.test(value) },
  { name: /_PORT_\d+_(TCP|UDP|SCTP)_ADDR$/, holds: (value) => isIP(value) !== 0 },
]

/**
 * Whether a variable is one that Kubernetes gives every container for each Service of its namespace, named after the Service: it says where that
 * is and is meant for nobody's options, even where it has the name of one (a Service `nynja-mqtt` gives NYNJA_MQTT_PORT=tcp://10.0.0.1:1883).
 * @see Kubernetes, Service, Environment variables; the forms are those of Docker's links
 */
export function tellsOfService(name: string, value: string): boolean {
  return forms.some((form) => form.name.test(name) && form.holds(value))
}
