// Compiles every ```ts block of the documentation and of the packages' TSDoc, strictly, against the sources.
// Each block is a module of its own, in the folder of the file it stands in. What a block may take for granted (`bbb`, `secret`, …)
// is declared once for all of them in docs/snippets.d.ts; everything else it imports. TSDoc sees the exports of its own file and docs/tsdoc.d.ts too.
import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'

export interface Block {
  /** The file that holds the block. */
  readonly file: string
  /** Line of its first line of code, from 1. */
  readonly line: number
  readonly code: string
  /** Names exported by the file itself: the block uses them without importing them. */
  readonly ownNames?: readonly string[]
}

export interface Finding {
  readonly file: string
  readonly line: number
  readonly message: string
}

const documents = ['README.md', 'docs/**/*.md', 'packages/*/README.md', 'examples/*/README.md']
const sources = 'packages/*/src/**/*.ts'
const fence = /^(\s*)```(.*)$/
/** Names of our language that would let a block pass unread. */
const otherNames = new Set(['typescript', 'tsx', 'js', 'javascript', 'mjs'])

/** Finds the ```ts blocks of a Markdown text, and the fences that hide from the compiler. */
export function blocksOf(file: string, markdown: string): { blocks: Block[]; findings: Finding[] } {
  const blocks: Block[] = []
  const findings: Finding[] = []
  let open: { language: string; indent: string; line: number; code: string[] } | undefined
  for (const [index, text] of markdown.split('\n').entries()) {
    const [, indent = '', info = ''] = fence.exec(text) ?? []
    if (open) {
      if (!fence.test(text)) open.code.push(text.startsWith(open.indent) ? text.slice(open.indent.length) : text)
      else {
        if (open.language === 'ts') blocks.push({ file, line: open.line, code: open.code.join('\n') })
        open = undefined
      }
    } else if (fence.test(text)) {
      const [language = '', ...rest] = info.trim().split(/\s+/)
      open = { language, indent, line: index + 2, code: [] }
      const message = otherNames.has(language)
        ? `\`\`\`${language}: write \`\`\`ts, so that the block is compiled`
        : language === 'ts' && rest.length > 0
          ? `\`\`\`ts ${rest.join(' ')}: no block is left out`
          : undefined
      if (message) findings.push({ file, line: index + 1, message })
    }
  }
  if (open) findings.push({ file, line: open.line - 1, message: 'this block is never closed' })
  return { blocks, findings }
}

/** Reads the blocks of a source's documentation comments. An `@example` without a fence is code as a whole, as editors show it. */
export function blocksOfComments(file: string, source: string): { blocks: Block[]; findings: Finding[] } {
  const blocks: Block[] = []
  const findings: Finding[] = []
  const ownNames = exportsOf(source)
  for (const { 0: comment, index } of source.matchAll(/^[ \t]*\/\*\*[\s\S]*?\*\//gm)) {
    const before = source.slice(0, index).split('\n').length - 1
    const text = comment.replace(/^[ \t]*\/\*\*|[ \t]*\*\/$/g, '').replace(/^[ \t]*\* ?/gm, '')
    const found = blocksOf(file, text)
    blocks.push(...found.blocks.map(block => ({ ...block, line: block.line + before, ownNames })))
    findings.push(...found.findings.map(finding => ({ ...finding, line: finding.line + before })))
    let line = before + 1
    for (const section of text.split(/^(?=[ \t]*@)/m)) {
      const [, code] = /^\s*@example\b([\s\S]*)$/.exec(section) ?? []
      if (code !== undefined && !/^\s*```/m.test(code)) blocks.push({ file, line, code, ownNames })
      line += section.split('\n').length - 1
    }
  }
  return { blocks, findings }
}

function exportsOf(source: string): string[] {
  const declared = /^export (?:declare )?(?:abstract )?(?:async )?(?:const|let|function\*?|class) ([\w$]+)/gm
  return Array.from(source.matchAll(declared), ([, name = '']) => name)
}

/** The block as a module. What is added stands after its last line, so that its lines keep their numbers. */
function moduleOf({ file, code, ownNames = [] }: Block): string {
  const isDeclared = (name: string): boolean =>
    new RegExp(`\\b(const|let|function|class)\\s+${name}\\b|import\\b.*\\b${name}\\b`).test(code)
  const names = ownNames.filter(name => new RegExp(`\\b${name}\\b`).test(code) && !isDeclared(name))
  return `${code}\n${names.length > 0 ? `import { ${names.join(', ')} } from './${basename(file)}'` : 'export {}'}`
}

/** Type-checks the blocks as the workspace's own strict TypeScript would. */
export function compile(root: string, blocks: readonly Block[], declarations: readonly string[]): Finding[] {
  const config = ts.readConfigFile(join(root, 'tsconfig.base.json'), ts.sys.readFile)
  // Only our own files are asked for errors; among them are declarations, which skipLibCheck would skip.
  const options = { ...ts.parseJsonConfigFileContent(config.config, ts.sys, root).options, skipLibCheck: false }
  // Documents of both packages may use what the larger one works with.
  const placeOf = (file: string): string => (file.startsWith('docs/') ? `packages/lms-conferencing/${file}` : file)
  const virtual = new Map(blocks.map(block => [join(root, `${placeOf(block.file)}.L${block.line}.ts`), block]))
  const host = ts.createCompilerHost(options)
  const { fileExists, getSourceFile } = host
  host.fileExists = path => virtual.has(path) || fileExists(path)
  host.getSourceFile = (path, languageVersion, ...rest) => {
    const block = virtual.get(path)
    if (block) return ts.createSourceFile(path, moduleOf(block), languageVersion)
    return getSourceFile(path, languageVersion, ...rest)
  }
  const ambient = declarations.map(file => join(root, file))
  const program = ts.createProgram({ rootNames: [...ambient, ...virtual.keys()], options, host })
  const own = [...ambient, ...virtual.keys()].flatMap(path => program.getSourceFile(path) ?? [])
  const diagnostics = [
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...own.flatMap(file => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]),
  ]
  return diagnostics.map(({ file, start = 0, messageText }) => {
    const message = ts.flattenDiagnosticMessageText(messageText, '\n  ')
    if (!file) return { file: 'tsconfig.base.json', line: 1, message }
    const line = file.getLineAndCharacterOfPosition(start).line + 1
    const block = virtual.get(file.fileName)
    if (!block) return { file: relative(root, file.fileName), line, message }
    return { file: block.file, line: block.line + line - 1, message }
  })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const root = dirname(import.meta.dirname)
  const exclude = (path: string): boolean => path.split('/').includes('node_modules')
  const findings: Finding[] = []
  let count = 0
  for (const [patterns, blocksIn, declarations] of [
    [documents, blocksOf, ['docs/snippets.d.ts']],
    [[sources], blocksOfComments, ['docs/snippets.d.ts', 'docs/tsdoc.d.ts']],
  ] as const) {
    const found = globSync(patterns, { cwd: root, exclude })
      .sort()
      .map(file => blocksIn(file, readFileSync(join(root, file), 'utf8')))
    const blocks = found.flatMap(one => one.blocks)
    findings.push(...found.flatMap(one => one.findings), ...compile(root, blocks, declarations))
    count += blocks.length
  }
  for (const { file, line, message } of findings) console.error(`${file}:${line}: ${message}`)
  console.log(`${count} blocks, ${findings.length} errors`)
  process.exitCode = findings.length > 0 || count === 0 ? 1 : 0
}
