import { XMLBuilder } from 'fast-xml-parser'
import { SaxesParser } from 'saxes'

/**
 * The only door to XML. Answers are read by saxes, which refuses whatever is not well-formed; request bodies are
 * written by fast-xml-parser's builder. Everything is text here: types are given field by field in `api/`.
 */

/** One element: its own text (children's text left out), child elements in order, attributes when it has any. */
export class XmlNode {
  readonly name: string
  text = ''
  children: XmlNode[] = []
  attributes: ReadonlyMap<string, string> | null = null
  /** A comment or processing instruction stands inside; such text must not decide anything. */
  interrupted = false

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

export interface XmlLimits {
  /** @default 64 */
  readonly depth: number
  /** @default 500_000 */
  readonly elements: number
}

const LIMITS: XmlLimits = { depth: 64, elements: 500_000 }

/** Characters parsed before the event loop gets its turn, small enough for a pause of a few milliseconds. */
const SLICE = 128 * 1024

const NO_CHILDREN: XmlNode[] = []

class TreeBuilder {
  readonly #parser = new SaxesParser({ xmlns: false, position: false })
  readonly #open: XmlNode[] = []
  #root: XmlNode | undefined
  #failure: XmlError | undefined
  #elements = 0

  constructor(limits: XmlLimits) {
    const parser = this.#parser
    const open = this.#open
    parser.on('error', error => this.#fail(`not well-formed: ${describe(error)}`))
    parser.on('doctype', () => this.#fail('a document type declaration is not accepted'))
    parser.on('opentag', tag => {
      if (this.#failure !== undefined) return
      if (++this.#elements > limits.elements) return this.#fail(`more than ${limits.elements} elements`)
      if (open.length >= limits.depth) return this.#fail(`nested deeper than ${limits.depth} elements`)
      const node = new XmlNode(tag.name)
      node.children = NO_CHILDREN
      for (const key in tag.attributes) {
        const attributes: ReadonlyMap<string, string> = new Map(Object.entries(tag.attributes))
        if (attributes.has(key)) node.attributes = attributes
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
    const addText = (text: string): void => {
      const node = open.at(-1)
      if (node !== undefined) node.text += text
    }
    parser.on('text', addText)
    parser.on('cdata', addText)
    const interrupt = (): void => {
      const node = open.at(-1)
      if (node !== undefined) node.interrupted = true
    }
    parser.on('comment', interrupt)
    parser.on('processinginstruction', interrupt)
  }

  #fail(message: string): void {
    this.#failure ??= new XmlError(message)
  }

  write(chunk: string): void {
    if (this.#failure === undefined) this.#parser.write(chunk)
    if (this.#failure !== undefined) throw this.#failure
  }

  end(): XmlNode {
    this.#parser.close()
    if (this.#failure !== undefined) throw this.#failure
    if (this.#root === undefined) throw new XmlError('no element')
    return this.#root
  }
}

/** saxes repeats pieces of the document in some messages; only its own words are kept. */
function describe(error: Error): string {
  const text = error.message.split('\n')[0] ?? ''
  return /^[a-z -]{3,60}/i.exec(text)?.[0].trim() ?? 'unreadable'
}

/** Reads a complete document. Throws {@link XmlError} for anything else. */
export function parseXml(text: string, limits: XmlLimits = LIMITS): XmlNode {
  const builder = new TreeBuilder(limits)
  builder.write(text)
  return builder.end()
}

/** The same for long documents: gives the event loop its turn between slices. */
export async function parseLongXml(text: string, limits: XmlLimits = LIMITS): Promise<XmlNode> {
  if (text.length <= SLICE) return parseXml(text, limits)
  const builder = new TreeBuilder(limits)
  for (let from = 0; from < text.length; from += SLICE) {
    if (from > 0) await new Promise(setImmediate)
    builder.write(text.slice(from, from + SLICE))
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

const builder = new XMLBuilder({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '@_',
  cdataPropName: CDATA,
  suppressEmptyNode: true,
  suppressBooleanAttributes: false,
})

/** Writes a document with its declaration. Control characters that XML 1.0 cannot hold must have been refused before. */
export function buildXml(root: XmlElement): string {
  return `<?xml version="1.0" encoding="UTF-8"?>${builder.build([toBuilderForm(root)])}`
}
