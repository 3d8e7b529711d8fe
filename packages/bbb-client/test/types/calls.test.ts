import type {
  Attendee,
  Bag,
  BbbClient,
  BbbClientOptions,
  BbbError,
  BbbErrorCode,
  CreatedMeeting,
  CreateParams,
  FreeCallResult,
  Hook,
  JoinedSession,
  JoinParams,
  MeetingInfo,
  Recording,
  Session,
  TextTrack,
} from 'bbb-client'
import { BbbApiError } from 'bbb-client'
import { describe, expectTypeOf, it } from 'vitest'

/** Read by the compiler: what is written here must compile, and what is marked must not. */
declare const bbb: BbbClient

describe('types of results', () => {
  it('say what may be missing', () => {
    type Calls = BbbClient
    expectTypeOf<ReturnType<Calls['getMeetingInfo']>>().resolves.toEqualTypeOf<MeetingInfo | null>()
    expectTypeOf<ReturnType<Calls['isMeetingRunning']>>().resolves.toEqualTypeOf<boolean>()
    expectTypeOf<ReturnType<Calls['getMeetings']>>().resolves.toEqualTypeOf<readonly MeetingInfo[]>()
    expectTypeOf<ReturnType<Calls['create']>>().resolves.toEqualTypeOf<CreatedMeeting>()
    expectTypeOf<ReturnType<Calls['end']>>().resolves.toEqualTypeOf<boolean>()
    expectTypeOf<ReturnType<Calls['getRecordings']>>().resolves.toEqualTypeOf<readonly Recording[]>()
    expectTypeOf<ReturnType<Calls['recordings']>>().toEqualTypeOf<AsyncGenerator<Recording, void, undefined>>()
    expectTypeOf<ReturnType<Calls['getSessions']>>().resolves.toEqualTypeOf<readonly Session[]>()
    expectTypeOf<ReturnType<Calls['getRecordingTextTracks']>>().resolves.toEqualTypeOf<readonly TextTrack[]>()
    expectTypeOf<ReturnType<Calls['join']>>().resolves.toEqualTypeOf<JoinedSession>()
    expectTypeOf<ReturnType<Calls['joinUrl']>>().toEqualTypeOf<string>()
    expectTypeOf<ReturnType<Calls['hooks']['list']>>().resolves.toEqualTypeOf<readonly Hook[]>()
    expectTypeOf<ReturnType<Calls['call']>>().resolves.toEqualTypeOf<FreeCallResult>()
  })

  it('ids are text, times are dates or unknown, createTime is the number that join wants', () => {
    expectTypeOf<MeetingInfo['meetingID']>().toEqualTypeOf<string>()
    expectTypeOf<MeetingInfo['voiceBridge']>().toEqualTypeOf<string | null>()
    expectTypeOf<MeetingInfo['startTime']>().toEqualTypeOf<Date | null>()
    expectTypeOf<MeetingInfo['attendees']>().toEqualTypeOf<readonly Attendee[]>()
    expectTypeOf<MeetingInfo['metadata']>().toEqualTypeOf<Bag>()
    expectTypeOf<CreatedMeeting['createTime']>().toEqualTypeOf<number>()
    expectTypeOf<CreatedMeeting['createTime']>().toExtend<JoinParams['createTime']>()
    expectTypeOf<Recording['recordID']>().toEqualTypeOf<string>()
  })

  it('a result must be looked at before it is used, and cannot be changed', () => {
    async function wrong(): Promise<void> {
      const info = await bbb.getMeetingInfo({ meetingID: 'room' })
      // @ts-expect-error there may be no such meeting
      info.attendees
      if (info === null) return
      // @ts-expect-error results are readonly
      info.meetingName = 'other'
      // @ts-expect-error lists are readonly
      info.attendees.push(info.attendees[0])
      const [recording] = await bbb.getRecordings()
      // @ts-expect-error there may be none
      recording.name
    }
    expectTypeOf(wrong).toBeFunction()
  })
})

