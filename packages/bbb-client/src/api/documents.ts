import { meetingId, required } from '../codecs.ts'
import {
  byTable,
  type Codec,
  checkList,
  checkText,
  type EncodeContext,
  ownFields,
  paramTable,
  refuse,
} from '../params.ts'
import type { XmlElement } from '../xml.ts'
import { extra, type StringMap } from './maps.ts'
import type { Operation } from './operation.ts'

interface DocumentOptions {
  /** Shown first; the first document that says so wins. @default false */
  readonly current?: boolean | undefined
  /** Whether participants may download it. @default false */
  readonly downloadable?: boolean | undefined
  /** Whether moderators may remove it. @default true */
  readonly removable?: boolean | undefined
}

/**
 * A document to show: fetched by the server from `url` (which must be public and `https:`, and needs `filename` when
 * it ends in no file extension), or sent along as `content`. Prefer URLs: proxies often take 1 MB of body.
 * Failures of fetching or converting are never reported (BigBlueButton's ApiController).
 */
export type DocumentParams =
  | (DocumentOptions & { readonly url: string; readonly filename?: string | undefined })
  | (DocumentOptions & { readonly name: string; readonly content: Uint8Array })

const HAS_EXTENSION = /[^/\\]\.[A-Za-z0-9]{1,10}$/
const FIELDS = ['url', 'filename', 'name', 'content', 'current', 'downloadable', 'removable'] as const

/** The module of the XML body that holds documents (BigBlueButton docs, "Preupload slides"). */
export function documents(): Codec<readonly DocumentParams[]> {
  return {
    encode(out, name, value, context) {
      const list = checkList(value, name, context)
      if (list.length === 0) return
      const children = list.map((document, i) => documentElement(document, `${name}[${i}]`, context))
      out.modules = [...out.modules, { name: 'module', attributes: { name: 'presentation' }, children }]
    },
  }
}

function documentElement(document: unknown, at: string, context: EncodeContext): XmlElement {
  const { url, filename, name, content, ...options } = ownFields(document, FIELDS, at, context)
  const flags: Record<string, string> = {}
  for (const [key, value] of Object.entries(options)) {
    if (typeof value !== 'boolean') refuse(context, `${at}.${key}`, 'must be true or false')
    flags[key] = String(value)
  }
  if (content !== undefined) {
    if (url !== undefined || filename !== undefined) refuse(context, at, 'has either content and name, or url')
    if (!(content instanceof Uint8Array) || content.length === 0)
      return refuse(context, `${at}.content`, 'must be bytes (Uint8Array or Buffer), at least one')
    return {
      name: 'document',
      attributes: { name: fileName(name, `${at}.name`, context), ...flags },
      text: Buffer.from(content.buffer, content.byteOffset, content.length).toString('base64'),
    }
  }
  if (name !== undefined) refuse(context, `${at}.name`, 'goes with content; of a url it is the filename')
  const address = checkText(url, `${at}.url`, context)
  const problem = context.checkUrl(address)
  if (problem !== undefined) refuse(context, `${at}.url`, problem)
  if (filename === undefined && !HAS_EXTENSION.test(new URL(address).pathname))
    refuse(context, `${at}.filename`, 'is required: the URL ends in no file extension')
  return {
    name: 'document',
    attributes: {
      url: address,
      ...(filename !== undefined && { filename: fileName(filename, `${at}.filename`, context) }),
      ...flags,
    },
  }
}

function fileName(value: unknown, at: string, context: EncodeContext): string {
  const name = checkText(value, at, context)
  if (!HAS_EXTENSION.test(name) || /[/\\]/.test(name))
    refuse(context, at, 'must be a file name with an extension, or the server skips the document')
  return name
}

/** Parameters of `insertDocument`. Since 2.5. */
export interface InsertDocumentParams {
  readonly meetingID: string
  /** At least one. */
  readonly presentations: readonly DocumentParams[]
  readonly extra?: StringMap | undefined
}

const insertDocumentTable = paramTable<InsertDocumentParams>({
  meetingID: meetingId(),
  presentations: required(documents()),
  extra: extra(),
})

/** Adds documents to a running meeting. Never repeated once sent: each try would add them again. */
export const insertDocument: Operation<InsertDocumentParams, void> = {
  call: 'insertDocument',
  repeat: 'unsent',
  encode(out, params, context) {
    byTable(insertDocumentTable)(out, params, context)
    if (out.modules.length === 0) refuse(context, 'presentations', 'is empty')
  },
  decode: () => undefined,
}
