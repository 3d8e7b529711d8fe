import { hashHex } from './checksum.ts'
import { endMeeting } from './lifecycle.ts'
import type { FakeRole, Meeting, Person } from './meeting.ts'
import * as people from './people.ts'
import { startPoll, vote } from './polls.ts'
import { finishRecording } from './recording-pipeline.ts'
import type { RecordingFormat, RecordingState, TextTrack } from './recordings.ts'
import type { World } from './world.ts'

/** Who joins. */
export interface SimulatedJoin {
  fullName: string
  /** @default 'VIEWER' */
  role?: FakeRole | undefined
  /** External id; without one it is the session's own `w_` id. */
  userID?: string | undefined
  guest?: boolean | undefined
  userdata?: Readonly<Record<string, string>> | undefined
  /** What `user-joined` tells about the browser. */
  client?: { ipAddress?: string; userAgent?: string; referer?: string } | undefined
}

/** One session of a person: a tab, a device. Holds no token. */
export interface FakeSession {
  readonly meetingID: string
  readonly internalMeetingID: string
  readonly internalUserID: string
  readonly externalUserID: string
  readonly fullName: string
  readonly role: FakeRole
}

/** A recording that is simply there. */
export interface SimulatedRecording {
  meetingID: string
  /** @default the meeting id */
  name?: string | undefined
  /** Epoch milliseconds. @default an hour ago */
  startTime?: number | undefined
  /** Epoch milliseconds. @default now */
  endTime?: number | undefined
  /** @default 'published' */
  state?: RecordingState | undefined
  /** @default 1 */
  participants?: number | undefined
  metadata?: Readonly<Record<string, string>> | undefined
  /** @default one `presentation` */
  formats?: readonly RecordingFormat[] | undefined
  /** An empty list is a recording whose captions folder is empty. */
  textTracks?: readonly TextTrack[] | undefined
  breakout?: { parentId: string; sequence: number; freeJoin: boolean } | undefined
}

/** Plays the people and the machinery: everything a real class would do. */
export class Simulation {
  readonly #world: World
  readonly #sessions = new WeakMap<FakeSession, { readonly meeting: Meeting; readonly person: Person }>()

  constructor(world: World) {
    this.#world = world
  }

  /**
   * Somebody follows a join link and is in the room.
   *
   * @throws Error when no such meeting is live.
   */
  join(meetingID: string, who: SimulatedJoin): FakeSession {
    const meeting = this.#meeting(meetingID)
    const person = people.registerPerson(this.#world, meeting, {
      fullName: who.fullName,
      role: who.role ?? 'VIEWER',
      externalId: who.userID,
      guest: who.guest,
      userdata: new Map(Object.entries(who.userdata ?? {})),
    })
    people.connect(this.#world, meeting, person, who.client)
    const session: FakeSession = {
      meetingID: meeting.externalId,
      internalMeetingID: meeting.internalId,
      internalUserID: person.internalId,
      externalUserID: person.externalId,
      fullName: person.fullName,
      role: person.role,
    }
    this.#sessions.set(session, { meeting, person })
    return session
  }

  /** Leaves; {@link reconnect} brings the same session back. */
  leave(session: FakeSession): void {
    this.#act(session, people.leave)
  }

  /** The connection is lost. After `reconnectGraceMs` without {@link reconnect}, the person has left. */
  drop(session: FakeSession): void {
    const grace = this.#world.settings.reconnectGraceMs
    this.#act(session, (world, meeting, person) => people.drop(world, meeting, person, grace))
  }

  /** Back again: nothing is said after a short loss, `user-joined` with the same internal id after a long one. */
  reconnect(session: FakeSession): void {
    this.#act(session, people.connect)
  }

  raiseHand(session: FakeSession, raised = true): void {
    this.#act(session, (world, meeting, person) => people.raiseHand(world, meeting, person, raised))
  }

  /** Joins the audio, muted or only to listen. */
  joinAudio(session: FakeSession, listenOnly = false): void {
    this.#act(session, (world, meeting, person) => people.joinAudio(world, meeting, person, listenOnly))
  }

  leaveAudio(session: FakeSession): void {
    this.#act(session, people.leaveAudio)
  }

