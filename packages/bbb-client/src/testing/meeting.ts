import type { FakeTimer } from './clock.ts'
import type { Parameters } from './parameters.ts'

/** Roles a join gives. */
export type FakeRole = 'MODERATOR' | 'VIEWER'

/** What a person did, for the learning analytics. */
export interface Engagement {
  chats: number
  talks: number
  raisehand: number
  emojis: number
  pollVotes: number
  /** Milliseconds with an open microphone. */
  talkMs: number
}

/** One session of a person in a meeting: one `w_` id, one session token. */
export interface Person {
  readonly internalId: string
  readonly externalId: string
  readonly fullName: string
  readonly role: FakeRole
  readonly guest: boolean
  readonly authToken: string
  readonly sessionToken: string
  readonly userdata: ReadonlyMap<string, string>
  guestStatus: 'ALLOW' | 'WAIT' | 'DENY'
  /** `registered` by `join`, `present` once the client connected, `left` for good or until it connects again. */
  status: 'registered' | 'present' | 'left'
  /** The session token no longer opens the room. */
  loggedOut: boolean
  presenter: boolean
  voice: { readonly listenOnly: boolean; muted: boolean } | undefined
  stream: string | undefined
  /** How often the room page was loaded; tells a page that closes late from the one that is open. */
  pages: number
  handRaised: boolean
  emoji: string
  client: { ipAddress?: string | undefined; userAgent?: string | undefined; referer?: string | undefined }
  /** Runs while the connection is lost. */
  lost: FakeTimer | undefined
  readonly visits: { readonly joinedAt: number; leftAt: number | undefined }[]
  readonly engagement: Engagement
  talkingSince: number | undefined
  lastTalkedAt: number | undefined
}

/** A document of `create` or `insertDocument`. */
export interface FakeDocument {
  readonly name: string
  /** Where it is fetched from; `undefined` when it was embedded. */
  readonly url: string | undefined
  /** Bytes of an embedded document. */
  readonly size: number | undefined
  readonly current: boolean
  readonly downloadable: boolean
  readonly removable: boolean
}

/** A public chat message. */
export interface ChatMessage {
  readonly id: string
  readonly senderId: string
  readonly senderName: string
  readonly text: string
  readonly at: number
}

/** Clocks that may end a meeting. */
export type MeetingTimer = 'unjoined' | 'empty' | 'duration' | 'moderators' | 'ending'

/** A meeting from its `create` to its end. */
export interface Meeting {
  readonly externalId: string
  readonly internalId: string
  readonly name: string
  readonly createTime: number
  readonly attendeePW: string
  readonly moderatorPW: string
  readonly voiceBridge: string
  readonly dialNumber: string
  /** Minutes; 0 is without limit. */
  readonly duration: number
  readonly record: boolean
  /** 0 is without limit. */
  readonly maxUsers: number
  readonly guestPolicy: string
  readonly metadata: ReadonlyMap<string, string>
  readonly breakout: { readonly parentId: string; readonly sequence: number; readonly freeJoin: boolean } | undefined
  readonly breakoutRooms: string[]
  /** Every parameter of `create`, as decoded. */
  readonly parameters: Parameters
  readonly documents: FakeDocument[]
  /** Other modules of the POSTed XML, by name. */
  readonly modules: ReadonlyMap<string, string>
  readonly people: Person[]
  readonly chat: ChatMessage[]
  readonly polls: FakePoll[]
  /** Epoch milliseconds of the first arrival; 0 before. */
  startTime: number
  endTime: number
  recordingNow: boolean
  recordingMarked: boolean
  ended: boolean
  readonly timers: Map<MeetingTimer, FakeTimer>
}

/** A poll in a meeting. */
export interface FakePoll {
  readonly id: string
  readonly question: string
  readonly options: readonly string[]
  readonly startedAt: number
  /** Answer by internal user id. */
  readonly votes: Map<string, string>
}

/** Who is in the room now; a lost connection still counts until its grace is over. */
export function presentPeople(meeting: Meeting): Person[] {
  return meeting.people.filter(person => person.status === 'present')
}

/** Whether there is something to make a recording of. */
export function hasRecordingMarks(meeting: Meeting, needsMarks: boolean): boolean {
  return meeting.record && meeting.startTime > 0 && (meeting.recordingMarked || !needsMarks)
}

/** Java's `Date.toString()` in UTC, as in `createDate`. */
export function javaDate(epochMs: number): string {
  const [weekday = '', day = '', month = '', year = '', time = ''] = new Date(epochMs).toUTCString().split(/,? /)
  return `${weekday} ${month} ${day} ${time} UTC ${year}`
}

/** Java's `parseBoolean`: only `true`, in any case, is true. */
export function javaBoolean(text: string | undefined): boolean {
  return text?.toLowerCase() === 'true'
}

/** `meta_*` parameters as the server keeps them: names by its pattern, lower-cased, without the prefix. */
export function metadataOf(parameters: Parameters): Map<string, string> {
  const metadata = new Map<string, string>()
  for (const [name, value] of parameters) {
    if (/^meta_[a-zA-Z][a-zA-Z0-9-]*$/.test(name)) metadata.set(name.slice('meta_'.length).toLowerCase(), value)
  }
  return metadata
}

/** An integer parameter; what cannot be read falls back silently. */
export function integerOf(text: string | undefined, fallback: number): number {
  return text !== undefined && /^[+-]?\d{1,10}$/.test(text) ? Number(text) : fallback
}
