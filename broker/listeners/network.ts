/**
 * What one customer may have of addresses at no cost: an IPv4 address, or of IPv6 a /48, which holds 65,536 addresses as limits see them.
 * @param level an address as limits see it
 */
export function networkOf(level: string): string {
  return level.split(':').slice(0, 3).join(':')
}
