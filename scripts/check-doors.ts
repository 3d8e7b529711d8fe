// The dependency rules that a linter's list of names cannot say: they need resolved paths, a default of "no", or a look at the code.
// (Which package may name which is biome's noRestrictedImports, in biome.json.)
import { globSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, normalize } from 'node:path/posix'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'

const bbb = 'packages/bbb-client/src/'
const lms = 'packages/lms-conferencing/src/'

/** The libraries our published code may import, each with the only places that may. A folder ends in a slash. */
const doors: Readonly<Record<string, readonly string[]>> = {
  // msw does not see undici by itself; showing it is what msw.ts is for.
  undici: [`${bbb}http/undici.ts`, `${bbb}msw.ts`],
  saxes: [`${bbb}xml.ts`, `${bbb}testing/`],
  'fast-xml-parser': [`${bbb}xml.ts`, `${bbb}testing/`],
  zod: [`${bbb}api/`, `${bbb}config.ts`, `${bbb}webhooks/`, `${lms}http/`, `${lms}providers/`],
  commander: [`${bbb}cli/`, `${lms}cli/`],
  'ical-generator': [`${lms}calendar.ts`],
  msw: [`${bbb}msw.ts`, `${lms}msw.ts`],
  kysely: [`${lms}sql/`, `${lms}migration/lms/`],
  pg: [`${lms}sql/`],
  'pg-boss': [`${lms}pg-boss.ts`],
  'socket.io': [`${lms}realtime/`],
  hono: [`${lms}http/`],
  '@aws-sdk/client-s3': [`${lms}s3.ts`],
  '@opentelemetry/api': [`${lms}otel.ts`],
  '@hono/zod-openapi': [`${lms}http/`],
  'bbb-client': [`${lms}providers/`],
  vitest: [`${lms}testing/`],
}

/** Folders that see nothing of their own package but these places, and why. */
const closedRooms = [
  {
    room: `${bbb}testing/`,
    sees: [`${bbb}testing/`],
    why: 'the fake server is no witness if it shares code with the client',
  },
  {
    room: `${lms}attendance/`,
    sees: [`${lms}attendance/`, `${lms}model.ts`],
    why: 'attendance knows the model and nothing else',
  },
]

/** Modules that must give the same answer for the same arguments: no I/O, clock or randomness, nor in what they import. */
const pureModules = [
  /^packages\/bbb-client\/src\/(checksum|query)\.ts$/,
  /^packages\/bbb-client\/src\/http\/retry[^/]*\.ts$/,
  /^packages\/lms-conferencing\/src\/attendance\//,
  /^packages\/lms-conferencing\/src\/migration\/(columns|counts|decide|digest|evidence|judge|report|time)\.ts$/,
  /^packages\/lms-conferencing\/src\/migration\/rollout\/choose\.ts$/,
  /^packages\/lms-conferencing\/src\/providers\/[^/]+\/map\.ts$/,
]
/** What pure modules may import from elsewhere. */
const pureImports: Readonly<Record<string, readonly string[]>> = {
  'node:buffer': ['Buffer'],
  'node:crypto': ['hash', 'createHash', 'createHmac', 'timingSafeEqual'],
  zod: ['z'],
}
const impureGlobals = new Set(
  'process performance fetch console crypto setTimeout setInterval setImmediate queueMicrotask'.split(' '),
)
const builtinPrototypes = new Set(
  'Object Array String Number Boolean Function Promise Date Map Set RegExp Error Buffer Uint8Array'.split(' '),
)

export interface Finding {
  readonly file: string
  readonly line: number
  readonly message: string
}

interface Import {
  readonly specifier: string
  readonly line: number
  /** False when the import leaves no trace in the emitted JavaScript. */
  readonly isValue: boolean
  /** The imported names, or undefined for everything. */
  readonly names: readonly string[] | undefined
}

interface Module {
  readonly imports: readonly Import[]
  /** What this module does that no published code may. */
  readonly unhygienic: readonly Omit<Finding, 'file'>[]
  /** What this module does that no pure module may. */
  readonly impure: readonly Omit<Finding, 'file'>[]
}

