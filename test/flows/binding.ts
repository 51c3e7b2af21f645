import { type Pattern, show, type Term } from './erlang-term.js'

/**
 * What the names in the patterns of a flow stand for. A *definition* is a pattern of its own (`SA`, `K`); a *binding* is the term a variable
 * has met first. `T…` is a time of this run in ms; `M…` a message id, greater than all before it; `N…` a member
 * id; `_` is anything.
 */
export interface Bindings {
  define(name: string, pattern: Pattern): void
  bind(name: string, term: Term): void
  /** Binds what is new in the pattern. @returns why the term does not fit, undefined if it does */
  match(pattern: Pattern, term: Term): string | undefined
  /** The term a pattern stands for; a time not yet bound becomes the present one. @throws if another variable is not bound */
  resolve(pattern: Pattern): Term
}

const clockSlackMs = 1_000

/** `D(x)` of flows.md: a Desc of text. */
function expand(name: string, item: Pattern): Pattern {
  if (name !== 'D') throw new ReferenceError(`no macro ${name}`)
  const [desc, id, mime]: Term[] = [
    { kind: 'atom', name: 'Desc' },
    { kind: 'binary', text: 'd' },
    { kind: 'binary', text: 'text' },
  ]
  const none: Term = { kind: 'list', items: [] }
  return { kind: 'tuple', items: [desc!, id!, mime!, item, { kind: 'integer', value: 0 }, none, none] }
}

export function newBindings(): Bindings {
  const definitions = new Map<string, Pattern>()
  let bound = new Map<string, Term>()
  const startedAt = Date.now()

  function checkNew(name: string, term: Term, known: ReadonlyMap<string, Term>): string | undefined {
    if (/^T[A-Z]?\d*$/.test(name)) {
      const isTime = term.kind === 'integer' && term.value >= startedAt - clockSlackMs && term.value <= Date.now() + clockSlackMs
      return isTime ? undefined : `${name} is no time of this run: ${show(term)}`
    }
    if (/^N\d+$/.test(name)) return term.kind === 'integer' ? undefined : `${name} is no member id: ${show(term)}`
    if (!/^M\d+$/.test(name)) return undefined
    if (term.kind !== 'integer') return `${name} is no message id: ${show(term)}`
    for (const [other, id] of known) {
      if (/^M\d+$/.test(other) && id.kind === 'integer' && id.value >= term.value)
        return `${name} (${show(term)}) is not after ${other} (${show(id)})`
    }
    return undefined
  }

  function fit(pattern: Pattern, term: Term, known: Map<string, Term>): string | undefined {
    switch (pattern.kind) {
      case 'variable': {
        if (pattern.name === '_') return undefined
        const stands = definitions.get(pattern.name) ?? known.get(pattern.name)
        if (stands !== undefined) {
          const because = fit(stands, term, known)
          return because === undefined ? undefined : `${pattern.name}: ${because}`
        }
        const because = checkNew(pattern.name, term, known)
        if (because === undefined) known.set(pattern.name, term)
        return because
      }
      case 'call':
        return fit(expand(pattern.name, pattern.item), term, known)
      case 'list':
      case 'tuple': {
        if (term.kind !== pattern.kind || term.items.length !== pattern.items.length) break
        for (const [i, item] of pattern.items.entries()) {
          const because = fit(item, term.items[i]!, known)
          if (because !== undefined) return `${i === 0 ? '' : `field ${String(i)}: `}${because}`
        }
        return undefined
      }
      default:
        if (show(pattern) === show(term) && pattern.kind === term.kind) return undefined
    }
    return `expected ${show(pattern)}, got ${show(term)}`
  }

  function resolve(pattern: Pattern): Term {
    switch (pattern.kind) {
      case 'variable': {
        const stands = definitions.get(pattern.name) ?? bound.get(pattern.name)
        if (stands !== undefined) return resolve(stands)
        if (!/^T[A-Z]?\d*$/.test(pattern.name)) throw new ReferenceError(`${pattern.name} is not bound`)
        const now: Term = { kind: 'integer', value: Date.now() }
        bound.set(pattern.name, now)
        return now
      }
      case 'call':
        return resolve(expand(pattern.name, pattern.item))
      case 'list':
      case 'tuple':
        return { kind: pattern.kind, items: pattern.items.map(resolve) }
      default:
        return pattern
    }
  }

  return {
    define: (name, pattern) => void definitions.set(name, pattern),
    bind: (name, term) => void bound.set(name, term),
    match(pattern, term) {
      const known = new Map(bound)
      const because = fit(pattern, term, known)
      if (because === undefined) bound = known
      return because
    },
    resolve,
  }
}
