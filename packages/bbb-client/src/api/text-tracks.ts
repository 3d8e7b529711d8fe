import { opaqueId, required, text, word } from '../codecs.ts'
import { byTable, type Codec, checkText, paramTable, refuse } from '../params.ts'
import { extra, type StringMap } from './maps.ts'
import type { Operation } from './operation.ts'

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

const tracksTable = paramTable<TextTracksParams>({ recordID: opaqueId(), extra: extra() })

/** Captions of one recording; none is an empty list. */
export const getRecordingTextTracks: Operation<TextTracksParams, readonly TextTrack[]> = {
  call: 'getRecordingTextTracks',
  repeat: 'safe',
  encode: byTable(tracksTable),
  decode: response =>
    response.answer('tracks', 'item', null, track => ({
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

/** The server reads it as a Java locale, with underscores (BigBlueButton's RecordingController). */
const language: Codec<string> = {
  encode(out, name, value, context) {
    const lang = checkText(value, name, context).replaceAll('-', '_')
    if (!LANG.test(lang)) refuse(context, name, 'must have the form en or en_US')
    out.add(name, lang)
  },
}

const putTable = paramTable<PutTextTrackParams>({
  recordID: opaqueId(),
  kind: required(word(['subtitles', 'captions'])),
  lang: required(language),
  label: text({ min: 1, max: 255 }),
  file: required({
    encode(out, name, value, context) {
      if (!(value instanceof Uint8Array) || value.length === 0) refuse(context, name, 'must be bytes, at least one')
      out.file = { name: 'track.vtt', content: value }
    },
  }),
  filename: {
    encode(out, name, value, context) {
      if (!/^[\w. -]{1,100}$/.test(checkText(value, name, context)) || out.file === undefined)
        return refuse(context, name, 'must be a plain file name')
      out.file = { ...out.file, name: value }
    },
  },
  extra: extra(),
})

/** Adds captions to a recording; converted a while later. Never repeated once sent. */
export const putRecordingTextTrack: Operation<PutTextTrackParams, void> = {
  call: 'putRecordingTextTrack',
  repeat: 'unsent',
  encode: byTable(putTable),
  decode: () => undefined,
}