describe('types of parameters', () => {
  it('roles, layouts and the rest of the words', () => {
    const person = { meetingID: 'room', fullName: 'Ada' }
    const wrong = (role: string): readonly unknown[] => [
      // @ts-expect-error a role must be decided
      () => bbb.joinUrl(person),
      // @ts-expect-error text of a browser is no role
      () => bbb.joinUrl({ ...person, role }),
      // @ts-expect-error in capitals, as BigBlueButton answers
      () => bbb.joinUrl({ ...person, role: 'viewer' }),
      // @ts-expect-error no one password for any role
      () => bbb.joinUrl({ ...person, role: 'VIEWER', password: 'x' }),
      // @ts-expect-error both, so that the right one can be taken
      () => bbb.joinUrl({ ...person, role: 'VIEWER', passwords: { attendeePW: 'x' } }),
      // @ts-expect-error the exact number
      () => bbb.joinUrl({ ...person, role: 'VIEWER', createTime: '1704164645123' }),
      // @ts-expect-error no such policy
      () => bbb.create({ meetingID: 'room', name: 'Room', guestPolicy: 'MAYBE' }),
      (options: BbbClientOptions): BbbClientOptions => ({
        ...options,
        // @ts-expect-error no such hash
        checksum: 'md5',
      }),
    ]
    expectTypeOf(wrong).toBeFunction()
    expectTypeOf<JoinParams['role']>().toEqualTypeOf<'MODERATOR' | 'VIEWER'>()
    expectTypeOf<'A_NEW_LAYOUT'>().toExtend<CreateParams['meetingLayout']>()
  })

  it('names: what is not known is a mistake, unless it says that it is new', () => {
    const wrong: readonly unknown[] = [
      // @ts-expect-error a typing error
      () => bbb.create({ meetingID: 'room', name: 'Room', recrod: true }),
      // @ts-expect-error required
      () => bbb.create({ meetingID: 'room' }),
      // @ts-expect-error true or false
      () => bbb.create({ meetingID: 'room', name: 'Room', record: 'true' }),
      // @ts-expect-error a number of minutes
      () => bbb.create({ meetingID: 'room', name: 'Room', duration: '60' }),
      // @ts-expect-error a list
      () => bbb.create({ meetingID: 'room', name: 'Room', disabledFeatures: 'chat,polls' }),
      // @ts-expect-error values are text
      () => bbb.create({ meetingID: 'room', name: 'Room', meta: { course: 7 } }),
      // @ts-expect-error loads from elsewhere, so it is privileged
      () => bbb.create({ meetingID: 'room', name: 'Room', logoutURL: 'https://lms.example/' }),
      // @ts-expect-error a url or a content
      () => bbb.create({ meetingID: 'room', name: 'Room', presentations: [{ filename: 'a.pdf' }] }),
      // @ts-expect-error paging is its own affair
      () => bbb.recordings({ limit: 5 }),
      // @ts-expect-error no such state
      () => bbb.getRecordings({ state: 'lost' }),
      // @ts-expect-error bytes
      () => bbb.putRecordingTextTrack({ recordID: 'r', kind: 'captions', lang: 'en', file: 'WEBVTT' }),
    ]
    expectTypeOf(wrong).toExtend<readonly unknown[]>()
    const right: readonly (() => unknown)[] = [
      () => bbb.create({ meetingID: 'room', name: 'Room', extra: { brandNew: '1' }, record: undefined }),
      () =>
        bbb.create({ meetingID: 'room', name: 'Room', meta: new Map([['a', 'b']]), disabledFeatures: ['chat', 'new'] }),
      () => bbb.getRecordings({ recordID: ['a', 'b'], state: ['published', 'processing'] }),
      () => bbb.getMeetings(),
      () => bbb.getMeetings({}, { timeoutMs: 1, deadlineMs: 2, signal: new AbortController().signal }),
    ]
    expectTypeOf(right).toExtend<readonly unknown[]>()
  })
})

describe('types of errors', () => {
  it('the code tells them apart, keys stay open', () => {
    expectTypeOf<BbbError['code']>().toEqualTypeOf<BbbErrorCode>()
    function handle(error: BbbError): string {
      if (error instanceof BbbApiError && error.messageKey === 'notFound') return error.apiMessage
      return error.userMessage
    }
    expectTypeOf(handle).returns.toEqualTypeOf<string>()
    expectTypeOf<'aKeyOfTomorrow'>().toExtend<BbbApiError['messageKey']>()
    expectTypeOf<BbbError['outcome']>().toEqualTypeOf<'not-sent' | 'refused' | 'unknown'>()
  })
})
