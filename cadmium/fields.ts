import type { JsonSchema } from '../protocol/index.js'
import { characters } from './base-message.js'

/** One member of a payload: what its value may be, as a check and as a schema that says the same as far as a schema can. */
export interface Field<T = unknown> {
  readonly schema: JsonSchema
  readonly isOptional: boolean
  /** EntityIDs stand in it: their grammar is checked after all shapes, in {@link entityTexts}. */
  readonly isEntity: boolean
  readonly takes: (value: unknown) => value is T
}

type Members = Readonly<Record<string, unknown>>

export interface TextRule {
  /** Characters, as code points. */
  readonly min?: number
  readonly max?: number
  /** Bytes of UTF-8. */
  readonly maxBytes?: number
  readonly pattern?: RegExp
  /** A name, an id, a key: U+0000 stands in none. */
  readonly isName?: boolean
}

function field<T>(schema: JsonSchema, takes: (value: unknown) => value is T, isEntity = false): Field<T> {
  return { schema, takes, isOptional: false, isEntity }
}

export function text({ min = 0, max, maxBytes, pattern, isName = false }: TextRule = {}): Field<string> {
  const schema = {
    type: 'string',
    ...(min > 0 ? { minLength: min } : {}),
    ...(max === undefined && maxBytes === undefined ? {} : { maxLength: max ?? maxBytes }),
    ...(pattern === undefined ? {} : { pattern: pattern.source }),
  }
  return field(schema, (value): value is string => {
    if (typeof value !== 'string') return false
    const length = characters(value)
    return (
      length >= min &&
      length <= (max ?? Infinity) &&
      Buffer.byteLength(value) <= (maxBytes ?? Infinity) &&
      (pattern === undefined || pattern.test(value)) &&
      !(isName && value.includes('\0'))
    )
  })
}

export function integer(min: number, max = Number.MAX_SAFE_INTEGER): Field<number> {
  return field(
    { type: 'integer', minimum: min, maximum: max },
    (value): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max,
  )
}

export const boolean: Field<boolean> = field({ type: 'boolean' }, (value): value is boolean => typeof value === 'boolean')

export function oneOf<const T extends string>(...words: readonly T[]): Field<T> {
  return field({ enum: words }, (value): value is T => (words as readonly unknown[]).includes(value))
}

/** The text of an EntityID. */
export const entity: Field<string> = field({ type: 'string', minLength: 1 }, (value): value is string => typeof value === 'string', true)

export function listOf<T>(of: Field<T>, min: number, max: number): Field<readonly T[]> {
  return field(
    { type: 'array', items: of.schema, minItems: min, maxItems: max },
    (value): value is readonly T[] => Array.isArray(value) && value.length >= min && value.length <= max && value.every(of.takes),
    of.isEntity,
  )
}

export function object<Fields extends FieldTable>(fields: Fields): Field<ValuesOf<Fields>> {
  return field(objectSchema(fields), (value): value is ValuesOf<Fields> => {
    const members = value as Members
    return typeof value === 'object' && value !== null && !Array.isArray(value) && wrongMemberOf(fields, members) === undefined
  })
}

/** May be left out, or null. */
export function optional<T>(of: Field<T>): Field<T | null | undefined> {
  return {
    schema: { anyOf: [of.schema, { type: 'null' }] },
    isOptional: true,
    isEntity: of.isEntity,
    takes: (value): value is T | null | undefined => value === undefined || value === null || of.takes(value),
  }
}

/** Members of a payload in the order in which they are checked. What is not named here is passed over. */
export type FieldTable = Readonly<Record<string, Field>>

export type ValuesOf<Fields extends FieldTable> = {
  readonly [Name in keyof Fields]: Fields[Name] extends Field<infer T> ? T : never
}

/** The first member that is missing or has a wrong value. */
export function wrongMemberOf(fields: FieldTable, members: Members): string | undefined {
  for (const [name, one] of Object.entries(fields)) if (!one.takes(Object.hasOwn(members, name) ? members[name] : undefined)) return name
  return undefined
}

/** Texts that have to be EntityIDs, with the member each stands in, in the order of the table. */
export function entityTexts(fields: FieldTable, members: Members): readonly (readonly [member: string, text: string])[] {
  return Object.entries(fields).flatMap(([name, one]) => {
    const value = Object.hasOwn(members, name) ? members[name] : undefined
    if (!one.isEntity || value === undefined || value === null) return []
    return (Array.isArray(value) ? value : [value]).map((text) => [name, text as string] as const)
  })
}

export function objectSchema(fields: FieldTable): JsonSchema & object {
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(fields).map(([name, { schema }]) => [name, schema])),
    required: Object.entries(fields).flatMap(([name, { isOptional }]) => (isOptional ? [] : [name])),
  }
}
