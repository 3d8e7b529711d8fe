import { flag, idList, integer, required } from '../codecs.ts'
import { byTable, type Codec, paramTable } from '../params.ts'
import { type Bag, parseInteger, type Reader, trimXml } from '../reader.ts'
import { extra, meta, metaFilter, type StringMap } from './maps.ts'
import type { Operation } from './operation.ts'

/** States of a recording (BigBlueButton docs, getRecordings). */
export const RECORDING_STATES = ['processing', 'processed', 'published', 'unpublished', 'deleted'] as const
/** `any` is for filters only. */
export type RecordingState = (typeof RECORDING_STATES)[number]

/** Which recordings to list. Nothing given: all published and unpublished ones of the server. */
export interface GetRecordingsParams {
  /** External ids; ignored by the server when `recordID` is given. An empty list is refused. */
  readonly meetingID?: string | readonly string[] | undefined
  /** Record ids, or their beginnings. An empty list is refused. */
  readonly recordID?: string | readonly string[] | undefined
  /** @default published and unpublished */
  readonly state?: RecordingState | 'any' | readonly RecordingState[] | undefined
  /** All must match; `%` at either end stands for anything. Values must not be empty. */
  readonly meta?: StringMap | undefined
  /** 1 to 100, since 2.6. Counts formats, not recordings; prefer `recordings()`, which pages by itself. */
  readonly limit?: number | undefined
  /** From 0; needs `limit`. */
  readonly offset?: number | undefined
  readonly extra?: StringMap | undefined
}

/** A preview picture of a recording. */
export interface RecordingImage {
  readonly url: string
  readonly width: number | null
  readonly height: number | null
  readonly alt: string | null
}

/** One way to play a recording. */
export interface RecordingFormat {
  /** `presentation`, `video`, `podcast`, `notes`, `screenshare`, `statistics`, … */
  readonly type: string
  readonly url: string
  /** Milliseconds that processing took. */
  readonly processingTime: number | null
  /** Whole minutes, rounded down; 0 for less than one. */
  readonly length: number | null
  /** Bytes. */
  readonly size: number | null
  readonly images: readonly RecordingImage[]
}

/** A recording with all its formats. */
export interface Recording {
  readonly recordID: string
  readonly meetingID: string
  readonly internalMeetingID: string | null
  readonly name: string
  readonly published: boolean
  readonly state: RecordingState | (string & {}) | null
  /** `null` when the server does not know. */
  readonly startTime: Date | null
  readonly endTime: Date | null
  readonly participants: number | null
  /** Bytes before processing. */
  readonly rawSize: number | null
  /** Bytes of all formats. */
  readonly size: number | null
  readonly isBreakout: boolean
  /** Scalelite: playback needs a signed link. */
  readonly protected: boolean | null
  /** Only of breakout rooms. */
  readonly breakout: {
    readonly parentId: string
    readonly sequence: number | null
    readonly freeJoin: boolean | null
  } | null
  /** Record ids of the breakout rooms. */
  readonly breakoutRooms: readonly string[]
  readonly metadata: Bag
  readonly playback: readonly RecordingFormat[]
  /** Raw data formats, where the server has them. */
  readonly data: readonly { readonly type: string; readonly url: string }[]
  readonly extra: Bag
}

