import { record, type Service } from '../../../protocol/index.js'

/** E-mail addresses of one profile that may be verified (our own bound). */
export const addressLimit = 5

const maxAddressBytes = 254
const local = /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*$/
const label = /^[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?$/u

/**
 * Whether a text is an address that mail over the Internet can reach: one `@`, a plain local part of at most 64 characters, a domain of two
 * labels or more of which the last is no number. Quoted local parts and addresses of machines are not taken.
 * @see RFC 5321, 4.1.2 and 4.5.3.1
 */
export function isEmailAddress(text: string): boolean {
  const [name = '', domain = '', ...rest] = text.split('@')
  const labels = domain.split('.')
  if (rest.length > 0 || name.length > 64 || Buffer.byteLength(text) > maxAddressBytes || !local.test(name)) return false
  return labels.length > 1 && labels.every((one) => label.test(one)) && !/^\d+$/.test(labels.at(-1) ?? '')
}

/** The one e-mail service that a request names; undefined if there is none, or more. */
export function emailServiceIn(services: readonly Service[]): Service | undefined {
  const [first, ...others] = services.filter(({ type }) => type === 'email')
  return others.length === 0 ? first : undefined
}

/** Whether two texts are one address; in practice nobody tells addresses apart by case. */
export function isSameAddress(one: string | null, other: string | null): boolean {
  return one !== null && other !== null && one.toLowerCase() === other.toLowerCase()
}

/** Whether two services are one account. */
export function isSameService(one: Service, other: Service): boolean {
  return one.type === other.type && (one.login === other.login || isSameAddress(one.login, other.login))
}

/** The services with an address that waits to be verified, in place of any other that does; one that is verified already stays so. */
export function withAdded(services: readonly Service[], address: string): readonly Service[] {
  const others = services.filter(({ type, status }) => type !== 'email' || status === 'verified')
  if (others.some(({ type, login }) => type === 'email' && isSameAddress(login, address))) return others
  return [...others, record('Service', { type: 'email', login: address, status: 'added' })]
}

/** The services with a verified address. */
export function withVerified(services: readonly Service[], address: string): readonly Service[] {
  const others = services.filter(({ type, login }) => type !== 'email' || !isSameAddress(login, address))
  return [...others, record('Service', { type: 'email', login: address, status: 'verified' })]
}

/** How many addresses other than this one are verified. */
export function otherVerified(services: readonly Service[], address: string): number {
  return services.filter(({ type, login, status }) => type === 'email' && status === 'verified' && !isSameAddress(login, address)).length
}
