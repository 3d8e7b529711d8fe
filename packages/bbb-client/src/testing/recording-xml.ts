import type { Recording, RecordingFormat } from './recordings.ts'
import { escapeRecordingXml } from './xml.ts'

/** One entry per playback format, as the server counts them for paging; one for a recording that has none yet. */
export function inFormats(recordings: readonly Recording[]): Recording[] {
  return recordings.flatMap(recording =>
    recording.formats.length < 2 ? recording : recording.formats.map(format => ({ ...recording, formats: [format] })),
  )
}

/** Puts the entries of a page together again by record id. */
export function mergeFormats(entries: readonly Recording[]): Recording[] {
  const merged = new Map<string, Recording>()
  for (const entry of entries) {
    const known = merged.get(entry.recordID)
    merged.set(entry.recordID, known ? { ...known, formats: [...known.formats, ...entry.formats] } : entry)
  }
  return [...merged.values()]
}

/** Where a format is watched. */
export function playbackUrl(recording: Recording, format: RecordingFormat, publicUrl: string): string {
  return format.url ?? `${publicUrl}/playback/${format.type}/2.3/${recording.recordID}`
}

/**
 * A recording as `getRecordings` writes it: no white space between siblings, meeting id and name escaped twice
 * (upstream: `Recording.scala`). After paging, an empty `data` is self-closed.
 */
export function recordingXml(recording: Recording, publicUrl: string, paged: boolean): string {
  const { recordID, formats, breakout } = recording
  const size = formats.reduce((total, format) => total + format.size, 0)
  const parts = [
    element('recordID', recordID),
    element('meetingID', escapeRecordingXml(recording.meetingID)),
    element('internalMeetingID', recordID),
    element('name', escapeRecordingXml(recording.name)),
    element('isBreakout', recording.isBreakout),
    element('published', recording.state === 'published'),
    element('state', recording.state),
    element('startTime', recording.startTime),
    element('endTime', recording.endTime),
    element('participants', recording.participants),
    element('rawSize', recording.rawSize),
    wrap(
      'metadata',
      [...recording.metadata].map(([name, value]) => element(name, value)),
    ),
    breakout
      ? wrap('breakout', [
          element('parentId', breakout.parentId),
          element('sequence', breakout.sequence),
          element('freeJoin', breakout.freeJoin),
        ])
      : '',
    element('size', size),
    wrap(
      'playback',
      formats.map(format => formatXml(recording, format, publicUrl)),
    ),
    paged ? '<data/>' : '<data></data>',
  ]
  return wrap('recording', parts)
}

function formatXml(recording: Recording, format: RecordingFormat, publicUrl: string): string {
  const images = format.images?.map(
    ({ url, alt }) =>
      `<image alt="${escapeRecordingXml(alt)}" height="136" width="176">${escapeRecordingXml(url)}</image>`,
  )
  return wrap('format', [
    element('type', format.type),
    element('url', playbackUrl(recording, format, publicUrl)),
    element('processingTime', format.processingTimeMs),
    element('length', format.length),
    element('size', format.size),
    images ? wrap('preview', [wrap('images', images)]) : '',
  ])
}

function element(name: string, value: string | number | boolean): string {
  return `<${name}>${escapeRecordingXml(String(value))}</${name}>`
}

function wrap(name: string, parts: readonly string[]): string {
  return `<${name}>${parts.join('')}</${name}>`
}
