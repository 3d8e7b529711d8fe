// Writes docs/ERRORS.md from the code that throws: classes and unions are read from the sources, sentences by making the errors.
// A test says when the file is out of date.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import {
  BbbHttpError,
  BbbNetworkError,
  BbbResponseError,
  type NetworkReason,
  type ResponseProblem,
} from '../packages/bbb-client/src/errors.ts'
import { MESSAGE_KEYS } from '../packages/bbb-client/src/message-keys.ts'

const root = dirname(import.meta.dirname)
export const target = join(root, 'docs/ERRORS.md')

interface ErrorClass {
  readonly name: string
  readonly code: string
  readonly doc: string
  readonly fields: readonly string[]
}

interface Member {
  readonly value: string
  readonly doc: string
}

function parse(path: string): ts.SourceFile {
  const file = join(root, 'packages/bbb-client/src', path)
  return ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true)
}

/** The text of a documentation comment on one line, links as code. */
function docOf(node: ts.Node): string {
  const [doc] = ts.getJSDocCommentsAndTags(node)
  return plain(ts.getTextOfJSDocComment(doc?.comment) ?? '')
}

function plain(text: string): string {
  return text
    .replace(/\{@link (\w+)\}/g, '`$1`')
    .replace(/\s+/g, ' ')
    .trim()
}

/** Classes with a literal `code`, in the order of the source. */
function classesOf(source: ts.SourceFile): ErrorClass[] {
  const found: ErrorClass[] = []
  for (const node of source.statements) {
    if (!ts.isClassDeclaration(node) || !node.name) continue
    const properties = node.members.filter(ts.isPropertyDeclaration)
    const code = properties.find(({ name }) => name.getText() === 'code')?.initializer
    if (!code || !ts.isStringLiteral(code)) continue
    const own = properties.map(({ name }) => name.getText()).filter(name => name !== 'code' && name !== 'name')
    found.push({ name: node.name.text, code: code.text, doc: docOf(node), fields: own })
  }
  return found
}

/** The members of a union of texts, with the comment above each. */
function unionOf(source: ts.SourceFile, name: string): readonly Member[] {
  for (const node of source.statements) {
    if (!ts.isTypeAliasDeclaration(node) || node.name.text !== name || !ts.isUnionTypeNode(node.type)) continue
    return node.type.types.flatMap(type => {
      if (!ts.isLiteralTypeNode(type) || !ts.isStringLiteral(type.literal)) return []
      const before = source.text.slice(type.getFullStart(), type.getStart())
      const [, doc = ''] =
        /\/\*\*([\s\S]*?)\*\/\s*\|?\s*$/.exec(before) ?? commentBefore(source.text, type.getFullStart())
      return { value: type.literal.text, doc: plain(doc.replace(/^\s*\*/gm, '')) }
    })
  }
  throw new Error(`there is no union ${name} of texts`)
}

/** A comment stands before the bar that separates the members. */
function commentBefore(text: string, position: number): readonly string[] {
  return /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*\|\s*$/.exec(text.slice(0, position)) ?? []
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n')
}

const code = (text: string): string => `\`${text}\``
const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

function networkRow({ value }: Member): readonly string[] {
  const { message } = new BbbNetworkError({
    call: 'create',
    attempts: 1,
    outcome: 'unknown',
    retryable: false,
    reason: value as NetworkReason,
    origin: 'The server',
  })
  return [code(value), `${message.replace(/^create: /, '')}.`]
}

function responseRow({ value }: Member): readonly string[] {
  const { message } = new BbbResponseError({
    call: 'create',
    attempts: 1,
    outcome: 'unknown',
    status: 200,
    problem: value as ResponseProblem,
    issues: [],
  })
  return [code(value), sentence(message.replace(/^create: /, '').replace(/ \(\)\.$/, '.'))]
}

