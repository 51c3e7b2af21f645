import type { StickerPack } from '../protocol/index.js'

/** A pack as it is shown. */
export type ShelvedPack = StickerPack & { readonly id: number }

/** The packs of stickers that the operator has loaded. */
export interface StickerShelf {
  /** All of them by id, ascending; what was loaded or removed before the call is seen. @throws FilesOutage */
  packs(): Promise<readonly ShelvedPack[]>
}
