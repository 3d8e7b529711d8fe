import type { Clock } from '../../clock.ts'
import { encrypted, hostOfZak } from './meetings.ts'
import { timeText } from './message.ts'
import { recordingObject } from './past.ts'
import type { Webhooks } from './webhooks.ts'
import { currentRun, type Meeting, type Registrant, type Row, type Run, type World } from './world.ts'

/** Somebody who followed a link. */
export interface FakeZoomVisit {
  /** UUID of the run. */
  readonly uuid: string
  /** Number of the connection, unique in its run only. */
  readonly userId: string
  readonly leave: () => void
  /** The connection breaks; Zoom notices `afterMs` later, and says so then. */
  readonly crash: (afterMs?: number) => void
  /** From the waiting room into the meeting, with a connection of its own. */
  readonly admit: () => FakeZoomVisit
  /** Into a breakout room, with a connection of its own. */
  readonly breakout: (roomUuid: string) => FakeZoomVisit
}

/** Who follows a link. */
export interface FakeZoomVisitor {
  /** What the person calls itself. @default the name registered with, or 'Guest' */
  readonly name?: string | undefined
  /** As the Meeting SDK sends it. */
  readonly customerKey?: string | undefined
}

/** The first connection of every run. */
const FIRST_USER_ID = 16_778_240

interface Who {
  readonly name: string
  readonly email: string
  readonly registrant: Registrant | undefined
  readonly customerKey: string | undefined
  readonly zoomUserId: string | undefined
}

/** Plays the people in meetings, and tells the webhooks. */
export class Visits {
  readonly #world: World
  readonly #webhooks: Webhooks
  readonly #clock: Clock

  constructor(world: World, webhooks: Webhooks) {
    this.#world = world
    this.#webhooks = webhooks
    this.#clock = world.clock
  }

  /** Follows a link. Throws when Zoom would not let this visitor in. */
  enter(link: string, visitor: FakeZoomVisitor): FakeZoomVisit {
    const url = new URL(link)
    const [, kind, id = ''] = url.pathname.split('/')
    const meeting = this.#world.meetings.get(id)
    if (!meeting) throw new Error('no such meeting')
    const { isHost, who } = this.#admittance(meeting, kind ?? '', url.searchParams, visitor)
    const mayStart = isHost || meeting.settings.join_before_host === true
    const run = currentRun(meeting) ?? (mayStart ? this.#start(meeting) : undefined)
    if (!run) throw new Error('waiting for the host')
    const waits = !isHost && meeting.settings.waiting_room === true
    return waits ? this.#wait(meeting, run, who) : this.#join(meeting, run, who, undefined)
  }

  /** Ends a run for everybody. `endedFirst`: the word of the end overtakes that of the last to leave. */
  end(meeting: Meeting, order: 'left-first' | 'ended-first' = 'left-first'): void {
    const run = currentRun(meeting)
    if (!run) return
    const now = this.#clock.now()
    run.endedAt = now
    const tellEnd = (): void =>
      this.#webhooks.emit('meeting.ended', { ...this.#common(meeting, run), end_time: timeText(now) })
    if (order === 'ended-first') tellEnd()
    for (const row of run.rows) if (row.leftAt === undefined) this.#leave(meeting, run, row, 'Host ended the meeting.')
    if (order === 'left-first') tellEnd()
  }

  /** The recording of the newest run is ready. Zoom tells of it twice, with other URLs and another token. */
  finishRecording(meeting: Meeting): void {
    const run = meeting.runs.at(-1)
    if (!run) throw new Error('this meeting never ran')
    run.recording = { from: run.startedAt, to: run.endedAt ?? this.#clock.now() }
    for (const take of ['one', 'two']) {
      const object = recordingObject(this.#world, meeting, run, take)
      this.#webhooks.emit(
        'recording.completed',
        { ...object, host_email: meeting.hostEmail, on_prem: false },
        { download_token: `token-of-${take}` },
      )
    }
  }

  #admittance(
    meeting: Meeting,
    kind: string,
    query: URLSearchParams,
    { name, customerKey }: FakeZoomVisitor,
  ): { isHost: boolean; who: Who } {
    if (kind === 's') {
      if (hostOfZak(this.#world, query.get('zak') ?? '') !== meeting.hostId)
        throw new Error('the host token is not good')
      const who = {
        name: name ?? 'Host',
        email: meeting.hostEmail,
        registrant: undefined,
        customerKey,
        zoomUserId: meeting.hostId,
      }
      return { isHost: true, who }
    }
    if (kind === 'w') {
      const registrant = [...meeting.registrants.values()].find(({ token }) => token === query.get('tk'))
      if (!registrant) throw new Error('nobody is registered with this link')
      const who = {
        name: name ?? registrant.name,
        email: registrant.email,
        registrant,
        customerKey,
        zoomUserId: undefined,
      }
      return { isHost: false, who }
    }
    if (meeting.settings.approval_type !== 2) throw new Error('this meeting wants registration')
    if (query.get('pwd') !== encrypted(meeting)) throw new Error('the passcode is wrong')
    return {
      isHost: false,
      who: { name: name ?? 'Guest', email: '', registrant: undefined, customerKey, zoomUserId: undefined },
    }
  }

  #start(meeting: Meeting): Run {
    const run: Run = {
      uuid: this.#world.random.uuid(),
      startedAt: this.#clock.now(),
      endedAt: undefined,
      nextUserId: FIRST_USER_ID,
      rows: [],
      recording: undefined,
    }
    meeting.runs.push(run)
    this.#webhooks.emit('meeting.started', this.#common(meeting, run))
    return run
  }

  #join(meeting: Meeting, run: Run, who: Who, breakout: string | undefined): FakeZoomVisit {
    const row = this.#row(run, who, 'in_meeting', breakout)
    const event = breakout === undefined ? 'meeting.participant_joined' : 'meeting.participant_joined_breakout_room'
    this.#tell(event, meeting, run, row, { join_time: timeText(row.joinedAt) })
    return this.#visit(meeting, run, who, row)
  }

  #wait(meeting: Meeting, run: Run, who: Who): FakeZoomVisit {
    const row = this.#row(run, who, 'in_waiting_room', undefined)
    this.#tell('meeting.participant_joined_waiting_room', meeting, run, row, { date_time: timeText(row.joinedAt) })
    return this.#visit(meeting, run, who, row)
  }

