import { codecOf } from '../protocol/index.js'
import { encodingOf, variantOf } from '../rpc/index.js'
import type { Connection } from './connection.js'

/** A device is answered in the codec of its latest request. */
export function followCodec(variantsInUse: Int32Array, connection: Connection, payload: Uint8Array): void {
  if (payload.length < 2) return
  const { dialect, codec } = encodingOf(connection.variant)
  const spoken = codecOf(payload)
  if (spoken === codec) return
  const variant = variantOf({ codec: spoken, dialect })
  if (connection.accepted?.client === 'device') {
    Atomics.sub(variantsInUse, connection.variant, 1)
    Atomics.add(variantsInUse, variant, 1)
  }
  connection.variant = variant
}
