import { type Feature, record } from '../../protocol/index.js'
import type { LocationDocument } from '../documents/index.js'

/** Digits after the point: a centimetre, in degrees. */
const digits = 7

/**
 * Where somebody was last, as friends find it in the settings of his full Contact: `X,Y,Z,Time`, the altitude empty where unknown. None once it
 * has been taken back.
 * @see docs/protocol/rpc.md 14
 */
export function locationFeatures(location: LocationDocument | undefined): readonly Feature[] {
  const place = location?.place ?? null
  if (place === null) return []
  const { longitude, latitude, altitude, time } = place
  const value = [decimal(longitude), decimal(latitude), altitude === null ? '' : decimal(altitude), String(time)].join(',')
  return [record('Feature', { key: 'LOCATION', value, group: 'LOC_DATA' })]
}

/** Never with an exponent, which not every reader of decimals knows; no zeros at the end. */
function decimal(value: number): string {
  const text = value.toFixed(digits).replace(/\.?0+$/, '')
  return text === '-0' ? '0' : text
}
