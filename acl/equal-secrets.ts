import { createHash, timingSafeEqual } from 'node:crypto'

/** Whether two secrets are the same; takes as long for a near miss as for a far one, whatever their lengths. */
export function equalSecrets(a: string | Uint8Array, b: string | Uint8Array): boolean {
  return timingSafeEqual(digest(a), digest(b))
}

function digest(secret: string | Uint8Array): Uint8Array {
  return createHash('sha256').update(secret).digest()
}
