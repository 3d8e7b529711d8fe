import { expect } from 'vitest'
import type { AttendanceEvent, ConferenceEvent, Meeting } from '../../model.ts'
import type { CallbackRequest } from '../../provider.ts'
import { open, type ProviderTest, type ProviderUnderTest, student, teacher } from './suite.ts'

const eventsOf = ({ provider }: ProviderUnderTest, callbacks: readonly CallbackRequest[]): readonly ConferenceEvent[] =>
  callbacks.flatMap(callback => provider.events(provider.verify(callback)))

const attendanceOf = (events: readonly ConferenceEvent[], { meetingKey }: Meeting): readonly AttendanceEvent[] =>
  events.flatMap(event => (event.kind === 'attendance' && event.meetingKey === meetingKey ? event.event : []))

/** Teacher and student come; the student leaves after ten minutes, comes back, and the class ends after forty. */
async function holdClass(subject: ProviderUnderTest) {
  const { provider } = subject
  const { spec, meeting } = await open(subject)
  const startedAt = subject.now()
  await subject.follow(await provider.joinLink(meeting, teacher))
  const first = await subject.follow(await provider.joinLink(meeting, student))
  await subject.advance(10 * 60_000)
  await first.leave()
  await subject.advance(5 * 60_000)
  await subject.follow(await provider.joinLink(meeting, student))
  await subject.advance(25 * 60_000)
  await provider.endMeeting(meeting)
  await subject.advance(1_000)
  return { spec, meeting, startedAt }
}

