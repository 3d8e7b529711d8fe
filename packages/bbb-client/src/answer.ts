import type { ServerFailure } from './api/operation.ts'
import type { ResponseProblem } from './errors.ts'
import { trimXml } from './reader.ts'
import { parseLongXml, XmlError, XmlNode } from './xml.ts'

/** What the bytes of an answer turned out to be. */
export type Answer =
  | { readonly kind: 'success'; readonly response: XmlNode }
  | {
      readonly kind: 'failed'
      readonly messageKey: string
      readonly message: string
      readonly errors: readonly ServerFailure[]
    }
  | { readonly kind: 'unreadable'; readonly problem: ResponseProblem; readonly issue: string }

const unreadable = (problem: ResponseProblem, issue: string): Answer => ({ kind: 'unreadable', problem, issue })

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Bytes → verdict. Only one root `response` with exactly one `returncode` saying exactly `SUCCESS` is a success;
 * whatever is incomplete, ambiguous or something else is not an answer. XML and JSON are told apart by their first
 * byte, because servers choose between them by rules of their own.
 */
export async function readAnswer(body: Uint8Array): Promise<Answer> {
  let text: string
  try {
    text = utf8.decode(body)
  } catch {
    return unreadable('encoding', 'the bytes are no UTF-8')
  }
  const start = text.trimStart()
  if (start === '') return unreadable('empty', 'no content')
  if (start.startsWith('{')) return readJson(start)
  if (startsLikeHtml(start)) return unreadable('html', 'HTML')
  try {
    return verdict(await parseLongXml(start))
  } catch (error) {
    if (error instanceof XmlError) return unreadable('not-xml', error.message)
    throw error
  }
}

/** Comments may stand before it. */
function startsLikeHtml(text: string): boolean {
  let at = 0
  while (text.startsWith('<!--', at)) {
    const end = text.indexOf('-->', at + 4)
    if (end < 0) return false
    at = end + 3
    while (/\s/.test(text.charAt(at))) at++
  }
  return /^<(!doctype\s{1,8}html|html|head|body)\b/i.test(text.slice(at, at + 32))
}

function verdict(root: XmlNode): Answer {
  if (root.name.toLowerCase() === 'html') return unreadable('html', 'HTML')
  if (root.name !== 'response') return unreadable('no-verdict', 'the root is not response')
  const codes = root.children.filter(child => child.name === 'returncode')
  const [code] = codes
  if (code === undefined || codes.length > 1) return unreadable('no-verdict', `${codes.length} returncodes`)
  if (code.pieces || code.children.length > 0) return unreadable('no-verdict', 'the returncode is in pieces')
  if (code.text === 'SUCCESS') return { kind: 'success', response: root }
  // ERROR is b3scale's word for FAILED.
  if (code.text !== 'FAILED' && code.text !== 'ERROR')
    return unreadable('no-verdict', 'the returncode is neither SUCCESS nor FAILED')
  const errors = errorList(root)
  const said = (name: string): string => trimXml(root.child(name)?.text ?? '')
  return {
    kind: 'failed',
    messageKey: said('messageKey') || (errors[0]?.key ?? ''),
    message: said('message') || (errors[0]?.message ?? ''),
    errors,
  }
}

/** `errors/error` with `key` and `message` as elements, or as attributes on servers before 2.2. */
function errorList(root: XmlNode): readonly ServerFailure[] {
  const list = root.child('errors')?.children.filter(child => child.name === 'error') ?? []
  return list.map(error => {
    const field = (name: string): string => trimXml(error.child(name)?.text ?? error.attributes?.[name] ?? '')
    return { key: field('key'), message: field('message') }
  })
}

/** Deepest JSON that is read; an API answer has four levels. */
const JSON_DEPTH = 64
/** Longest JSON that is read: it comes for text tracks only, and blocks while it is parsed. */
const JSON_LENGTH = 1024 * 1024

/** JSON answers become the same tree, so that nothing behind this knows the difference; list items are named `item`. */
function readJson(text: string): Answer {
  if (text.length > JSON_LENGTH) return unreadable('too-large', `more than ${JSON_LENGTH} characters of JSON`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return unreadable('not-xml', 'not readable as JSON')
  }
  // Of two keys alike JSON.parse keeps the last; a verdict that stands twice is none.
  const codes = text.match(/"returncode"\s*:/g)?.length ?? 0
  if (codes > 1) return unreadable('no-verdict', `${codes} returncodes`)
  // Most JSON answers wrap themselves in `response`, some failures do not.
  const wrapped = typeof value === 'object' && value !== null && Object.hasOwn(value, 'response')
  const inner: unknown = wrapped ? Reflect.get(Object(value), 'response') : value
  if (typeof inner !== 'object' || inner === null || Array.isArray(inner))
    return unreadable('no-verdict', 'the JSON is no object')
  const root = toNode('response', inner, 0)
  return root === null ? unreadable('not-xml', `nested deeper than ${JSON_DEPTH} levels`) : verdict(root)
}

function toNode(name: string, value: unknown, depth: number): XmlNode | null {
  const node = new XmlNode(name)
  if (depth > JSON_DEPTH) return null
  if (value === null || value === undefined) return node
  if (typeof value !== 'object') {
    node.text = String(value)
    return node
  }
  const entries: readonly (readonly [string, unknown])[] = Array.isArray(value)
    ? value.map((item: unknown): [string, unknown] => ['item', item])
    : Object.entries(value)
  for (const [key, entry] of entries) {
    const child = toNode(key, entry, depth + 1)
    if (child === null) return null
    node.children.push(child)
  }
  return node
}
