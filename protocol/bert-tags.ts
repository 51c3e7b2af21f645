/** Bytes of the Erlang external term format. @see Erlang/OTP, External Term Format */
export const versionByte = 131

export const newFloat = 70
export const smallInteger = 97
export const integer = 98
/** Float as 31 bytes of text; older peers send it. */
export const floatText = 99
export const atomLatin1 = 100
export const smallTuple = 104
export const largeTuple = 105
export const nil = 106
/** A list of bytes in short form. */
export const byteString = 107
export const list = 108
export const binary = 109
export const smallBig = 110
export const largeBig = 111
export const smallAtomLatin1 = 115
export const atomUtf8 = 118
export const smallAtomUtf8 = 119

/** Every byte that may follow the version byte, understood here or not; what tells external term format from MessagePack. */
export const termTags: ReadonlySet<number> = new Set([
  ...[68, 70, 77, 78, 80, 82, 88, 89, 90],
  ...[97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121],
])
