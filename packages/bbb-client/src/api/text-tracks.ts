import { randomUUID } from 'node:crypto'
import { BbbParamError } from '../errors.ts'
import { encodeParams, opaqueId, type ParamTable, type StringMap, text, word } from '../params.ts'
import { extra } from './maps.ts'
import type { Operation } from './operation.ts'
import { withoutBody } from './operation.ts'

/** Captions of a recording. `href` works once, within the hour. */
export interface TextTrack {
  readonly href: string
  readonly kind: 'subtitles' | 'captions' | (string & {})
  readonly label: string | null
  /** With a dash: `en-US`. */
  readonly lang: string | null
  /** `upload`, `live` or `automatic`. */
  readonly source: string | null
}

/** Parameters of `getRecordingTextTracks`. */
export interface TextTracksParams {
  readonly recordID: string
  readonly extra?: StringMap | undefined
}

const tracksTable: ParamTable<TextTracksParams> = { recordID: opaqueId(), extra: extra() }

/** Captions of one recording; none is an empty list. */
export const getRecordingTextTracks: Operation<TextTracksParams, readonly TextTrack[]> = {
  call: 'getRecordingTextTracks',
  repeat: 'safe',
  encode: withoutBody((out, params, context) => encodeParams(tracksTable, params, out, context)),
  decode: response =>
    response.list('tracks', 'item', track => ({
      href: track.identity('href'),
      kind: track.filled('kind') ?? 'subtitles',
      label: track.filled('label'),
      lang: track.filled('lang'),
      source: track.filled('source'),
    })),
  absent: failure => (failure.messageKey === 'noCaptionsFound' ? { result: [] } : undefined),
}

/** Parameters of `putRecordingTextTrack`. */
export interface PutTextTrackParams {
  readonly recordID: string
  readonly kind: 'subtitles' | 'captions'
  /** `en` or `en_US`; a dash is turned into the underscore the server wants. */
  readonly lang: string
  readonly label?: string | undefined
  /** The track: WebVTT, SRT, … as bytes. */
  readonly file: Uint8Array
  /** @default 'track.vtt' */
  readonly filename?: string | undefined
  readonly extra?: StringMap | undefined
}

const LANG = /^[a-z]{2,3}(_[A-Z]{2}(_[A-Za-z0-9]+)?)?$/

const putTable: ParamTable<PutTextTrackParams> = {
  recordID: opaqueId(),
  kind: word(['subtitles', 'captions'], { required: true }),
  lang: {
    required: true,
    encode(out, name, value, context) {
      const lang = String(value).replaceAll('-', '_')
      if (!LANG.test(lang)) throw new BbbParamError(context.call, name, 'must have the form en or en_US')
      out.add(name, lang)
    },
  },
  label: text({ min: 1, max: 255 }),
  file: { required: true, encode: () => {} },
  filename: { required: false, encode: () => {} },
  extra: extra(),
}

/** Adds captions to a recording; converted a while later. Never repeated once sent. */
export const putRecordingTextTrack: Operation<PutTextTrackParams, void> = {
  call: 'putRecordingTextTrack',
  repeat: 'unsent',
  encode(out, params, context) {
    encodeParams(putTable, params, out, context)
    if (!(params.file instanceof Uint8Array) || params.file.length === 0)
      throw new BbbParamError(context.call, 'file', 'must be bytes, at least one')
    const filename = params.filename ?? 'track.vtt'
    if (!/^[\w. -]{1,100}$/.test(filename))
      throw new BbbParamError(context.call, 'filename', 'must be a plain file name')
    const boundary = `----bbb-client-${randomUUID()}`
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${filename}"\r\nContent-Type: application/octet-stream\r\n\r\n`
    return {
      contentType: `multipart/form-data; boundary=${boundary}`,
      content: Buffer.concat([Buffer.from(head), params.file, Buffer.from(`\r\n--${boundary}--\r\n`)]),
    }
  },
  decode: () => undefined,
}
