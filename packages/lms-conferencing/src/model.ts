/**
 * The vocabulary of the package. No vendor word appears here: providers translate at their edge.
 * Times are `Date`s in what applications see, and epoch milliseconds in events, where they are arithmetic.
 */

/** Where a class stands. Only `scheduled → live → completed` and `scheduled → cancelled` happen, and `live → completed`. */
export type ClassStatus = 'scheduled' | 'live' | 'completed' | 'cancelled'

/**
 * Whether the provider knows the meeting of a class: `pending` is being retried in the background,
 * `ready` exists (or can be opened at any moment), `failed` was refused for good and waits for a person.
 */
export type Provisioning = 'pending' | 'ready' | 'failed'

/** One live class of one course. */
export interface LiveClass {
  readonly id: string
  readonly tenantId: string
  readonly courseId: string
  /** User id of the teacher who owns the class. */
  readonly teacherId: string
  readonly title: string
  readonly description: string
  readonly startsAt: Date
  readonly durationMinutes: number
  readonly status: ClassStatus
  /** Name of the provider in `createConferencing({ providers })`. */
  readonly provider: string
  /** The provider's id of the meeting: made by us before the provider is called, or given by it (Zoom). Empty until known. */
  readonly meetingId: string
  readonly provisioning: Provisioning
  /** Why provisioning stands where it stands, as a sentence for a teacher; `null` when nothing is wrong. */
  readonly provisioningReason: string | null
  readonly record: boolean
  readonly hasRecording: boolean
  /** When the teacher started the class in the LMS, and when it ended. */
  readonly startedAt: Date | null
  readonly endedAt: Date | null
  readonly createdAt: Date
  readonly updatedAt: Date
}

/**
 * What a provider needs to find and open a meeting again. Holds the passwords, so it never leaves the process:
 * it is stored beside the class and handed only to the provider.
 */
export interface Meeting {
  readonly provider: string
  /** Which of the provider's servers or accounts holds the meeting; remembered so that old classes reach their old server. */
  readonly serverId: string
  readonly meetingId: string
  /** The key under which the provider's callbacks name this meeting (see {@link ConferenceProvider.meetingKey}). */
  readonly meetingKey: string
  readonly moderatorPassword: string
  readonly attendeePassword: string
  /** Whatever else the provider must remember, as text (createTime of the running room, Zoom's uuid…). */
  readonly details: Readonly<Record<string, string>>
}

/** What a class asks of a provider. */
export interface MeetingSpec {
  readonly classId: string
  readonly courseId: string
  readonly title: string
  readonly description: string
  readonly startsAt: Date
  readonly durationMinutes: number
  readonly record: boolean
}

/** The LMS decides the role; the link obeys. */
export type Role = 'moderator' | 'attendee'

/** One person about to join. `userId` is the LMS's own id: attendance is tied to it, never to the name. */
export interface Participant {
  readonly userId: string
  readonly displayName: string
  readonly role: Role
}

export type RecordingState = 'processing' | 'published' | 'unpublished' | 'deleted'

/** One way to play a recording. */
export interface PlaybackFormat {
  /** `presentation`, `video`, `podcast`, … as the provider calls it. */
  readonly type: string
  readonly url: string
  readonly durationMinutes: number | null
}

export interface Recording {
  readonly recordId: string
  readonly classId: string
  readonly name: string
  readonly state: RecordingState
  readonly published: boolean
  readonly startedAt: Date | null
  readonly endedAt: Date | null
  readonly durationSeconds: number | null
  readonly sizeBytes: number | null
  readonly playback: readonly PlaybackFormat[]
}

/** Main room, a breakout room, or the waiting room (which never counts as presence). */
export type Room = 'main' | 'waiting' | `breakout:${string}`

/** A complete list of who was connected at one moment. */
export interface PresentSession {
  /** `~1`, `~2`, … where the provider names people and not their connections: the first, second, … of that person. */
  readonly session: string
  readonly person?: string | undefined
}

/**
 * A fact about who was in a meeting: the input of the attendance fold.
 * `at` is the time of the fact as the provider reports it, in epoch milliseconds, never the time of arrival.
 * `instance` is one run of the meeting; `session` one connection, unique only inside its instance.
 */
export type AttendanceEvent =
  | { readonly type: 'started' | 'ended'; readonly instance: string; readonly at: number }
  | {
      readonly type: 'joined' | 'left'
      readonly instance: string
      readonly session: string
      readonly person?: string | undefined
      readonly room?: Room | undefined
      readonly at: number
    }
  | {
      readonly type: 'snapshot'
      readonly instance: string
      readonly present: readonly PresentSession[]
      readonly at: number
    }

/** Activity counters of one person (BigBlueButton's learning data). */
export interface Activity {
  readonly talkMs: number
  readonly messages: number
  readonly raisedHands: number
  readonly reactions: number
  readonly pollAnswers: number
}

/** What one person did during one run of a meeting. */
export interface PersonActivity {
  readonly person: string
  readonly activity: Activity
}

/** Where a fact came from; shown beside every figure that rests on it. */
export type Provenance = 'webhook' | 'snapshot' | 'report' | 'lms'

/**
 * What a provider's callback says, in our words. `meetingKey` finds the class; where several classes share the meeting,
 * `runStartedAt` (epoch milliseconds) says which of them, as far as the callback tells when its run began.
 */
export type ConferenceEvent =
  | {
      readonly kind: 'attendance'
      readonly meetingKey: string
      readonly runStartedAt?: number | undefined
      readonly event: AttendanceEvent
      /** @default 'webhook' */
      readonly provenance?: Provenance | undefined
    }
  /** What the provider counted about each person during one run, once it is over. */
  | {
      readonly kind: 'activity'
      readonly meetingKey: string
      readonly runStartedAt?: number | undefined
      readonly instance: string
      readonly pollsPublished: number
      readonly people: readonly PersonActivity[]
    }
  /** The run may be over; nobody vouches for it, so the provider is asked before anything is closed. */
  | { readonly kind: 'maybe-ended'; readonly meetingKey: string }
  /** A recording appeared or changed; a hint to read the list from the provider, never a fact by itself. */
  | {
      readonly kind: 'recording'
      readonly meetingKey: string
      readonly runStartedAt?: number | undefined
      readonly recordId: string | null
    }
  /** A breakout room belongs to a meeting: its own callbacks name `meetingKey`, and count for `parent`. */
  | {
      readonly kind: 'breakout'
      readonly meetingKey: string
      readonly parentKey: string
      readonly parentInstance: string
      readonly room: Room
    }
  /** Understood and of no consequence here; kept so that nothing is silently dropped. */
  | { readonly kind: 'other'; readonly meetingKey: string | null; readonly name: string }
