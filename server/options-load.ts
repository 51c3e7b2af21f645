import { contradictions } from './options-rules.js'
import { printConfig, renderHelp } from './options-pages.js'
import { readEnvironmentSource, readFileSource, readFlagSource, type Setting } from './options-sources.js'
import { namedSections, type NamedOption, type OptionName, type Options } from './options-table.js'

/** What the command line, the environment and the file come to. */
export type LoadedOptions =
  /** `passedOver`: variables with the name of an option that an orchestrator has set to tell of a service. */
  | { readonly kind: 'options'; readonly options: Options; readonly passedOver: readonly string[] }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'print'; readonly text: string }
  | { readonly kind: 'problems'; readonly problems: readonly string[] }

/** Exit code of a server whose options cannot be used (EX_CONFIG of sysexits). */
export const configurationExitCode = 78

const maxShownCharacters = 60

/**
 * Reads the options: defaults, then the file, then the environment, then flags; the later wins. Nothing is thrown: whatever is wrong, in any
 * source, comes back as one list of problems, which shows no secret.
 * @param argv the arguments after the program's name
 * @param cwd the folder in which nynja.config.json is looked for and relative paths start
 */
export function loadOptions(argv: readonly string[], env: Readonly<Record<string, string | undefined>>, cwd: string): LoadedOptions {
  const sections = namedSections(cwd)
  const named = sections.flatMap(({ options }) => options)
  const flags = readFlagSource(named, argv)
  if (flags.wants === 'help') return { kind: 'help', text: renderHelp(sections) }

  const environment = readEnvironmentSource(named, env)
  const sources = [readFileSource(named, cwd, flags.configFile), environment, flags]
  const settings = sources.flatMap((source) => source.settings)
  const checked = settings.map(check)
  const options = settle(named, checked)
  const problems = [...sources.flatMap((source) => source.problems), ...checked.flatMap(({ problem }) => problem ?? [])]
  // Rules compare values that are right by themselves; a bad one would only add noise.
  if (problems.length === 0) problems.push(...contradictions(options, new Set(settings.map(({ option }) => option.name))))
  if (problems.length > 0) return { kind: 'problems', problems }
  if (flags.wants === 'print-config') return { kind: 'print', text: printConfig(sections, options) }
  return { kind: 'options', options, passedOver: environment.passedOver }
}

interface Checked {
  readonly name: OptionName
  readonly value: unknown
  readonly problem: string | undefined
}

function check({ option: { name, kind }, value, from }: Setting): Checked {
  const result = kind.schema.safeParse(value)
  if (result.success) return { name, value: result.data, problem: undefined }
  return { name, value: undefined, problem: `${from} must be ${kind.form}${kind.isSecret ? '' : `, not ${shown(value)}`}` }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > maxShownCharacters ? `${text.slice(0, maxShownCharacters)}…` : text
}

function settle(named: readonly NamedOption[], checked: readonly Checked[]): Options {
  const values = new Map<OptionName, unknown>(named.map((option) => [option.name, option.default]))
  for (const { name, value, problem } of checked) if (problem === undefined) values.set(name, value)
  const given = new Set(checked.map(({ name }) => name))
  for (const [name, value] of dependentDefaults(values)) if (!given.has(name)) values.set(name, value)
  // Each value has just been checked by the schema from which the type of its name derives.
  return deepFreeze(Object.fromEntries(values)) as unknown as Options
}

/** Defaults that rest on other options: no TLS without a key for it, no body in a GET. A value that somebody gave stays. */
function dependentDefaults(values: ReadonlyMap<OptionName, unknown>): readonly (readonly [OptionName, unknown])[] {
  return [
    ...(values.get('tlsKey') === undefined ? [['tlsPort', 'off'] as const] : []),
    ...smtpPort(values.get('smtpSecurity')),
    ...(values.get('smsGateway') === 'custom' ? [] : [['sms', 'http'] as const]),
    ...(values.get('voiceGateway') === 'custom' ? [] : [['voice', 'http'] as const]),
    ...(values.get('smsMethod') === 'GET' ? [['smsBody', ''] as const] : []),
    ...(values.get('voiceMethod') === 'GET' ? [['voiceBody', ''] as const] : []),
  ]
}

/** The usual port of a mail server, where it is not that of STARTTLS. */
function smtpPort(security: unknown): readonly (readonly [OptionName, unknown])[] {
  return security === 'tls' ? [['smtpPort', 465]] : security === 'none' ? [['smtpPort', 25]] : []
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value) as unknown[]) if (typeof part === 'object' && part !== null) deepFreeze(part)
  return Object.freeze(value)
}
