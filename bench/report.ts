/** What a scenario found: one line of the table. */
export interface Row {
  readonly scenario: string
  readonly measure: string
  readonly unit: string
  /** Ours. */
  readonly value: number | undefined
  /** What it is compared with; absent for a bound on the value itself. */
  readonly against?: { readonly name: string; readonly value: number }
  /** Where it is not that of the two values. */
  readonly ratio?: number
  /** On the ratio if there is something to compare with, otherwise on the value. */
  readonly bound?: Bound
  /** Other programs took so much of the machine that the figure proves nothing, either way. */
  readonly isDisturbed?: boolean
}

export type Bound = { readonly kind: 'at least' | 'at most'; readonly value: number }

export const atLeast = (value: number): Bound => ({ kind: 'at least', value })
export const atMost = (value: number): Bound => ({ kind: 'at most', value })

export type Verdict = 'met' | 'missed' | 'not measured' | ''

export function ratioOf({ value, against, ratio }: Row): number | undefined {
  if (ratio !== undefined) return ratio
  return value === undefined || against === undefined ? undefined : value / against.value
}

export function verdictOf(row: Row): Verdict {
  if (row.bound === undefined) return ''
  const judged = row.against === undefined ? row.value : ratioOf(row)
  // A peer that died proves nothing; our own server missed its goal.
  if (judged === undefined || Number.isNaN(row.against?.value)) return 'not measured'
  const holds = row.bound.kind === 'at least' ? judged >= row.bound.value : judged <= row.bound.value
  return holds ? 'met' : 'missed'
}

/** The rows as an aligned table in Markdown. */
export function table(rows: readonly Row[]): string {
  const head = ['scenario', 'measure', 'unit', 'nynja', 'against', 'theirs', 'ratio', 'goal', '']
  const lines = [head, ...rows.map(cells)]
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const isNumeric = (column: number): boolean => [3, 5, 6].includes(column)
  const draw = (line: readonly string[]): string =>
    `| ${line.map((cell, column) => (isNumeric(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join(' | ')} |`
  const rule = `| ${widths.map((width, column) => '-'.repeat(width - (isNumeric(column) ? 1 : 0)) + (isNumeric(column) ? ':' : '')).join(' | ')} |`
  return [draw(head), rule, ...lines.slice(1).map(draw)].join('\n')
}

function cells(row: Row): string[] {
  const ratio = ratioOf(row)
  return [
    row.scenario,
    row.measure,
    row.unit,
    row.value === undefined ? '-' : figure(row.value),
    row.against?.name ?? '',
    row.against === undefined ? '' : figure(row.against.value),
    ratio === undefined || Number.isNaN(ratio) ? '' : `${ratio.toFixed(2)}x`,
    goal(row),
    row.isDisturbed === true ? `${verdictOf(row)} (disturbed)`.trim() : verdictOf(row),
  ]
}

function goal({ bound, against, unit }: Row): string {
  if (bound === undefined) return ''
  return `${bound.kind} ${bound.value}${against === undefined ? ` ${unit}` : 'x'}`
}

/** A server that died has none. */
function figure(value: number): string {
  return Number.isNaN(value) ? 'died' : rounded(value)
}

function rounded(value: number): string {
  return value >= 1_000 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3)
}
