import { namedSections, type NamedOption, type OptionSection, type Options } from './options-table.js'

/** The text of `--help`. */
export function renderHelp(sections: readonly OptionSection[]): string {
  const lines = sections.flatMap(({ title, options }) => ['', `${title}:`, ...options.flatMap(helpLines)])
  return [
    'Usage: nynja-broker [options]',
    '',
    'Options come from nynja.config.json, from the environment and from flags; the later wins.',
    '',
    '  --config <path>   read this file instead of nynja.config.json',
    '  --print-config    print the options in effect as JSON, secrets masked, and exit',
    '  -h, --help        print this and exit',
    ...lines,
    '',
  ].join('\n')
}

function helpLines({ flag, variable, kind, unit, about, ...rest }: NamedOption): readonly string[] {
  const inUnit = unit === undefined ? '' : ` (${unit})`
  return [`  ${flag} <${kind.placeholder}>${inUnit}   default ${shownDefault(rest)}   ${variable}`, `      ${about}`]
}

function shownDefault({ shownDefault, default: value }: Pick<NamedOption, 'shownDefault' | 'default'>): string {
  return shownDefault ?? (typeof value === 'string' ? value : JSON.stringify(value))
}

/** The options in effect, as a nynja.config.json would hold them; a secret reads `***`. */
export function printConfig(sections: readonly OptionSection[], options: Options): string {
  const values = sections.flatMap((section) => section.options.map((option) => [option.name, configValue(option, options[option.name])]))
  return `${JSON.stringify(Object.fromEntries(values), null, 2)}\n`
}

function configValue({ kind, default: byDefault }: NamedOption, value: unknown): unknown {
  const isKnownText = typeof value === 'string' && value !== '' && value === byDefault
  return isKnownText ? value : kind.show(value)
}

/** docs/reference/options.md, the same on every machine. */
export function renderOptionsReference(): string {
  const sections = namedSections('/').flatMap(({ title, options }) => [
    `## ${title}`,
    '',
    '| in the file | environment | flag | value | default | what it does |',
    '| --- | --- | --- | --- | --- | --- |',
    ...options.map(referenceRow),
    '',
  ])
  return [...introduction, ...sections].join('\n')
}

const introduction = [
  '# Options',
  '',
  'Made from the table in `server/options-table.ts` by `npm run docs`; a test compares the two.',
  '',
  '- Options come from the file `nynja.config.json` in the folder the server is started in (or `--config PATH`), from the environment and from flags; the later wins.',
  '- The file is one JSON object. A flag is written `--name value` or `--name=value`. An empty environment variable counts as not given.',
  '- An unknown key, an unknown variable that begins with `NYNJA_`, an unknown flag, a bad value and options that contradict each other stop the server at',
  '  start: all problems are printed at once and the exit code is 78.',
  '- Variables that Kubernetes gives containers for Services named `nynja…` (`NYNJA_SERVICE_HOST`, `NYNJA_PORT_1883_TCP_ADDR`, …) are no options, not even',
  '  where they have the name of one: a port that is a `tcp://` or `udp://` address is such a variable. The log names those (`variables-passed-over`).',
  '- SIGHUP has the file, and the files of TLS, read again. What changes while the server runs: `logLevel`, `connectsPerSecond`, `connectsBurst`,',
  '  `registrationsPerHour`, the four `codes…`, `wrongCodesAddressDay`, `publishesPerSecond`, `maxConnections`, the three `unproven…`, `drainTimeoutMs`, `drainRate`, and',
  '  `tlsKey` and `tlsCert` where TLS is on. The log names what does not (`reload-incomplete`), and says why nothing was changed (`reload-refused`).',
  '- `--print-config` prints the options in effect as JSON with secrets masked as `***`, `--help` prints this table in short.',
  '- Secrets belong in the file or the environment: flags can be read by every user of the machine.',
  '',
]

function referenceRow({ name, variable, flag, kind, unit, about, ...rest }: NamedOption): string {
  const value = unit === undefined ? kind.form : `${kind.form}; ${unit}`
  return `| ${[`\`${name}\``, `\`${variable}\``, `\`${flag}\``, value, codeOrWords(rest), about].map(escapeCell).join(' | ')} |`
}

function codeOrWords(option: Pick<NamedOption, 'shownDefault' | 'default'>): string {
  return option.shownDefault ?? `\`${shownDefault(option)}\``
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|')
}