/** What one request of `getRecordings` brought. */
export interface RecordingsPage {
  readonly recordings: readonly Recording[]
  /** How many the server counts in all (formats, not recordings); `null` without paging. */
  readonly totalElements: number | null
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", '#39': "'" }

/** More changes to one recording than anybody makes. */
const MOST_ESCAPES = 20

function unescapeOnce(value: string): string {
  return value.replace(/&(amp|lt|gt|quot|apos|#39);/g, (entity, name: string) => NAMED[name] ?? entity)
}

/**
 * Names and ids of recordings come escaped twice, and once more for each time the recording was changed (BigBlueButton's
 * RecMetaXmlHelper). The metadata hold the same text escaped properly: where they are there, they say how often.
 */
function unescapeName(value: string, truth: string | undefined): string {
  let text = value
  for (let times = 0; truth !== undefined && times <= MOST_ESCAPES; times++, text = unescapeOnce(text))
    if (text === truth) return truth
  return unescapeOnce(value)
}

function decodeFormat(reader: Reader): RecordingFormat {
  const images = reader.child('preview')?.child('images')?.node.children ?? []
  return {
    type: reader.filled('type') ?? 'unknown',
    url: reader.text('url') ?? '',
    processingTime: reader.count('processingTime'),
    length: reader.count('length'),
    size: reader.count('size'),
    images: images
      .filter(image => image.name === 'image')
      .map(image => ({
        url: trimXml(image.text),
        width: parseInteger(image.attributes?.width ?? ''),
        height: parseInteger(image.attributes?.height ?? ''),
        alt: image.attributes?.alt ?? null,
      })),
  }
}

const RECORDING_FIELDS = new Set(
  `recordID meetingID internalMeetingID name isBreakout published state startTime endTime participants rawSize size protected
  metadata breakout breakoutRooms playback data`.split(/\s+/),
)

function decodeRecording(reader: Reader): Recording {
  const isBreakout = reader.boolean('isBreakout') ?? reader.child('metadata')?.boolean('isBreakout') ?? false
  const breakout = isBreakout ? reader.child('breakout') : null
  const published = reader.boolean('published')
  const state = reader.filled('state')
  const metadata = reader.bag('metadata')
  return {
    recordID: reader.identity('recordID'),
    meetingID: unescapeName(reader.text('meetingID') ?? '', metadata.meetingId),
    internalMeetingID: reader.filled('internalMeetingID'),
    name: unescapeName(reader.text('name') ?? '', metadata.meetingName),
    published: published ?? state === 'published',
    state,
    startTime: reader.date('startTime'),
    endTime: reader.date('endTime'),
    participants: reader.count('participants'),
    rawSize: reader.count('rawSize'),
    size: reader.count('size'),
    isBreakout,
    protected: reader.boolean('protected'),
    // Ordinary recordings carry an empty breakout element too, which says nothing.
    breakout:
      breakout === null
        ? null
        : {
            parentId: breakout.text('parentId') ?? '',
            sequence: breakout.count('sequence'),
            freeJoin: breakout.boolean('freeJoin'),
          },
    breakoutRooms: reader.texts('breakoutRooms', 'breakoutRoom'),
    metadata,
    playback: reader.list('playback', 'format', decodeFormat),
    data: reader.list('data', 'format', format => ({
      type: format.filled('type') ?? 'unknown',
      url: format.text('url') ?? '',
    })),
    extra: reader.extra(RECORDING_FIELDS),
  }
}

const states: Codec<RecordingState | 'any' | readonly RecordingState[]> = idList()

const getRecordingsTable = paramTable<GetRecordingsParams>({
  meetingID: idList(),
  recordID: idList(),
  state: states,
  meta: metaFilter(),
  limit: integer({ min: 1, max: 100 }),
  offset: integer(),
  extra: extra(),
})

/** Recordings of the given meetings or ids, newest first. An empty list is an answer and no error. */
export const getRecordingsPage: Operation<GetRecordingsParams, RecordingsPage> = {
  call: 'getRecordings',
  repeat: 'safe',
  encode: byTable(getRecordingsTable),
  decode(response) {
    const pagination = response.child('pagination')
    return {
      recordings: response.answer('recordings', 'recording', 'noRecordings', decodeRecording),
      totalElements: response.count('totalElements') ?? pagination?.count('totalElements') ?? null,
    }
  },
  absent: failure =>
    failure.messageKey === 'noRecordings' ? { result: { recordings: [], totalElements: 0 } } : undefined,
}

/** Recordings of several pages, newest first: one whose formats were split over pages is whole again. */
export function mergeRecordings(recordings: Iterable<Recording>): readonly Recording[] {
  const byId = new Map<string, Recording>()
  for (const recording of recordings) {
    const known = byId.get(recording.recordID)
    byId.set(recording.recordID, known === undefined ? recording : merged(known, recording))
  }
  return [...byId.values()].sort((a, b) => (b.startTime?.getTime() ?? 0) - (a.startTime?.getTime() ?? 0))
}

function merged(known: Recording, other: Recording): Recording {
  const more = added(known.playback, other.playback)
  const data = added(known.data, other.data)
  if (more.length === 0 && data.length === 0) return known
  const sizes = more.map(format => format.size ?? 0)
  return {
    ...known,
    playback: [...known.playback, ...more],
    data: [...known.data, ...data],
    // The server adds up what is on one page.
    size: known.size === null ? other.size : sizes.reduce((sum, size) => sum + size, known.size),
  }
}

function added<T extends { readonly type: string; readonly url: string }>(
  known: readonly T[],
  other: readonly T[],
): readonly T[] {
  return other.filter(({ type, url }) => !known.some(format => format.type === type && format.url === url))
}

/** Parameters of `publishRecordings`. */
export interface PublishRecordingsParams {
  /** Whole ids; an empty list is refused. */
  readonly recordID: string | readonly string[]
  readonly publish: boolean
  readonly extra?: StringMap | undefined
}

/** Parameters of `deleteRecordings`. */
export interface DeleteRecordingsParams {
  /** Whole ids; an empty list is refused. */
  readonly recordID: string | readonly string[]
  readonly extra?: StringMap | undefined
}

/** Parameters of `updateRecordings`. */
export interface UpdateRecordingsParams {
  /** Whole ids; an empty list is refused. */
  readonly recordID: string | readonly string[]
  /** Sets metadata; an empty value removes the key. */
  readonly meta: StringMap
  readonly extra?: StringMap | undefined
}

const publishTable = paramTable<PublishRecordingsParams>({
  recordID: required(idList()),
  publish: required(flag()),
  extra: extra(),
})
const deleteTable = paramTable<DeleteRecordingsParams>({ recordID: required(idList()), extra: extra() })
const updateTable = paramTable<UpdateRecordingsParams>({
  recordID: required(idList()),
  meta: required(meta()),
  extra: extra(),
})

/** Publishes or unpublishes. The server says yes if any of the ids exists; one still processing does not. */
export const publishRecordings: Operation<PublishRecordingsParams, void> = {
  call: 'publishRecordings',
  repeat: 'safe',
  encode: byTable(publishTable),
  decode: () => undefined,
}

/** Deletes for good. The answer is whether there was anything to delete. */
export const deleteRecordings: Operation<DeleteRecordingsParams, void> = {
  call: 'deleteRecordings',
  repeat: 'safe',
  encode: byTable(deleteTable),
  decode: () => undefined,
  // The first of two requests may have deleted it.
  absent: (failure, repeated) => (repeated && failure.messageKey === 'notFound' ? { result: undefined } : undefined),
}

/** Changes metadata. `false`: Scalelite found nothing to change. */
export const updateRecordings: Operation<UpdateRecordingsParams, boolean> = {
  call: 'updateRecordings',
  repeat: 'safe',
  encode: byTable(updateTable),
  decode: response => response.boolean('updated') ?? true,
}
