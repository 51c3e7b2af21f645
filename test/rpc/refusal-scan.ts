/**
 * Which codes each request can be refused with, read from the source: from the expression that makes a request's handler, every function and
 * constant it names is followed, and the codes written there are collected. A function that several requests share counts for all of them, so
 * the answer may name a code too many, and none too few as long as codes are written out where they are chosen.
 */
import { relative } from 'node:path'
import ts from 'typescript'
import { channelReasons, reasons } from '../../protocol/index.js'

/** Codes by request, `Friend/ban` or `init/`; the requests in the order of the dispatcher, the codes in that of the tables of codes. */
export type Refusals = ReadonlyMap<string, readonly string[]>

/** Codes that any request can be refused with, for reasons that lie outside of its handler. */
export const generalCodes: readonly string[] = ['unavailable', 'internal']

const order: readonly string[] = [...Object.keys(reasons), ...Object.keys(channelReasons)]
const codes: ReadonlySet<string> = new Set(order.filter((code) => !generalCodes.includes(code)))
/** Codes that are also the names of other things; they count only where nothing else can be meant. */
const ambiguous: ReadonlySet<string> = new Set(['nick', 'aws'])
/** What makes an answer of a code; without one of them a request is not refused, whatever the rights it asks about would say. */
const refusing: ReadonlySet<string> = new Set(['refuse', 'err', 'errorSide'])
/** Where it is decided how a request is answered. */
const isDecision = (file: string): boolean => /^(?:rpc|acl)\//.test(relative('.', file))

/** What one function or constant says itself, and what else it names. */
interface Finding {
  readonly codes: readonly string[]
  readonly refuses: boolean
  readonly uses: readonly ts.Node[]
}

interface Scan {
  readonly program: ts.Program
  readonly checker: ts.TypeChecker
  readonly known: Map<ts.Node, Finding>
}

/** Reads the routes of `rpc/dispatcher.ts` under the present folder. @throws if a route is written in a form that it cannot read */
export function scanRefusals(): Refusals {
  const config = ts.getParsedCommandLineOfConfigFile('tsconfig.json', {}, { ...ts.sys, onUnRecoverableConfigFileDiagnostic: fail })
  if (config === undefined) throw new Error('tsconfig.json cannot be read')
  const file = 'rpc/dispatcher.ts'
  const program = ts.createProgram([file], { ...config.options, noEmit: true, incremental: false })
  const scan: Scan = { program, checker: program.getTypeChecker(), known: new Map() }
  const source = program.getSourceFile(file)
  const routes = source?.statements
    .filter(ts.isVariableStatement)
    .flatMap((statement) => statement.declarationList.declarations)
    .find(({ name }) => name.getText() === 'routes')
  if (routes?.initializer === undefined) throw new Error(`${file} has no routes`)
  const found = routesIn(scan, routes.initializer).map(([name, expression]) => [name, codesOf(scan, expression)] as const)
  return new Map(found)
}

function fail(diagnostic: ts.Diagnostic): never {
  throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'))
}

/** Every route an expression holds: its name, and the expression that makes its handler. */
function routesIn(scan: Scan, expression: ts.Expression): readonly (readonly [name: string, handler: ts.Node])[] {
  const plain = withoutType(expression)
  if (ts.isArrayLiteralExpression(plain)) {
    return plain.elements.flatMap((element) => routesIn(scan, ts.isSpreadElement(element) ? element.expression : element))
  }
  if (ts.isObjectLiteralExpression(plain)) return routesOf(scan, plain)
  if (ts.isIdentifier(plain)) {
    const initializer = declarationsOf(scan, plain).find(ts.isVariableDeclaration)?.initializer
    if (initializer !== undefined) return routesIn(scan, initializer)
  }
  // Routes that are computed: their names are those of the type, and each has all the codes of the computation.
  const element = scan.checker.getIndexTypeOfType(scan.checker.getTypeAtLocation(plain), ts.IndexKind.Number)
  const [tags, requests] = [literalsOf(scan, element, 'tag', plain), literalsOf(scan, element, 'request', plain)]
  if (tags.length === 0 || requests.length === 0) throw new Error(`no routes can be read from ${plain.getText()}`)
  return tags.flatMap((tag) => requests.map((request) => [`${tag}/${request}`, plain] as const))
}

function routesOf(scan: Scan, route: ts.ObjectLiteralExpression): readonly (readonly [name: string, handler: ts.Node])[] {
  const type = scan.checker.getTypeAtLocation(route)
  const handler = route.properties.find((property) => property.name?.getText() === 'handler')
  if (handler === undefined) throw new Error(`no handler in ${route.getText()}`)
  const tags = literalsOf(scan, type, 'tag', route)
  const names = tags.flatMap((tag) => literalsOf(scan, type, 'request', route).map((request) => `${tag}/${request}`))
  if (names.length === 0) throw new Error(`no names can be read from ${route.getText()}`)
  return names.map((name) => [name, handler] as const)
}