  /** Opens (or closes) the microphone; joins the audio where needed. */
  talk(session: FakeSession, talking = true): void {
    this.#act(session, (world, meeting, person) => people.talk(world, meeting, person, talking))
  }

  camera(session: FakeSession, on = true): void {
    this.#act(session, (world, meeting, person) => people.setCamera(world, meeting, person, on))
  }

  /** Shows an emoji; `none` takes it away. */
  emoji(session: FakeSession, emoji: string): void {
    this.#act(session, (world, meeting, person) => people.showEmoji(world, meeting, person, emoji))
  }

  chat(session: FakeSession, text: string): void {
    this.#act(session, (world, meeting, person) => people.chat(world, meeting, text, person))
  }

  makePresenter(session: FakeSession): void {
    this.#act(session, people.makePresenter)
  }

  screenshare(session: FakeSession, on = true): void {
    const id = on ? 'meeting-screenshare-started' : 'meeting-screenshare-stopped'
    this.#act(session, (world, meeting, person) => world.emit({ id, meeting, person }))
  }

  /** Starts a poll; the answer is its id for {@link vote}. */
  poll(session: FakeSession, question: string, options: readonly string[]): string {
    return this.#act(session, (world, meeting, person) => startPoll(world, meeting, person, question, options))
  }

  vote(session: FakeSession, pollID: string, answer: string): void {
    this.#act(session, (world, meeting, person) => vote(world, meeting, person, pollID, answer))
  }

  /** Presses the record button. Only meetings created with `record=true` have one. */
  startRecording(meetingID: string): void {
    people.setRecording(this.#world, this.#meeting(meetingID), true)
  }

  stopRecording(meetingID: string): void {
    people.setRecording(this.#world, this.#meeting(meetingID), false)
  }

  /** A moderator lets a waiting guest in, or not. */
  decideGuest(meetingID: string, externalUserID: string, admitted: boolean): void {
    for (const person of this.#meeting(meetingID).people) {
      if (person.externalId === externalUserID) people.decideGuest(person, admitted)
    }
  }

  /** Ends the meeting at once. */
  endMeeting(meetingID: string): void {
    endMeeting(this.#world, this.#meeting(meetingID))
  }

  /** Puts a recording into the list, without any callback. Gives its `recordID`. */
  addRecording(spec: SimulatedRecording): string {
    const endTime = spec.endTime ?? this.#world.clock.now()
    const startTime = spec.startTime ?? endTime - 3_600_000
    const recordID = `${hashHex('sha1', spec.meetingID)}-${startTime}`
    const length = Math.floor((endTime - startTime) / 60_000)
    const name = spec.name ?? spec.meetingID
    this.#world.recordings.add({
      recordID,
      meetingID: spec.meetingID,
      name,
      isBreakout: spec.breakout !== undefined,
      breakout: spec.breakout,
      state: spec.state ?? 'published',
      startTime,
      endTime,
      participants: spec.participants ?? 1,
      rawSize: 493_084,
      metadata: new Map([
        ['isBreakout', String(spec.breakout !== undefined)],
        ['meetingId', spec.meetingID],
        ['meetingName', name],
        ...Object.entries(spec.metadata ?? {}),
      ]),
      formats: [...(spec.formats ?? [{ type: 'presentation', processingTimeMs: 7_177, length, size: 1_104_836 }])],
      textTracks: spec.textTracks && [...spec.textTracks],
    })
    return recordID
  }

  /**
   * Finishes the processing of an ended class now, with all its callbacks.
   *
   * @throws Error when there is no such recording.
   */
  publishRecording(recordID: string): void {
    const recording = this.#world.recordings.get(recordID)
    if (!recording) throw new Error('no recording with that recordID')
    finishRecording(this.#world, recording)
  }

  /** Restarts the webhooks service, with what its releases lose in it. */
  restartWebhooks(): void {
    this.#world.hooks?.restart()
  }

  #meeting(meetingID: string): Meeting {
    const meeting = this.#world.meetings.byExternalId(meetingID)
    if (!meeting) throw new Error(`no live meeting ${meetingID}`)
    return meeting
  }

  #act<Result>(session: FakeSession, act: (world: World, meeting: Meeting, person: Person) => Result): Result {
    const known = this.#sessions.get(session)
    if (!known) throw new TypeError('session must come from simulate.join()')
    return act(this.#world, known.meeting, known.person)
  }
}