/** Checks every source file of the packages, given as repository path → text. */
export function checkDoors(files: ReadonlyMap<string, string>): Finding[] {
  const modules = new Map([...files].map(([file, text]) => [file, readModule(file, text)]))
  const findings: Finding[] = []
  for (const [file, module] of modules) {
    for (const one of module.imports) {
      const message = forbiddenImport(file, one.specifier)
      if (message) findings.push({ file, line: one.line, message })
    }
    for (const one of module.unhygienic) findings.push({ file, ...one })
  }
  return [...findings, ...impurities(modules)]
}

function forbiddenImport(file: string, specifier: string): string | undefined {
  const source = file.slice(0, file.indexOf('/src/') + '/src/'.length)
  if (specifier.startsWith('.')) {
    const target = resolve(file, specifier)
    if (!target.startsWith(source)) return `${specifier} leaves the package: import it by its name`
    const closed = closedRooms.find(({ room }) => file.startsWith(room))
    if (closed && !isIn(target, closed.sees)) return `${specifier} is outside ${closed.room}: ${closed.why}`
    return undefined
  }
  if (isBuiltin(specifier)) return undefined
  const library = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  if (source === `packages/${library}/src/`) return `${specifier} is this package itself: use a relative path`
  const places = doors[library]
  if (!places) return `${library} has no door: name the one place that may import it in scripts/check-doors.ts`
  return isIn(file, places) ? undefined : `${library} may be imported only by ${places.join(', ')}`
}

/** Follows the pure modules into everything they load, so that a clock cannot hide one import further down. */
function impurities(modules: ReadonlyMap<string, Module>): Finding[] {
  const findings = new Map<string, Finding>()
  const visit = (file: string, root: string, seen: Set<string>): void => {
    const module = modules.get(file)
    if (!module || seen.has(file)) return
    seen.add(file)
    const add = (line: number, what: string): void => {
      const key = `${file}:${line}:${what}`
      const because = file === root ? 'this module is pure' : `the pure ${root} loads this module`
      if (!findings.has(key)) findings.set(key, { file, line, message: `${what}, but ${because}` })
    }
    for (const one of module.impure) add(one.line, one.message)
    for (const { specifier, line, isValue, names } of module.imports) {
      if (!isValue) continue
      if (specifier.startsWith('.')) visit(resolve(file, specifier), root, seen)
      else {
        const allowed = pureImports[specifier]
        if (!allowed || !names?.every(name => allowed.includes(name))) add(line, `imports ${specifier}`)
      }
    }
  }
  for (const file of modules.keys()) {
    if (pureModules.some(pattern => pattern.test(file))) visit(file, file, new Set())
  }
  return [...findings.values()]
}

function readModule(file: string, text: string): Module {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const imports: Import[] = []
  const unhygienic: Omit<Finding, 'file'>[] = []
  const impure: Omit<Finding, 'file'>[] = []
  const lineOf = (node: ts.Node): number => source.getLineAndCharacterOfPosition(node.getStart()).line + 1
  const mayExit = file.includes('/src/cli/')
  // A tool for tests, which puts back what it changed.
  const mayDispatch = file === `${bbb}msw.ts`

  const visit = (node: ts.Node): void => {
    const line = lineOf(node)
    const found = importOf(node)
    if (found) imports.push({ ...found, line })
    const bad = unhygienicUse(node)
    const allowed = (bad === 'process.exit' && mayExit) || (bad === 'setGlobalDispatcher' && mayDispatch)
    if (bad && !allowed) unhygienic.push({ line, message: `${bad} is not for a library` })
    const what = impureUse(node)
    if (what) impure.push({ line, message: `uses ${what}` })
    ts.forEachChild(node, visit)
  }
  visit(source)
  return { imports, unhygienic, impure }
}

