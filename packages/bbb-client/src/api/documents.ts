import { BbbParamError } from '../errors.ts'
import { type EncodeContext, encodeParams, meetingId, type ParamTable, type StringMap } from '../params.ts'
import { buildXml, type XmlElement } from '../xml.ts'
import { extra } from './maps.ts'
import type { CallBody, Operation } from './operation.ts'

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
const XML_UNFIT = /[\u0000-\u001f\u007f\ufffe\uffff]/

/** The XML body of create and insertDocument (BigBlueButton docs, "Preupload slides"). */
export function documentsElement(documents: readonly DocumentParams[], context: EncodeContext): XmlElement {
  const children = documents.map((document, i): XmlElement => {
    const refuse = (field: string, problem: string): never => {
      throw new BbbParamError(context.call, `presentations[${i}].${field}`, problem)
    }
    const options: Record<string, string> = {}
    for (const key of ['current', 'downloadable', 'removable'] as const) {
      const value: unknown = document[key]
      if (value === undefined) continue
      if (typeof value !== 'boolean') refuse(key, 'must be true or false')
      options[key] = String(value)
    }
    const checkName = (field: string, value: unknown): string => {
      if (typeof value !== 'string' || !HAS_EXTENSION.test(value))
        return refuse(field, 'must be a file name with an extension, or the server skips the document')
      if (!value.isWellFormed() || XML_UNFIT.test(value)) refuse(field, 'holds characters that XML cannot')
      return value
    }
    if ('content' in document) {
      if (!(document.content instanceof Uint8Array)) refuse('content', 'must be bytes (Uint8Array or Buffer)')
      return {
        name: 'document',
        attributes: { name: checkName('name', document.name), ...options },
        text: Buffer.from(document.content).toString('base64'),
      }
    }
    const problem = context.checkUrl(document.url)
    if (problem !== undefined) refuse('url', problem)
    if (document.filename === undefined && !HAS_EXTENSION.test(new URL(document.url).pathname))
      refuse('filename', 'is required: the URL ends in no file extension')
    const filename = document.filename === undefined ? {} : { filename: checkName('filename', document.filename) }
    return { name: 'document', attributes: { url: document.url, ...filename, ...options } }
  })
  return { name: 'module', attributes: { name: 'presentation' }, children }
}

export function modulesBody(modules: readonly XmlElement[]): CallBody {
  return { contentType: 'application/xml', content: buildXml({ name: 'modules', children: modules }) }
}

/** Parameters of `insertDocument`. Since 2.5. */
export interface InsertDocumentParams {
  readonly meetingID: string
  /** At least one. */
  readonly presentations: readonly DocumentParams[]
  readonly extra?: StringMap | undefined
}

const insertDocumentTable: ParamTable<InsertDocumentParams> = {
  meetingID: meetingId(),
  presentations: { required: true, encode: () => {} },
  extra: extra(),
}

/** Adds documents to a running meeting. Never repeated once sent: each try would add them again. */
export const insertDocument: Operation<InsertDocumentParams, void> = {
  call: 'insertDocument',
  repeat: 'unsent',
  encode(out, params, context) {
    encodeParams(insertDocumentTable, params, out, context)
    if (params.presentations.length === 0) throw new BbbParamError(context.call, 'presentations', 'is empty')
    return modulesBody([documentsElement(params.presentations, context)])
  },
  decode: () => undefined,
}
