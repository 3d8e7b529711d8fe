import type { Fields } from '../fields.ts'
import { type EventBase, type EventMeeting, type EventSource, meetingOf } from './base.ts'

type Phase = 'archive' | 'sanity' | 'process' | 'publish' | 'post-archive' | 'post-process' | 'post-publish'

interface RecordingEventBase {
  readonly meeting: EventMeeting
  /** The internal meeting id under another name, as everywhere in BigBlueButton. */
  readonly recordID: string
}

/** A step of a recording began. */
export interface RecordingStepStartedEvent extends EventBase<`rap-${Phase}-started`>, RecordingEventBase {
  /** `presentation`, `video`, `notes`, …, or the name of a post script; `null` for steps that have none. */
  readonly workflow: string | null
}

/** A step of a recording ended. What upstream sends as `recorded` and `duration` is made up, so it stays in `extra`. */
export interface RecordingStepEndedEvent
  extends EventBase<Exclude<`rap-${Phase}-ended`, 'rap-publish-ended'>>,
    RecordingEventBase {
  readonly workflow: string | null
  readonly success: boolean
  readonly stepTimeMs: number | null
}

/**
 * One format of a recording was published, or failed to be. Nothing says that all formats are done: follow with
 * `getRecordings`.
 */
export interface RecordingPublishEndedEvent extends EventBase<'rap-publish-ended'>, RecordingEventBase {
  readonly workflow: string | null
  readonly success: boolean
  readonly stepTimeMs: number | null
  readonly recording: PublishedFormat | null
}

/** Upstream's types vary with the content (a meeting named 2024 is a number); here they do not. */
export interface PublishedFormat {
  readonly name: string | null
  readonly isBreakout: boolean | null
  readonly startTime: Date | null
  readonly endTime: Date | null
  readonly sizeBytes: number | null
  readonly rawSizeBytes: number | null
  readonly metadata: Readonly<Record<string, string>>
  /** `null` when publishing failed. */
  readonly playback: RecordingPlayback | null
}

export interface RecordingPlayback {
  readonly format: string | null
  readonly link: string | null
  readonly processingTimeMs: number | null
  readonly durationMs: number | null
  readonly sizeBytes: number | null
  /** Addresses of thumbnails. */
  readonly previewImages: readonly string[]
}

/** Somebody published, hid or deleted the recording. */
export interface RecordingStateEvent
  extends EventBase<'rap-published' | 'rap-unpublished' | 'rap-deleted'>,
    RecordingEventBase {
  /** `null` unless a script sent it. */
  readonly success: boolean | null
  readonly stepTimeMs: number | null
}

function readBase(source: EventSource): RecordingEventBase {
  const meeting = meetingOf(source)
  // 2.x leaves it out of rap-published and its siblings.
  return { meeting, recordID: source.attributes.maybeText('record-id') ?? meeting.internalMeetingID }
}

const started =
  (id: RecordingStepStartedEvent['id']) =>
  (source: EventSource): RecordingStepStartedEvent => ({
    ...source.base(id),
    ...readBase(source),
    workflow: source.attributes.maybeText('workflow'),
  })

function readOutcome({ attributes }: EventSource) {
  return {
    workflow: attributes.maybeText('workflow'),
    success: attributes.flag('success'),
    stepTimeMs: attributes.maybeNumber('step-time'),
  }
}

const ended =
  (id: RecordingStepEndedEvent['id']) =>
  (source: EventSource): RecordingStepEndedEvent => ({
    ...source.base(id),
    ...readBase(source),
    ...readOutcome(source),
  })

const changed =
  (id: RecordingStateEvent['id']) =>
  (source: EventSource): RecordingStateEvent => ({
    ...source.base(id),
    ...readBase(source),
    success: source.attributes.maybeFlag('success'),
    stepTimeMs: source.attributes.maybeNumber('step-time'),
  })

function readPublished(source: EventSource): RecordingPublishEndedEvent {
  const recording = source.attributes.maybeFields('recording')
  return {
    ...source.base('rap-publish-ended'),
    ...readBase(source),
    ...readOutcome(source),
    recording: recording === null ? null : readFormat(recording),
  }
}

function readFormat(recording: Fields): PublishedFormat {
  return {
    name: recording.maybeText('name'),
    isBreakout: recording.maybeFlag('is-breakout'),
    startTime: recording.maybeDate('start-time'),
    endTime: recording.maybeDate('end-time'),
    sizeBytes: recording.maybeNumber('size'),
    rawSizeBytes: recording.maybeNumber('raw-size'),
    metadata: recording.map('metadata'),
    playback: readPlayback(recording.maybeFields('playback')),
  }
}

/** An empty element arrives as `{}`: no playback. */
function readPlayback(playback: Fields | null): RecordingPlayback | null {
  const format = playback?.maybeText('format') ?? null
  const link = playback?.maybeText('link') ?? null
  if (playback === null || (format === null && link === null)) return null
  const images = playback.maybeFields('extensions')?.maybeFields('preview')?.maybeFields('images')?.take('image')
  return {
    format,
    link,
    processingTimeMs: playback.maybeNumber('processing_time'),
    durationMs: playback.maybeNumber('duration'),
    sizeBytes: playback.maybeNumber('size'),
    // One is a text, several are a list.
    previewImages: (Array.isArray(images) ? images : [images]).filter(image => typeof image === 'string'),
  }
}

export const recordingReaders = {
  'rap-archive-started': started('rap-archive-started'),
  'rap-archive-ended': ended('rap-archive-ended'),
  'rap-sanity-started': started('rap-sanity-started'),
  'rap-sanity-ended': ended('rap-sanity-ended'),
  'rap-process-started': started('rap-process-started'),
  'rap-process-ended': ended('rap-process-ended'),
  'rap-publish-started': started('rap-publish-started'),
  'rap-publish-ended': readPublished,
  'rap-post-archive-started': started('rap-post-archive-started'),
  'rap-post-archive-ended': ended('rap-post-archive-ended'),
  'rap-post-process-started': started('rap-post-process-started'),
  'rap-post-process-ended': ended('rap-post-process-ended'),
  'rap-post-publish-started': started('rap-post-publish-started'),
  'rap-post-publish-ended': ended('rap-post-publish-ended'),
  'rap-published': changed('rap-published'),
  'rap-unpublished': changed('rap-unpublished'),
  'rap-deleted': changed('rap-deleted'),
}
