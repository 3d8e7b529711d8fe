import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { describe, expect, it } from 'vitest'
import { parseXml, XmlError, type XmlNode } from '../../src/xml.ts'
import { escapeXml, meeting, recording } from '../support/answering.ts'
import { data, list, readText } from '../support/data.ts'
import { success } from '../support/server.ts'

/** Our reader of answers held against another one, which is used for nothing else. */

interface Plain {
  readonly name: string
  readonly text: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly Plain[]
}

const other = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  htmlEntities: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
})

function fromOther(item: Record<string, unknown>): Plain {
  const { ':@': attributes = {}, ...rest } = item
  const [name = ''] = Object.keys(rest)
  const content = rest[name] as Record<string, unknown>[]
  const elements = content.filter(child => !('#text' in child))
  return {
    name,
    text: content
      .map(child => ('#text' in child ? String(child['#text']) : ''))
      .join('')
      .trim(),
    attributes: attributes as Record<string, string>,
    children: elements.map(fromOther),
  }
}

function fromOurs(node: XmlNode): Plain {
  return {
    name: node.name,
    text: node.text.trim(),
    attributes: { ...node.attributes },
    children: node.children.map(fromOurs),
  }
}

/** The other one refuses whole documents because of these names, which anybody may give to metadata. */
const REFUSED_THERE = /(<\/?)(constructor|prototype|__proto__|toString|valueOf|hasOwnProperty)(?=[\s/>])/g

function compare(original: string): void {
  const document = original.replace(REFUSED_THERE, '$1$2_')
  let ours: XmlNode
  try {
    ours = parseXml(document.trimStart())
  } catch (error) {
    expect(error).toBeInstanceOf(XmlError)
    // The stricter of the two: what it refuses, the other one's validator or shape must also object to.
    const valid = XMLValidator.validate(document) === true && !/<!doctype/i.test(document)
    expect(valid, 'refused by one reader only').toBe(false)
    return
  }
  const roots: Record<string, unknown>[] = other.parse(document)
  expect(roots.filter(root => !('#text' in root)).map(fromOther)).toEqual([fromOurs(ours)])
}

describe('two readers of XML agree', () => {
  it.each([
    [
      'a meeting',
      success(meeting({ meetingName: escapeXml(`O'Brien & "Søn" <李> 😀`), metadata: '<a-1>x</a-1><empty/>' })),
    ],
    ['recordings', success(`<recordings>${recording('a')}${recording('b')}</recordings>`)],
    ['CDATA', success('<hooks><hook><url><![CDATA[https://x.example/?a=1&b=2]]></url></hook></hooks>')],
    ['comments and instructions', `<?xml version="1.0"?><!-- a --><response><?b c?><a>1</a><!-- d --></response>`],
    ['attributes', success(`<image width="1" alt="a &amp; 'b' &lt;c&gt;">x</image>`)],
    ['numeric references', success('<a>&#65;&#x1F600;&#233;</a>')],
    ['blanks', '\n <response>\n  <a> x  y </a>\n</response>\n'],
    ['cut off', '<response><a>x</a>'],
    ['a document type', '<!DOCTYPE response><response/>'],
  ])('on %s', (_name, document) => compare(document))
})

describe.skipIf(!data)('two readers of XML agree on recorded answers', () => {
  const folders = data === undefined ? [] : ['fixtures', 'corpus', 'peer-answers']
  const files = folders.flatMap(folder =>
    list(folder).flatMap(inner =>
      /\.\w+$/.test(inner) ? [] : list(`${folder}/${inner}`).map(file => `${folder}/${inner}/${file}`),
    ),
  )
  const documents = files.filter(file => file.endsWith('.xml'))
  it.each(documents)('%s', file => {
    const document = readText(file)
    if (document.trim() !== '' && document.trimStart().startsWith('<')) compare(document)
  })
})