function importOf(node: ts.Node): Omit<Import, 'line'> | undefined {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    const clause = node.importClause
    const bindings = clause?.namedBindings
    const named = bindings && ts.isNamedImports(bindings) ? bindings.elements.filter(one => !one.isTypeOnly) : undefined
    const names = clause?.name ? undefined : named?.map(one => (one.propertyName ?? one.name).text)
    // Only `import type` loads nothing: `import { type A }` still runs the module.
    const isType = clause?.phaseModifier === ts.SyntaxKind.TypeKeyword
    return { specifier: node.moduleSpecifier.text, isValue: !isType, names }
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
    return { specifier: node.moduleSpecifier.text, isValue: !node.isTypeOnly, names: undefined }
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
    return { specifier: node.argument.literal.text, isValue: false, names: undefined }
  }
  if (!ts.isCallExpression(node)) return undefined
  const loads = node.expression.kind === ts.SyntaxKind.ImportKeyword || isNamed(node.expression, 'require')
  const [argument] = node.arguments
  if (!loads || !argument || !ts.isStringLiteralLike(argument)) return undefined
  return { specifier: argument.text, isValue: true, names: undefined }
}

/** `eval`, exits, global state: T58. */
function unhygienicUse(node: ts.Node): string | undefined {
  if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
    const { expression } = node
    for (const name of ['eval', 'Function']) if (isNamed(expression, name)) return name
    if (
      expression.kind === ts.SyntaxKind.ImportKeyword &&
      !(node.arguments?.[0] && ts.isStringLiteralLike(node.arguments[0]))
    ) {
      return 'import() of a computed name'
    }
    // Object.defineProperty(Array.prototype, …) and its relatives.
    const target = node.arguments?.[0]
    if (
      ts.isPropertyAccessExpression(expression) &&
      isNamed(expression.expression, 'Object') &&
      target &&
      isBuiltinPrototype(target)
    ) {
      return 'changing a built-in prototype'
    }
  }
  if (isMember(node, 'process', 'exit')) return 'process.exit'
  if (ts.isIdentifier(node) && node.text === 'setGlobalDispatcher') return 'setGlobalDispatcher'
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.EqualsToken) {
    const { left } = node
    const changed =
      ts.isPropertyAccessExpression(left) || ts.isElementAccessExpression(left) ? left.expression : undefined
    if (changed && isBuiltinPrototype(changed)) return 'changing a built-in prototype'
  }
  return undefined
}

function impureUse(node: ts.Node): string | undefined {
  if (isMember(node, 'Date', 'now')) return 'Date.now'
  if (isMember(node, 'Math', 'random')) return 'Math.random'
  if (ts.isNewExpression(node) && isNamed(node.expression, 'Date') && !node.arguments?.length) return 'new Date()'
  if (ts.isCallExpression(node) && isNamed(node.expression, 'Date')) return 'Date()'
  if (!ts.isIdentifier(node) || !impureGlobals.has(node.text)) return undefined
  const { parent } = node
  const isOnlyAName =
    ts.isPropertyAccessExpression(parent) ||
    ts.isPropertyAssignment(parent) ||
    ts.isTypeElement(parent) ||
    ts.isClassElement(parent)
      ? parent.name === node
      : false
  return isOnlyAName ? undefined : node.text
}

function isNamed(node: ts.Node, name: string): boolean {
  return ts.isIdentifier(node) && node.text === name
}

function isMember(node: ts.Node, object: string, member: string): boolean {
  return ts.isPropertyAccessExpression(node) && isNamed(node.expression, object) && node.name.text === member
}

function isBuiltinPrototype(node: ts.Node): boolean {
  return (
    ts.isPropertyAccessExpression(node) &&
    node.name.text === 'prototype' &&
    ts.isIdentifier(node.expression) &&
    builtinPrototypes.has(node.expression.text)
  )
}

function resolve(file: string, specifier: string): string {
  return normalize(join(dirname(file), specifier))
}

function isIn(file: string, places: readonly string[]): boolean {
  return places.some(place => (place.endsWith('/') ? file.startsWith(place) : file === place))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const root = dirname(import.meta.dirname)
  const files = new Map(
    globSync('packages/*/src/**/*.ts', { cwd: root })
      .sort()
      .map(file => [file, readFileSync(join(root, file), 'utf8')]),
  )
  const findings = checkDoors(files)
  for (const { file, line, message } of findings) console.error(`${file}:${line}: ${message}`)
  console.log(`${files.size} files, ${findings.length} broken rules`)
  process.exitCode = findings.length > 0 || files.size === 0 ? 1 : 0
}
