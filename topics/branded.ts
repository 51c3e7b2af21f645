declare const brand: unique symbol

/** A value whose type says that it has been checked: only the parser that checked it makes one. */
export type Branded<T, Name extends string> = T & { readonly [brand]: Name }