/** Callbacks, reports and recordings. */
export function describeFacts(test: ProviderTest): void {
  test('tells who was there, by our user id and the time of the fact (T45)', async subject => {
    const { meeting, startedAt } = await holdClass(subject)
    const facts = attendanceOf(eventsOf(subject, await subject.callbacks()), meeting)
    const minute = ({ at }: AttendanceEvent): number => Math.round((at - startedAt) / 60_000)
    // Several callbacks may tell the same.
    const timesOf = (type: string) => new Set(facts.filter(fact => fact.type === type).map(minute))
    expect(timesOf('started')).toEqual(new Set([0]))
    expect(timesOf('ended')).toEqual(new Set([40]))
    expect(new Set(facts.map(({ instance }) => instance)).size).toBe(1)

    const comings = facts.flatMap(fact => (fact.type === 'joined' || fact.type === 'left' ? fact : []))
    const sessions = new Set(comings.filter(({ person }) => person === student.userId).map(({ session }) => session))
    const bobs = comings.filter(({ session }) => sessions.has(session)).map(fact => [fact.type, minute(fact)])
    expect(bobs).toEqual(
      expect.arrayContaining([
        ['joined', 0],
        ['left', 10],
        ['joined', 15],
      ]),
    )
  })

  test('the same bytes always mean the same', async subject => {
    await holdClass(subject)
    const { provider } = subject
    const callbacks = await subject.callbacks()
    expect(callbacks.length).toBeGreaterThan(5)
    const verified = callbacks.map(callback => provider.verify(callback))
    expect(verified.map(callback => provider.events(callback))).toEqual(
      verified.map(callback => provider.events(callback)),
    )
    expect(callbacks.map(callback => provider.verify(callback))).toEqual(verified)
  })

  test('a callback that anybody touched is refused with a reason (T29, T31)', async subject => {
    const { provider } = subject
    await holdClass(subject)
    const [callback] = await subject.callbacks()
    if (!callback) throw new Error('the service sent nothing')
    expect(provider.verify(callback).kind).not.toBe('')
    const refused = expect.objectContaining({
      code: 'CALLBACK_REJECTED',
      details: expect.objectContaining({ reason: expect.any(String) }),
    })
    for (let at = 0; at < callback.body.length; at += 7) {
      const body = Uint8Array.from(callback.body)
      body[at] = (body[at] ?? 0) ^ 1
      expect(() => provider.verify({ ...callback, body })).toThrow(refused)
    }
    expect(() => provider.verify({ ...callback, headers: {}, target: callback.target.split('?')[0] ?? '' })).toThrow(
      refused,
    )
    expect(() => provider.verify({ ...callback, body: new Uint8Array() })).toThrow(refused)
  })

  test('a callback nobody has heard of is kept, one that says too little is a poison event (T43)', async subject => {
    const { provider } = subject
    const unknown = provider.events(provider.verify(subject.strange('unknown')))
    expect(unknown).toMatchObject([{ kind: 'other' }])
    const poison = provider.verify(subject.strange('poison'))
    expect(() => provider.events(poison)).toThrow(expect.objectContaining({ code: 'INVALID' }))
  })

  test('lists a recording once it can be watched, and says that there is one', async subject => {
    const { provider } = subject
    const { meeting } = await holdClass(subject)
    expect((await provider.recordings(meeting)).filter(({ published }) => published)).toEqual([])
    await subject.callbacks()
    await subject.finishRecording(meeting)
    const hints = eventsOf(subject, await subject.callbacks()).filter(({ kind }) => kind === 'recording')
    expect(hints).not.toEqual([])
    const [recording] = await provider.recordings(meeting)
    expect(recording).toMatchObject({ state: 'published', published: true })
    expect(recording?.playback.length).toBeGreaterThan(0)
    for (const hint of hints)
      expect(hint).toMatchObject({ meetingKey: meeting.meetingKey, recordId: recording?.recordId })
  })

  test('its own report says what its callbacks said', async subject => {
    const { provider } = subject
    const { meeting } = await holdClass(subject)
    const told = attendanceOf(eventsOf(subject, await subject.callbacks()), meeting)
    await subject.advance(10 * 60_000)
    const report = await provider.report(meeting)
    const inOrder = (facts: readonly AttendanceEvent[] | null): string[] | undefined =>
      facts?.map(fact => JSON.stringify(Object.entries(fact).sort())).sort()
    expect(inOrder(report)).toEqual(inOrder(told))
  })

  test('says of every run when it began, and tells of the runs alone that are asked for', async subject => {
    const { provider } = subject
    const { spec, meeting, startedAt } = await holdClass(subject)
    await subject.finishRecording(meeting)
    await subject.advance(10 * 60_000)
    const between = subject.now()
    await subject.advance(10 * 60_000)
    const again = await provider.openMeeting(meeting, spec)
    const againAt = subject.now()
    await subject.follow(await provider.joinLink(again, teacher))
    await subject.follow(await provider.joinLink(again, student))
    await subject.advance(20 * 60_000)
    await provider.endMeeting(again)
    await subject.advance(1000)
    await subject.finishRecording(again)
    await subject.advance(10 * 60_000)

    const starts = new Map<string, Set<number>>()
    for (const event of eventsOf(subject, await subject.callbacks())) {
      if (event.kind !== 'attendance') continue
      const { instance } = event.event
      const minute = Math.round(((event.runStartedAt ?? Number.NaN) - startedAt) / 60_000)
      starts.set(instance, (starts.get(instance) ?? new Set()).add(minute))
    }
    const wanted = [new Set([0]), new Set([Math.round((againAt - startedAt) / 60_000)])]
    expect([...starts.values()]).toEqual(wanted)

    const wants = { early: (at: number) => at < between, late: (at: number) => at >= between, none: () => false }
    const recordings = async (how: keyof typeof wants) =>
      (await provider.recordings(again, { wants: wants[how] })).map(({ recordId }) => recordId)
    const [early, late] = [await recordings('early'), await recordings('late')]
    expect([early.length, late.length, await recordings('none')]).toEqual([1, 1, []])
    expect((await provider.recordings(again)).map(({ recordId }) => recordId).sort()).toEqual(
      [...early, ...late].sort(),
    )
    const instances = async (how: keyof typeof wants) => [
      ...new Set((await provider.report(again, { wants: wants[how] }))?.map(({ instance }) => instance)),
    ]
    if ((await provider.report(again)) === null) return
    const [first, second] = [...starts.keys()]
    expect([await instances('early'), await instances('late')]).toEqual([[first], [second]])
    expect(await provider.report(again, { wants: wants.none })).toBeNull()
  })

  test('there is no report of a class that was never held', async subject => {
    const { meeting } = await open(subject)
    expect(await subject.provider.report(meeting)).toBeNull()
    expect(await subject.provider.recordings(meeting)).toEqual([])
  })

  test('is called back, and says when it had to see to that', async ({ provider }) => {
    for (const serverId of provider.callbackServers ?? []) {
      await provider.keepCallbacks?.(serverId)
      expect(await provider.keepCallbacks?.(serverId)).toMatchObject({ serverId, state: 'kept' })
    }
    expect(provider.capabilities.redeliveryMs ?? 0).toBeGreaterThanOrEqual(0)
  })
}
