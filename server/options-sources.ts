import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { NamedOption } from './options-table.js'
import { tellsOfService } from './service-variables.js'

/** A value somebody gave for an option, before it is checked. */
export interface Setting {
  readonly option: NamedOption
  readonly value: unknown
  /** Where it stands, as the person who wrote it would look for it. */
  readonly from: string
}

/** What a source holds: settings, and what cannot be one. */
export interface SourceReading {
  readonly settings: readonly Setting[]
  readonly problems: readonly string[]
}

const defaultFile = 'nynja.config.json'
const maxFileBytes = 1_048_576
const prefix = 'NYNJA_'

/** Reads the named file, which must be there, or nynja.config.json if it is there. */
export function readFileSource(options: readonly NamedOption[], cwd: string, named: string | undefined): SourceReading {
  const file = named ?? defaultFile
  let text: string
  try {
    text = readFileSync(resolve(cwd, file), 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (named === undefined && code === 'ENOENT') return { settings: [], problems: [] }
    return { settings: [], problems: [`${file} cannot be read (${code ?? 'unknown error'})`] }
  }
  if (text.length > maxFileBytes) return { settings: [], problems: [`${file} is larger than ${maxFileBytes} bytes`] }
  return readFileText(options, file, text)
}

function readFileText(options: readonly NamedOption[], file: string, text: string): SourceReading {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch (error) {
    return { settings: [], problems: [`${file} is not JSON${lineOf(error, text)}`] }
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    return { settings: [], problems: [`${file} must hold one JSON object`] }
  }
  const byName = new Map<string, NamedOption>(options.map((option) => [option.name, option]))
  return sortOut(Object.entries(content), byName, (name) => `${name} in ${file}`)
}

/** Where it goes wrong, as far as the error tells; its words may quote from the file, which holds secrets. */
function lineOf(error: unknown, text: string): string {
  const position = /at position (\d+)/.exec(String(error))?.[1]
  return position === undefined ? '' : `: look at line ${text.slice(0, Number(position)).split('\n').length}`
}

/** What the environment holds beside options. */
export interface EnvironmentReading extends SourceReading {
  /** Variables that would be options, were they not an orchestrator's. */
  readonly passedOver: readonly string[]
}

/** Reads the variables that begin with NYNJA_. An empty one counts as not given; one that tells of a service of that name is no option. */
export function readEnvironmentSource(
  options: readonly NamedOption[],
  env: Readonly<Record<string, string | undefined>>,
): EnvironmentReading {
  const byVariable = new Map(options.map((option) => [option.variable, option]))
  const ours = Object.entries(env).flatMap(([name, value = '']) =>
    name.startsWith(prefix) && value !== '' ? [[name, value] as const] : [],
  )
  const given = ours.filter(([name, value]) => !tellsOfService(name, value))
  const passedOver = ours.filter(([name, value]) => byVariable.has(name) && tellsOfService(name, value)).map(([name]) => name)
  return { ...sortOut(given, byVariable, (name) => name), passedOver }
}

function sortOut(
  given: readonly (readonly [string, unknown])[],
  known: ReadonlyMap<string, NamedOption>,
  describe: (name: string) => string,
): SourceReading {
  const settings = given.flatMap(([name, value]) => {
    const option = known.get(name)
    return option === undefined ? [] : [{ option, value, from: describe(name) }]
  })
  const problems = given.filter(([name]) => !known.has(name)).map(([name]) => `${describe(name)} is not an option`)
  return { settings, problems }
}

/** What the command line asks for beside options. */
export interface FlagReading extends SourceReading {
  readonly wants: 'server' | 'help' | 'print-config'
  readonly configFile: string | undefined
}

/** Reads `--name value` and `--name=value`; beside the options there are --config, --print-config, --help and -h. */
export function readFlagSource(options: readonly NamedOption[], argv: readonly string[]): FlagReading {
  const byFlag = new Map(options.map((option) => [option.flag, option]))
  const plain = argv.filter(isPlainFlag)
  const valued = pairUp(
    argv.filter((word) => !isPlainFlag(word)),
    (flag) => flag === '--config' || byFlag.has(flag),
  )
  const settings = valued.flatMap(({ flag, value }) => {
    const option = byFlag.get(flag)
    return option === undefined || value === undefined ? [] : [{ option, value, from: flag }]
  })
  return {
    settings,
    problems: valued.flatMap(({ problem }) => problem ?? []).concat(repeats(valued)),
    wants: plain.some((word) => word !== '--print-config') ? 'help' : plain.length > 0 ? 'print-config' : 'server',
    configFile: valued.find(({ flag }) => flag === '--config')?.value,
  }
}

function isPlainFlag(word: string): boolean {
  return word === '--help' || word === '-h' || word === '--print-config'
}

interface FlagWord {
  readonly flag: string
  readonly value: string | undefined
  readonly problem: string | undefined
}

/** Gives each flag its value: what follows `=`, or the next word unless that is a flag itself. */
function pairUp(words: readonly string[], isKnown: (flag: string) => boolean): readonly FlagWord[] {
  const rest = [...words]
  const found: FlagWord[] = []
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const { flag, inline } = splitFlag(word)
    const value = inline ?? (flag.startsWith('--') && rest[0]?.startsWith('-') === false ? rest.shift() : undefined)
    if (!isKnown(flag)) found.push({ flag, value: undefined, problem: `${flag} is not an option` })
    else found.push({ flag, value, problem: value === undefined ? `${flag} needs a value` : undefined })
  }
  return found
}

function splitFlag(word: string): { readonly flag: string; readonly inline: string | undefined } {
  const at = word.startsWith('--') ? word.indexOf('=') : -1
  return at < 0 ? { flag: word, inline: undefined } : { flag: word.slice(0, at), inline: word.slice(at + 1) }
}

function repeats(words: readonly FlagWord[]): readonly string[] {
  const known = words.filter(({ value }) => value !== undefined).map(({ flag }) => flag)
  return [...new Set(known.filter((flag, index) => known.indexOf(flag) < index))].map((flag) => `${flag} is given twice`)
}
