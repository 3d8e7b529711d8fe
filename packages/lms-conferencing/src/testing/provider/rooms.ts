import { expect } from 'vitest'
import { open, type ProviderTest, specAt, student, teacher } from './suite.ts'

/** Planning, opening, joining and ending. */
export function describeRooms(test: ProviderTest): void {
  test('plans a meeting without asking anybody', async subject => {
    const { provider } = subject
    await subject.trouble('unreachable')
    const meeting = provider.planMeeting(specAt(subject.now()))
    expect(meeting.provider).toBe(provider.name)
    expect(meeting.serverId).not.toBe('')
    // It goes through the store as it is.
    expect(JSON.parse(JSON.stringify(meeting))).toEqual(meeting)
    const other = provider.planMeeting(specAt(subject.now(), { classId: 'c2' }))
    expect(other.attendeePassword).not.toBe(meeting.attendeePassword)
  })

  test('opens a room under a name that callbacks use, and finds the same one again (T22)', async subject => {
    const { spec, meeting } = await open(subject)
    expect(meeting.meetingId).not.toBe('')
    expect(meeting.meetingKey).not.toBe('')
    expect(await subject.provider.openMeeting(meeting, spec)).toEqual(meeting)
    expect(await subject.rooms()).toBe(1)
  })

  test('two classes have two rooms', async subject => {
    const one = await open(subject)
    const two = await open(subject, { classId: 'c10' })
    expect(one.meeting.meetingKey).not.toBe(two.meeting.meetingKey)
    expect(await subject.rooms()).toBe(2)
  })

  test('a room whose making was never answered is found again, not made twice (F19)', async subject => {
    const { provider } = subject
    const spec = specAt(subject.now())
    const planned = provider.planMeeting(spec)
    await subject.trouble('answer-lost')
    // A provider may find it by itself, or say that it does not know.
    const first = await provider.openMeeting(planned, spec).catch((error: unknown) => error)
    if (first instanceof Error) expect(first).toMatchObject({ code: 'UNAVAILABLE', outcome: 'unknown' })
    const again = await provider.openMeeting(planned, spec)
    expect(again.meetingId).not.toBe('')
    expect(await subject.rooms()).toBe(1)
  })

  test('runs while somebody is inside', async subject => {
    const { provider } = subject
    const { meeting } = await open(subject)
    expect(await provider.isRunning(meeting)).toBe(false)
    await subject.follow(await provider.joinLink(meeting, teacher))
    expect(await provider.isRunning(meeting)).toBe(true)
    await provider.endMeeting(meeting)
    await subject.advance(1_000)
    expect(await provider.isRunning(meeting)).toBe(false)
  })

  test('a link lets in the one it was made for', async subject => {
    const { provider } = subject
    const { meeting } = await open(subject)
    await subject.follow(await provider.joinLink(meeting, teacher))
    const link = await provider.joinLink(meeting, student)
    expect(link).toMatch(/^https?:\/\//)
    await subject.follow(link)
    const other = await provider.joinLink(meeting, { ...student, userId: 'u-eve' })
    expect(other).not.toBe(link)
  })

  test('a meeting that is not running can be ended, and one that is not there (T22)', async subject => {
    const { provider } = subject
    const { spec, meeting } = await open(subject)
    await provider.endMeeting(meeting)
    await provider.endMeeting(meeting)
    await subject.remove(meeting)
    await provider.endMeeting(meeting)
    await provider.endMeeting(provider.planMeeting(spec))
  })

  test('a cancelled meeting lets nobody in', async subject => {
    const { provider } = subject
    const { spec, meeting } = await open(subject)
    await provider.cancelMeeting(meeting)
    await subject.advance(1_000)
    await expect(provider.joinLink(meeting, teacher).then(link => subject.follow(link))).rejects.toThrow(Error)
    await provider.cancelMeeting(meeting)
    await provider.cancelMeeting(provider.planMeeting(spec))
  })

  test('says who is connected now', async subject => {
    const { provider } = subject
    const { meeting } = await open(subject)
    await subject.follow(await provider.joinLink(meeting, teacher))
    await subject.follow(await provider.joinLink(meeting, student))
    const people = (await provider.snapshot(meeting))?.present.map(({ person }) => person)
    expect(people?.sort()).toEqual([student.userId, teacher.userId])
  })
}
