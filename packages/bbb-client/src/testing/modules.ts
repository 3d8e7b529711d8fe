import { XMLParser, XMLValidator } from 'fast-xml-parser'
import type { FakeDocument } from './meeting.ts'

/** The XML body of `create` or `insertDocument`. */
export interface Modules {
  /** `undefined` without a `presentation` module. */
  readonly documents: readonly FakeDocument[] | undefined
  /** Text of the other modules by name; a repeated name keeps the last. */
  readonly others: ReadonlyMap<string, string>
}

/** The body is no well-formed XML; the message is the one Java's parser gives. */
export class MalformedModules extends Error {
  override readonly name = 'MalformedModules'
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  parseAttributeValue: false,
  textNodeName: '#text',
  alwaysCreateTextNode: true,
  isArray: name => name === 'module' || name === 'document',
})

/**
 * Reads `<modules>`.
 *
 * @throws MalformedModules when the body is no well-formed XML.
 */
export function readModules(body: string): Modules {
  if (!body.trimStart().startsWith('<')) throw new MalformedModules('Content is not allowed in prolog.')
  if (XMLValidator.validate(body) !== true) {
    throw new MalformedModules('XML document structures must start and end within the same entity.')
  }
  const root: unknown = parser.parse(body)
  let documents: FakeDocument[] | undefined
  const others = new Map<string, string>()
  for (const module of children(child(root, 'modules'), 'module')) {
    const name = text(module, '@name')
    if (name === 'presentation') {
      documents = children(module, 'document').flatMap(readDocument)
    } else {
      others.set(name, text(module, '#text'))
    }
  }
  return { documents: documents && onlyFirstCurrent(documents), others }
}

/** A document without a file extension is skipped silently, as on the real server. */
function readDocument(document: unknown): FakeDocument[] {
  const url = text(document, '@url')
  const name =
    text(document, '@filename') || text(document, '@name') || url.split(/[?#]/, 1)[0]?.split('/').at(-1) || ''
  if (!/\.[a-z0-9]+$/i.test(name)) return []
  return [
    {
      name,
      url: url || undefined,
      size: url ? undefined : Buffer.from(text(document, '#text'), 'base64').length,
      current: text(document, '@current').toLowerCase() === 'true',
      downloadable: text(document, '@downloadable').toLowerCase() === 'true',
      removable: text(document, '@removable').toLowerCase() !== 'false',
    },
  ]
}

function onlyFirstCurrent(documents: readonly FakeDocument[]): FakeDocument[] {
  const first = documents.findIndex(({ current }) => current)
  return documents.map((document, index) => ({ ...document, current: index === first }))
}

function child(node: unknown, name: string): unknown {
  return typeof node === 'object' && node !== null && Object.hasOwn(node, name) ? Reflect.get(node, name) : undefined
}

function children(node: unknown, name: string): unknown[] {
  const found = child(node, name)
  return Array.isArray(found) ? found : []
}

function text(node: unknown, name: string): string {
  const found = child(node, name)
  return typeof found === 'string' ? found : ''
}
