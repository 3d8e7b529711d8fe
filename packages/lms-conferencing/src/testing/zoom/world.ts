import type { Clock } from '../../clock.ts'

/** What the fake knows. Times are epoch milliseconds. */

export interface Registrant {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly token: string
}

/** One row of the participant report: one connection. */
export interface Row {
  readonly userId: string
  readonly participantUuid: string
  readonly name: string
  readonly email: string
  readonly registrantId: string | undefined
  readonly customerKey: string | undefined
  readonly zoomUserId: string | undefined
  readonly joinedAt: number
  leftAt: number | undefined
  readonly status: 'in_meeting' | 'in_waiting_room'
  readonly breakout: string | undefined
}

/** One run of a meeting. */
export interface Run {
  readonly uuid: string
  readonly startedAt: number
  endedAt: number | undefined
  /** Numbers connections; begins anew in every run. */
  nextUserId: number
  readonly rows: Row[]
  recording: { readonly from: number; readonly to: number } | undefined
}

export interface Meeting {
  readonly id: bigint
  /** Of the plan; runs have their own. */
  readonly uuid: string
  readonly hostEmail: string
  readonly hostId: string
  /** 1 at once, 2 planned, 3 recurring without fixed times, 8 recurring with. */
  readonly type: number
  topic: string
  agenda: string
  startAt: number
  duration: number
  timezone: string
  password: string
  settings: Record<string, unknown>
  readonly createdAt: number
  readonly registrants: Map<string, Registrant>
  readonly runs: Run[]
}

export interface World {
  readonly accountId: string
  readonly clock: Clock
  readonly random: Identifiers
  readonly meetings: Map<string, Meeting>
  readonly hosts: ReadonlyMap<string, string>
  readonly recordingHost: string
  /** Milliseconds from the end of a run to its report. */
  readonly reportDelayMs: number
  /** Names and addresses are left out of reports, as for accounts in health care. */
  readonly blankReports: boolean
  /** What ending a meeting that is not running answers; Zoom's documents do not say. */
  readonly endWhenIdle: 204 | 3000 | 3001
}

/** The run under way, if any. */
export const currentRun = (meeting: Meeting): Run | undefined => meeting.runs.find(run => run.endedAt === undefined)

/** A meeting by id, or one of its runs by UUID. */
export function findRun(world: World, idOrUuid: string): { meeting: Meeting; run: Run | undefined } | undefined {
  const meeting = world.meetings.get(idOrUuid)
  if (meeting) return { meeting, run: meeting.runs.at(-1) }
  for (const candidate of world.meetings.values()) {
    const run = candidate.runs.find(({ uuid }) => uuid === idOrUuid)
    if (run) return { meeting: candidate, run }
    if (candidate.uuid === idOrUuid) return { meeting: candidate, run: undefined }
  }
  return undefined
}

/** How the UUIDs look. */
export type UuidStyle = 'plain' | 'slashes'

/** Names for everything, the same in every run of a test. */
export class Identifiers {
  #count = 0
  #nextMeeting: bigint
  readonly #style: UuidStyle

  constructor(firstMeetingId: bigint, style: UuidStyle) {
    this.#nextMeeting = firstMeetingId
    this.#style = style
  }

  meetingId(): bigint {
    const id = this.#nextMeeting
    this.#nextMeeting += 7n
    return id
  }

  /** Base64 text of 24 characters, as Zoom makes it. */
  uuid(): string {
    const bytes = Buffer.alloc(16)
    bytes.write('fakezoom')
    bytes.writeUInt32BE(++this.#count, 12)
    const text = bytes.toString('base64')
    return this.#style === 'plain' ? text : `/${text.slice(1, 9)}//${text.slice(11)}`
  }

  /** Letters and digits, never twice. */
  word(length = 22): string {
    return `${(++this.#count).toString(36)}Zoom${'abcdefghijkmnpqrstuvwxyz'}`.slice(0, length).padEnd(length, 'q')
  }

  /** A GUID in capitals. */
  guid(): string {
    return `A1B2C3D4-0000-4000-8000-${(++this.#count).toString(16).toUpperCase().padStart(12, '0')}`
  }
}