  #visit(meeting: Meeting, run: Run, who: Who, row: Row): FakeZoomVisit {
    const over = (): boolean => row.leftAt !== undefined
    return {
      uuid: run.uuid,
      userId: row.userId,
      leave: () => {
        if (!over()) this.#leave(meeting, run, row, 'left the meeting.')
      },
      crash: (afterMs = 75_000) => {
        this.#clock.setTimeout(() => {
          if (!over()) this.#leave(meeting, run, row, 'Network connection error.')
        }, afterMs)
      },
      admit: () => {
        if (row.status !== 'in_waiting_room' || over()) throw new Error('not in the waiting room')
        row.leftAt = this.#clock.now()
        this.#tell('meeting.participant_admitted', meeting, run, row, { date_time: timeText(row.leftAt) })
        return this.#join(meeting, run, who, undefined)
      },
      breakout: room => this.#join(meeting, run, who, room),
    }
  }

  #row(run: Run, who: Who, status: Row['status'], breakout: string | undefined): Row {
    const row: Row = {
      userId: String(run.nextUserId),
      participantUuid: this.#world.random.guid(),
      name: who.name,
      email: who.email,
      registrantId: who.registrant?.id,
      customerKey: who.customerKey,
      zoomUserId: who.zoomUserId,
      joinedAt: this.#clock.now(),
      leftAt: undefined,
      status,
      breakout,
    }
    // Zoom counts in steps of 1024.
    run.nextUserId += 1024
    run.rows.push(row)
    return row
  }

  #leave(meeting: Meeting, run: Run, row: Row, why: string): void {
    row.leftAt = this.#clock.now()
    if (row.status === 'in_waiting_room') {
      const date_time = timeText(row.leftAt)
      this.#tell('meeting.participant_left_waiting_room', meeting, run, row, { date_time })
      return
    }
    const event = row.breakout === undefined ? 'meeting.participant_left' : 'meeting.participant_left_breakout_room'
    this.#tell(event, meeting, run, row, {
      leave_time: timeText(row.leftAt),
      leave_reason: `${row.name} left the meeting.<br>Reason: ${why}`,
    })
  }

  #tell(event: string, meeting: Meeting, run: Run, row: Row, times: Readonly<Record<string, string>>): void {
    this.#webhooks.emit(event, {
      ...this.#common(meeting, run),
      ...(row.breakout !== undefined && { breakout_room_uuid: row.breakout }),
      participant: {
        user_id: row.userId,
        user_name: row.name,
        id: row.zoomUserId ?? '',
        participant_uuid: row.participantUuid,
        email: row.email,
        ...(row.registrantId !== undefined && { registrant_id: row.registrantId }),
        ...(row.customerKey !== undefined && { customer_key: row.customerKey }),
        ...(row.zoomUserId !== undefined && { participant_user_id: row.zoomUserId }),
        phone_number: '',
        ...times,
      },
    })
  }

  #common(meeting: Meeting, run: Run): Record<string, unknown> {
    return {
      // Text here, a number in events about plans and recordings.
      id: String(meeting.id),
      uuid: run.uuid,
      host_id: meeting.hostId,
      topic: meeting.topic,
      type: meeting.type,
      start_time: timeText(run.startedAt),
      timezone: meeting.timezone,
      duration: meeting.duration,
    }
  }
}
