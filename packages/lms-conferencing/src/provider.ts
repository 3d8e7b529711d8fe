import type { AttendanceEvent, ConferenceEvent, Meeting, MeetingSpec, Participant, Recording } from './model.ts'

/** What a provider can do. A missing ability is a flag with a reason, never an `if (name === …)` elsewhere. */
export interface ProviderCapabilities {
  /** `true`: `openMeeting` may be repeated with the same meeting and never makes a second room. */
  readonly idempotentOpen: boolean
  /** The provider can say who is connected now. */
  readonly snapshots: boolean
  /** Recordings can be published, unpublished and deleted from here. */
  readonly publishRecordings: boolean
  /**
   * How long the service goes on sending a callback again that we did not take, in milliseconds: what happens no longer
   * before we are back is not lost. @default 0
   */
  readonly redeliveryMs?: number | undefined
}

/** What was found when it was made sure that the service calls us back. */
export interface KeptCallbacks {
  readonly serverId: string
  /**
   * `kept`: we were registered for all we want. `created`: we were not registered. `restored`: we were, for less than we
   * want. All three leave us registered.
   */
  readonly state: 'kept' | 'created' | 'restored'
  /** In words, for the log. */
  readonly found: string
}

/** Everybody who is connected at one moment. */
export interface Presence {
  /** The run of the meeting. */
  readonly instance: string
  /** One entry for each connection; `session` is `null` where the provider names people and not their connections. */
  readonly present: readonly { readonly session: string | null; readonly person: string | null }[]
}

/** Whether people may watch a recording. */
export interface RecordingVisibility {
  readonly recordId: string
  readonly published: boolean
}

/** One file of a recording. How it is got is the provider's own matter, secrets and all. */
export interface RecordingFile {
  readonly recordId: string
  /** Unique in its recording. */
  readonly fileId: string
  /** As the provider calls it. */
  readonly type: string
  /** Of a file name, without the dot. */
  readonly extension: string
  readonly sizeBytes: number | null
  /**
   * Its bytes from `offset` on, or from the start where the provider cannot go on: `offset` in the answer says which.
   * Throws `UNAVAILABLE`.
   */
  open(from: { readonly offset: number; readonly signal?: AbortSignal | undefined }): Promise<{
    readonly offset: number
    readonly body: AsyncIterable<Uint8Array>
  }>
}

/** Options every call to a provider takes. */
export interface ProviderCallOptions {
  readonly signal?: AbortSignal | undefined
  /** How long the whole call may take, in milliseconds. */
  readonly deadlineMs?: number | undefined
}

/** Options of calls that read what is left of runs that are over. */
export interface PastRunOptions extends ProviderCallOptions {
  /**
   * Only what is of runs that began at a moment (epoch milliseconds) of which this is true: the others belong to other
   * classes that share the meeting. @default all
   */
  readonly wants?: ((startedAt: number) => boolean) | undefined
}

/** A callback as it arrived: never parsed, never normalised. */
export interface CallbackRequest {
  readonly method: string
  /** Path and query exactly as they arrived. */
  readonly target: string
  readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: Uint8Array
}

/** A callback that passed verification: what the inbox stores. `body` is free of secrets that nobody needs again. */
export interface VerifiedCallback {
  /** The provider's server or account whose secret verified it. */
  readonly serverId: string
  /** The verified raw bytes, from which {@link ConferenceProvider.events} can be called again at any time. */
  readonly body: Uint8Array
  /**
   * When the sender says it first sent it, and how old that may be for it to be applied by itself, in (epoch)
   * milliseconds. Left out: age is no question.
   */
  readonly age?: { readonly sentAt: number; readonly maxMs: number } | undefined
  /** Which kind of callback it was, for the provider's own use (`hook`, `recording-ready`, …). */
  readonly kind: string
  /**
   * A sender that only asks whether this is the right place: answer 200 with this JSON text at once. There is nothing
   * to store.
   */
  readonly answer?: string | undefined
}

/**
 * One way to hold meetings. Every provider passes the same contract suite.
 * All methods reject with a `ConferencingError`; nothing else escapes.
 */
export interface ConferenceProvider {
  readonly name: string
  readonly capabilities: ProviderCapabilities

  /**
   * Decides, without any network, who the meeting will be: id, passwords, server. Called before the row is written,
   * so that a lost answer can be asked for again under the same identity.
   */
  planMeeting(spec: MeetingSpec): Meeting

  /** Makes the room, or finds it again. Returns the meeting with what the provider added (for example the create time). */
  openMeeting(meeting: Meeting, spec: MeetingSpec, options?: ProviderCallOptions): Promise<Meeting>

  /** The link for one person, made at the moment of use; never stored or logged. */
  joinLink(meeting: Meeting, participant: Participant, options?: ProviderCallOptions): Promise<string>

  /** Ends the meeting for everybody. Ending one that is not running is no error. */
  endMeeting(meeting: Meeting, options?: ProviderCallOptions): Promise<void>

  isRunning(meeting: Meeting, options?: ProviderCallOptions): Promise<boolean>

  /** Who is connected now, as evidence for attendance; `null` when the meeting is not there. */
  snapshot(meeting: Meeting, options?: ProviderCallOptions): Promise<Presence | null>

  /** Takes a planned meeting back, so that nobody gets in any more. Taking back one that is not there is no error. */
  cancelMeeting(meeting: Meeting, options?: ProviderCallOptions): Promise<void>

  recordings(meeting: Meeting, options?: PastRunOptions): Promise<readonly Omit<Recording, 'classId'>[]>

  /** Lets people watch a recording, or not. There with the capability `publishRecordings`. */
  publishRecording?(meeting: Meeting, change: RecordingVisibility, options?: ProviderCallOptions): Promise<void>

  /** The files that recordings are made of, for whoever keeps copies. Left out where the provider gives none. */
  recordingFiles?(meeting: Meeting, options?: PastRunOptions): Promise<readonly RecordingFile[]>

  /** Deletes a recording for good; one that is not there is no error. There with the capability `publishRecordings`. */
  deleteRecording?(meeting: Meeting, recordId: string, options?: ProviderCallOptions): Promise<void>

  /**
   * Who was there, as the provider itself wrote it down: evidence beside the callbacks, in the same words. Covers all
   * runs that have ended; `null` when the provider keeps no such report, or has none yet.
   */
  report(meeting: Meeting, options?: PastRunOptions): Promise<readonly AttendanceEvent[] | null>

  /**
   * The servers or accounts, old ones too, where we have to be registered to be called back. @default none: callbacks
   * are not configured, or need no keeping
   */
  readonly callbackServers?: readonly string[] | undefined

  /**
   * Makes sure that one of {@link callbackServers} will call us back, and repairs what got lost; safe to repeat every few
   * minutes. Answers what it found. There where there are such servers.
   */
  keepCallbacks?(serverId: string, options?: ProviderCallOptions): Promise<KeptCallbacks>

  /**
   * Headers, in lower case, that {@link verify} looks at: kept with a request that it refused, so that it can be
   * verified again. `authorization` never is. @default none
   */
  readonly signatureHeaders?: readonly string[] | undefined

  /** Verifies the raw bytes. Throws `CALLBACK_REJECTED`; the details hold a `reason` and never the signature. */
  verify(request: CallbackRequest): VerifiedCallback

  /** Verified bytes → events in our words. Pure: the same bytes give the same events. Throws `INVALID` on a poison event. */
  events(callback: VerifiedCallback): readonly ConferenceEvent[]
}
