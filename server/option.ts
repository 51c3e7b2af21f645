import type { OptionKind } from './options-kinds.js'

export interface Description<T> {
  readonly default: T
  /** How the default reads where it differs from machine to machine, or is nothing. */
  readonly shownDefault?: string
  readonly unit?: string
  /** What it does, and what happens at a limit. */
  readonly about: string
}

/** One option. Its names follow from its key in the table: `mqttPort` is NYNJA_MQTT_PORT and --mqtt-port. */
export interface Option<T> extends Description<T> {
  readonly kind: OptionKind<T>
}

export function option<T>(kind: OptionKind<T>, description: Description<NoInfer<T>>): Option<T> {
  return { kind, ...description }
}

/** An option without a default. */
export function optional<T>(kind: OptionKind<T>, about: string): Option<T | undefined> {
  const { schema, form, placeholder, show } = kind
  return {
    kind: { schema, form, placeholder, show: (value) => (value === undefined ? undefined : show(value)) },
    default: undefined,
    shownDefault: 'none',
    about,
  }
}