function literalsOf(scan: Scan, type: ts.Type | undefined, name: string, at: ts.Node): readonly string[] {
  const property = type?.getProperty(name)
  if (property === undefined) return []
  return membersOf(scan.checker.getTypeOfSymbolAtLocation(property, at)).flatMap((one) => (one.isStringLiteral() ? [one.value] : []))
}

function membersOf(type: ts.Type): readonly ts.Type[] {
  return type.isUnion() ? type.types : [type]
}

function withoutType(expression: ts.Expression): ts.Expression {
  return ts.isAsExpression(expression) || ts.isSatisfiesExpression(expression) || ts.isParenthesizedExpression(expression)
    ? withoutType(expression.expression)
    : expression
}

function codesOf(scan: Scan, start: ts.Node): readonly string[] {
  const seen = new Set<ts.Node>([start])
  const collected = new Set<string>()
  let refuses = false
  for (const node of seen) {
    const finding = findingOf(scan, node)
    refuses ||= finding.refuses
    for (const code of finding.codes) collected.add(code)
    for (const use of finding.uses) seen.add(use)
  }
  return refuses ? order.filter((code) => collected.has(code)) : []
}

function findingOf(scan: Scan, node: ts.Node): Finding {
  const known = scan.known.get(node)
  if (known !== undefined) return known
  const said: string[] = []
  const uses: ts.Node[] = []
  let refuses = false
  const visit = (inner: ts.Node): void => {
    if (ts.isTypeNode(inner)) return
    if (ts.isStringLiteralLike(inner) && codes.has(inner.text) && isChosen(scan, inner)) said.push(inner.text)
    if (ts.isIdentifier(inner)) uses.push(...declarationsOf(scan, inner).filter(isCode))
    refuses ||=
      ts.isCallExpression(inner) &&
      refusing.has(inner.expression.getText()) &&
      !relative('.', inner.getSourceFile().fileName).startsWith('acl/')
    ts.forEachChild(inner, visit)
  }
  visit(node)
  const finding = { codes: said, refuses, uses }
  scan.known.set(node, finding)
  return finding
}

/** What an identifier stands for, in our own source. */
function declarationsOf({ checker, program }: Scan, name: ts.Identifier): readonly ts.Declaration[] {
  const found = ts.isShorthandPropertyAssignment(name.parent)
    ? checker.getShorthandAssignmentValueSymbol(name.parent)
    : checker.getSymbolAtLocation(name)
  const symbol = found !== undefined && (found.flags & ts.SymbolFlags.Alias) !== 0 ? checker.getAliasedSymbol(found) : found
  const isOurs = (file: ts.SourceFile): boolean => isDecision(file.fileName) && !program.isSourceFileFromExternalLibrary(file)
  return (symbol?.declarations ?? []).filter((declaration) => isOurs(declaration.getSourceFile()))
}

function isCode(declaration: ts.Declaration): boolean {
  if (ts.isVariableDeclaration(declaration) || ts.isPropertyAssignment(declaration)) return declaration.initializer !== undefined
  return ts.isFunctionDeclaration(declaration) || ts.isMethodDeclaration(declaration)
}

/** Whether a literal is a code that is chosen here, and not one that is compared with, or the name of something else. */
function isChosen({ checker }: Scan, literal: ts.StringLiteralLike): boolean {
  const { parent } = literal
  if (ts.isCallExpression(parent) && refusing.has(parent.expression.getText())) return parent.arguments[0] === literal
  const isCompared = ts.isBinaryExpression(parent) && /^[!=]==$/.test(parent.operatorToken.getText())
  if (isCompared || ts.isCaseClause(parent) || ts.isElementAccessExpression(parent)) return false
  if (ts.isPropertyAssignment(parent) && parent.name === literal) return false
  const expected = checker.getContextualType(literal)
  if (expected === undefined) return !ambiguous.has(literal.text)
  const members = membersOf(expected).filter((one) => (one.flags & ts.TypeFlags.StringLike) !== 0)
  return members.length > 0 && members.every((one) => one.isStringLiteral() && order.includes(one.value))
}

/** The text of rpc/refusals.ts. */
export function renderRefusals(refusals: Refusals): string {
  const lines = [...refusals]
    .filter(([, listed]) => listed.length > 0)
    .map(([name, listed]) => `  '${name}': [${listed.map(quoted).join(', ')}],`)
  return `/** With which codes the handler of each request refuses it. Made by \`npm run docs\` from the source of the handlers; a test compares it. */
export const refusals: Readonly<Record<string, readonly string[] | undefined>> = {
${lines.join('\n')}
}
`
}

function quoted(code: string): string {
  return `'${code}'`
}