function statusRow(status: number): readonly string[] {
  const { message } = new BbbHttpError({ call: 'create', attempts: 1, status, outcome: 'refused', retryable: false })
  return [String(status), message.replace(/^create: HTTP \d+\. /, '')]
}

/** The whole document. */
export function errorsDocument(): string {
  const errors = parse('errors.ts')
  const webhooks = parse('webhooks/errors.ts')
  const keys = Object.entries(MESSAGE_KEYS)
  return `<!-- Written by scripts/generate-errors-doc.ts from packages/bbb-client/src. Change it there. -->

# Errors of bbb-client

Every call rejects with a \`BbbError\`, or with the reason of your \`signal\`. Switch on \`code\`, and for \`BBB_API_FAILED\` on \`messageKey\`; never on
the message, which may change. \`message\` is one sentence for developers and administrators and says what to do; \`userMessage\` is fit for a teacher.
No error holds a secret, a checksum, a query or a join link, so all of it may be logged.

\`\`\`ts
import { BbbApiError, BbbError } from 'bbb-client'

try {
  await bbb.create({ meetingID: 'algebra-1', name: 'Algebra' })
} catch (error) {
  if (!(error instanceof BbbError)) throw error
  if (error instanceof BbbApiError && error.messageKey === 'idNotUnique') console.log('choose another id')
  else if (error.retryable) console.log('later', error.outcome)
  else console.log(error.userMessage)
}
\`\`\`

## Codes

${table(
  ['code', 'class', 'when', 'fields of its own'],
  classesOf(errors).map(({ name, code: value, doc, fields }) => [
    code(value),
    code(name),
    doc,
    fields.map(code).join(', '),
  ]),
)}

All have \`call\`, \`attempts\` (requests begun), \`outcome\`, \`retryable\` (the same call may be made again without doing something twice) and \`userMessage\`.

## outcome

${table(
  ['outcome', 'what happened at the server'],
  [
    [code('not-sent'), 'Nothing: no byte of the request left.'],
    [code('refused'), 'It, or something before it, said no.'],
    [
      code('unknown'),
      'Bytes left and no usable answer came: the call may have been carried out. Look before you repeat it.',
    ],
  ],
)}

## BBB_NETWORK: reason

${table(['reason', 'what to do'], unionOf(errors, 'NetworkReason').map(networkRow))}

## BBB_RESPONSE_INVALID: problem

${table(['problem', 'what to do'], unionOf(errors, 'ResponseProblem').map(responseRow))}

## BBB_HTTP_STATUS: status

${table(['status', 'what to do'], [401, 404, 413, 414, 429, 502].map(statusRow))}

## BBB_API_FAILED: messageKey

The set is open: a key that is not in this table is passed on as it came. Empty lists (\`noMeetings\`, \`noRecordings\` of \`getRecordings\`, \`noSessions\`) are
results and no errors, and so is a missing meeting where a method says so (\`getMeetingInfo\` gives \`null\`, \`end\` gives \`false\`).

${table(
  ['messageKey', 'what to do', 'userMessage'],
  keys.map(([key, { advice, userMessage }]) => [code(key), advice, userMessage]),
)}

## Callbacks: BbbWebhookError

Thrown by the functions of \`bbb-client/webhooks\`, with \`code\` \`BBB_WEBHOOK_REJECTED\`. Answer 401, and 2xx where \`verified\` is \`true\`: \`createWebhookHandler\`
does it for you, see [WEBHOOKS.md](WEBHOOKS.md).

${table(
  ['reason', 'when'],
  unionOf(webhooks, 'BbbWebhookReason').map(({ value, doc }) => [code(value), doc || OTHER_REASONS[value] || '']),
)}
`
}

/** Reasons whose name says it all, in the code. */
const OTHER_REASONS: Readonly<Record<string, string>> = {
  too_large: 'The body is larger than `maxBodyBytes`.',
  method: 'The request has another method than this callback.',
  content_type: 'The body is of another media type than this callback.',
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writeFileSync(target, errorsDocument())
