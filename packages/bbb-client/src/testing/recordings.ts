import { hashHex } from './checksum.ts'

/** States `getRecordings` filters by. */
export type RecordingState = 'processing' | 'processed' | 'published' | 'unpublished' | 'deleted'

/** One playback format of a recording. */
export interface RecordingFormat {
  readonly type: string
  /** `undefined`: the fake's own playback page. */
  readonly url?: string | undefined
  readonly processingTimeMs: number
  /** Whole minutes. */
  readonly length: number
  readonly size: number
  readonly images?: readonly { readonly url: string; readonly alt: string }[] | undefined
}

/** A captions or subtitles file of a recording. */
export interface TextTrack {
  readonly kind: string
  readonly label: string
  /** With a dash, as in `en-US`. */
  readonly lang: string
  readonly source: 'upload' | 'live'
  readonly content: string
}

/** A recording in any state. */
export interface Recording {
  /** Also the internal meeting id. */
  readonly recordID: string
  readonly meetingID: string
  readonly name: string
  readonly isBreakout: boolean
  readonly breakout: { readonly parentId: string; readonly sequence: number; readonly freeJoin: boolean } | undefined
  state: RecordingState
  readonly startTime: number
  endTime: number
  participants: number
  rawSize: number
  /** Mixed case, as in `metadata.xml`: `isBreakout`, `meetingId`, `meetingName` and the lower-case custom ones. */
  readonly metadata: Map<string, string>
  readonly formats: RecordingFormat[]
  /** `undefined` until somebody sends one. */
  textTracks: TextTrack[] | undefined
}

/** The recordings of a server. */
export class Recordings {
  readonly #byId = new Map<string, Recording>()

  /** In an order that follows neither time nor name: the real server's is that of a hash map. */
  list(): Recording[] {
    return [...this.#byId.values()].sort((left, right) => (left.recordID < right.recordID ? -1 : 1))
  }

  get(recordID: string): Recording | undefined {
    return this.#byId.get(recordID)
  }

  add(recording: Recording): void {
    this.#byId.set(recording.recordID, recording)
  }

  /** The ones that publish, delete and update find: exact ids, published or not, nothing in the making or deleted. */
  finished(recordIDs: readonly string[]): Recording[] {
    return recordIDs.flatMap(recordID => {
      const recording = this.#byId.get(recordID)
      return recording && (recording.state === 'published' || recording.state === 'unpublished') ? [recording] : []
    })
  }
}

/** What `getRecordings` filters by; empty lists are no filter. */
export interface RecordingFilter {
  readonly recordIDs: readonly string[]
  readonly meetingIDs: readonly string[]
  readonly states: readonly string[]
  readonly metadata: ReadonlyMap<string, string>
}

/** Selects as `RecordingServiceFileImpl` does: ids by prefix, metadata exact or with `%` at either end. */
export function selectRecordings(all: readonly Recording[], filter: RecordingFilter): Recording[] {
  const prefixes =
    filter.recordIDs.length > 0 ? filter.recordIDs : filter.meetingIDs.map(meetingID => hashHex('sha1', meetingID))
  const states = filter.states.length > 0 ? filter.states : ['published', 'unpublished']
  return all.filter(
    recording =>
      (prefixes.length === 0 || prefixes.some(prefix => recording.recordID.startsWith(prefix))) &&
      (states.includes('any') || states.includes(recording.state)) &&
      [...filter.metadata].every(([name, wanted]) => metadataMatches(recording.metadata.get(name), wanted)),
  )
}

function metadataMatches(value: string | undefined, wanted: string): boolean {
  if (value === undefined) return false
  const openStart = wanted.startsWith('%')
  const openEnd = wanted.length > 1 && wanted.endsWith('%')
  const text = wanted.slice(openStart ? 1 : 0, openEnd ? -1 : undefined)
  if (openStart && openEnd) return value.includes(text)
  if (openStart) return value.endsWith(text)
  if (openEnd) return value.startsWith(text)
  return value === wanted
}
