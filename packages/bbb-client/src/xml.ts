import { SaxesParser } from 'saxes'

/**
 * The only door to XML. Answers are read by saxes, which refuses whatever is not well-formed; request bodies are
 * written by fast-xml-parser's builder. Everything is text here: types are given field by field in `api/`.
 */

/** One element: its own text (children's text left out), child elements in order, attributes (inheriting nothing) when it has any. */
export class XmlNode {
  readonly name: string
  text = ''
  children: XmlNode[] = []
  attributes: Readonly<Record<string, string>> | null = null
  /** The text is put together: of CDATA, or from both sides of something else. Such text decides nothing. */
  pieces = false

  constructor(name: string) {
    this.name = name
  }

  child(name: string): XmlNode | undefined {
    for (const child of this.children) if (child.name === name) return child
    return undefined
  }
}

/** What made a document unreadable. The message holds positions and limits, never content. */
export class XmlError extends Error {
  override readonly name = 'XmlError'
}

/** How much of a document is read. */
export interface XmlLimits {
  /** @default 64 */
  readonly depth: number
  /** @default 500_000 */
  readonly elements: number
}

const LIMITS: XmlLimits = { depth: 64, elements: 500_000 }

/** Characters parsed before the event loop gets its turn, small enough for a pause of a few milliseconds. */
const SLICE = 64 * 1024

const NO_CHILDREN: XmlNode[] = []

/** A saxes parser and the tree it is building. Making one costs more than a short answer, so it is used again. */
class TreeBuilder {
  readonly #parser = new SaxesParser({ xmlns: false, position: false })
  readonly #open: XmlNode[] = []
  #root: XmlNode | undefined
  #elements = 0
  #limits = LIMITS

  constructor() {
    const parser = this.#parser
    const open = this.#open
    // As few handlers as can be: with eight, V8 gives up on the parser's shape and it runs nine times slower. So there is
    // none for errors, which saxes then throws.
    parser.on('doctype', () => fail('a document type declaration is not accepted'))
    parser.on('opentag', tag => {
      const { elements, depth } = this.#limits
      if (++this.#elements > elements) fail(`more than ${elements} elements`)
      if (open.length >= depth) fail(`nested deeper than ${depth} elements`)
      const node = new XmlNode(tag.name)
      node.children = NO_CHILDREN
      for (const _ in tag.attributes) {
        node.attributes = tag.attributes
        break
      }
      const parent = open.at(-1)
      if (parent === undefined) this.#root = node
      else if (parent.children === NO_CHILDREN) parent.children = [node]
      else parent.children.push(node)
      open.push(node)
    })
    parser.on('closetag', () => {
      open.pop()
    })
    parser.on('text', text => {
      const node = open.at(-1)
      if (node === undefined) return
      if (node.text === '') node.text = text
      else {
        node.text += text
        node.pieces = true
      }
    })
    parser.on('cdata', text => {
      const node = open.at(-1)
      if (node === undefined) return
      node.text += text
      node.pieces = true
    })
  }

  begin(limits: XmlLimits): void {
    this.#limits = limits
    this.#elements = 0
  }

  write(chunk: string): void {
    asXmlError(() => this.#parser.write(chunk))
  }

  /** Only what was read to its end can be used again. */
  end(): XmlNode {
    asXmlError(() => this.#parser.close())
    const root = this.#root ?? fail('no element')
    this.#root = undefined
    if (idle.length < MOST_IDLE) idle.push(this)
    return root
  }
}

const idle: TreeBuilder[] = []
const MOST_IDLE = 4

function beginTree(limits: XmlLimits): TreeBuilder {
  const builder = idle.pop() ?? new TreeBuilder()
  builder.begin(limits)
  return builder
}

/** The first mistake ends the reading. */
function asXmlError(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (error instanceof XmlError) throw error
    fail(`not well-formed: ${error instanceof Error ? describe(error) : 'unreadable'}`)
  }
}

function fail(message: string): never {
  throw new XmlError(message)
}

/** saxes repeats pieces of the document in some messages; only its own words are kept. */
function describe(error: Error): string {
  const text = error.message.split('\n')[0] ?? ''
  return /^[a-z -]{3,60}/i.exec(text)?.[0].trim() ?? 'unreadable'
}

/** Reads a complete document. Throws {@link XmlError} for anything else. */
export function parseXml(text: string, limits: XmlLimits = LIMITS): XmlNode {
  const builder = beginTree(limits)
  builder.write(text)
  return builder.end()
}

/** The same for long documents: gives the event loop its turn between slices. */
export async function parseLongXml(text: string, limits: XmlLimits = LIMITS): Promise<XmlNode> {
  if (text.length <= SLICE) return parseXml(text, limits)
  const builder = beginTree(limits)
  for (let from = 0; from < text.length; from += SLICE) {
    builder.write(text.slice(from, from + SLICE))
    // Also after the last one: what is made of the tree takes its time as well.
    await new Promise(setImmediate)
  }
  return builder.end()
}

/** An element to be written: attributes, and text or children. */
export interface XmlElement {
  readonly name: string
  readonly attributes?: Readonly<Record<string, string>> | undefined
  readonly text?: string | undefined
  /** Written as CDATA; a `]]>` inside is split over two sections. */
  readonly cdata?: string | undefined
  readonly children?: readonly XmlElement[] | undefined
}

const ATTRIBUTES = ':@'
const TEXT = '#text'
const CDATA = '#cdata'

function toBuilderForm(element: XmlElement): Record<string, unknown> {
  const content: unknown[] = (element.children ?? []).map(toBuilderForm)
  if (element.text !== undefined) content.push({ [TEXT]: element.text })
  if (element.cdata !== undefined)
    for (const part of element.cdata.split(/(?<=\]\])(?=>)/)) content.push({ [CDATA]: [{ [TEXT]: part }] })
  const attributes = Object.entries(element.attributes ?? {}).map(([key, value]) => [`@_${key}`, value])
  return { [element.name]: content, ...(attributes.length > 0 && { [ATTRIBUTES]: Object.fromEntries(attributes) }) }
}

/** Writes a document with its declaration. Control characters that XML 1.0 cannot hold must have been refused before. */
export async function buildXml(root: XmlElement): Promise<string> {
  // Few calls have a body, so the library that writes it is not loaded with the package.
  const { XMLBuilder } = await import('fast-xml-parser')
  const builder = new XMLBuilder({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: '@_',
    cdataPropName: CDATA,
    suppressEmptyNode: true,
    suppressBooleanAttributes: false,
  })
  return `<?xml version="1.0" encoding="UTF-8"?>${builder.build([toBuilderForm(root)])}`
}
