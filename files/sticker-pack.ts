import { z } from 'zod'

/** Stickers of one pack, so that it fits one answer. */
const maxStickers = 120
const maxKeywords = 32

const line = (most: number): z.ZodString => z.string().min(1).max(most)
const id = z.int().min(1).max(2_147_483_647)
const words = z.array(line(32)).max(maxKeywords)
const webUrl = z.url({ protocol: /^https?$/ }).max(2_048)
/** A name in the folder itself. */
const plainName = z.string().regex(/^[^/\\\p{C}]{1,100}$/u, 'is the name of a file in the folder of the pack')

const head = {
  id,
  name: line(64),
  keywords: words.default([]),
  description: z.string().max(255).default(''),
  author: z.string().max(64).default(''),
}

/** A pack as an operator writes it, in `pack.json`: each sticker is a picture beside it, or a URL. @see docs/stickers.md */
export const packSource = z.strictObject({
  ...head,
  stickers: z
    .array(
      z
        .strictObject({ file: plainName.optional(), url: webUrl.optional(), emoji: line(32).optional() })
        .refine(({ file, url }) => (file === undefined) !== (url === undefined), 'has either a file or a url'),
    )
    .min(1)
    .max(maxStickers),
})
export type PackSource = z.infer<typeof packSource>

/** A pack on the shelf. */
export const shelvedPack = z.object({
  ...head,
  created: z.int(),
  updated: z.int(),
  stickers: z.array(
    z.object({
      /** Of the file, where it is one of ours. */
      key: z.string().optional(),
      url: z.string().optional(),
      /** SHA-256 of the file, hex: the same picture is stored once. */
      sum: z.string().optional(),
      filename: z.string(),
      size: z.int(),
      emoji: z.string().optional(),
    }),
  ),
})
export type PackOnShelf = z.infer<typeof shelvedPack>
export type StickerOnShelf = PackOnShelf['stickers'][number]
