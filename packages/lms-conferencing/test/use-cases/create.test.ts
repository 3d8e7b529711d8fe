import { describe, expect, it } from 'vitest'
import { PlainProvider, refusal, unavailable } from '../support/plain-provider.ts'
import { createWorld, retryAfterMs, startsAt } from '../support/world.ts'

describe('planning a class', () => {
  it('writes the row first, then makes the meeting under the planned identity', async () => {
    const { conferencing, provider, plan, store } = await createWorld()
    let rowsBefore = 0
    provider.failNext('openMeeting', async () => {
      rowsBefore = (await store.read(tx => tx.listClasses({ tenantId: 'default' }))).length
    })
    const liveClass = await plan({ durationMinutes: 90 })
    expect(rowsBefore).toBe(1)
    expect(liveClass).toMatchObject({
      status: 'scheduled',
      provisioning: 'ready',
      durationMinutes: 90,
      provider: 'bbb',
    })
    expect(liveClass.meetingId).toBe(`meeting-${liveClass.id}`)
    expect(await conferencing.getClass(liveClass.id)).toEqual(liveClass)
  })

  it('keeps what the provider added to the meeting', async () => {
    const { plan, store } = await createWorld()
    const { id } = await plan()
    const row = await store.read(tx => tx.getClass('default', id))
    expect(row?.meeting).toMatchObject({ details: { run: 'run-1' }, moderatorPassword: `moderators of ${id}` })
  })

  it('is rolled back when the provider refuses for good', async () => {
    const { conferencing, provider, plan } = await createWorld()
    provider.failNext('openMeeting', refusal)
    await expect(plan()).rejects.toMatchObject({ code: 'REFUSED' })
    expect(await conferencing.listClasses()).toEqual([])
  })

  it('F19 stays pending when the answer is lost, with a sentence for the teacher, and gets its meeting later', async () => {
    const { conferencing, provider, clock, plan, notices } = await createWorld()
    provider.failNext('openMeeting', unavailable())
    const { id, ...pending } = await plan()
    expect(pending).toMatchObject({
      provisioning: 'pending',
      provisioningReason: 'The video service does not answer. Please try again in a minute.',
    })
    clock.advance(retryAfterMs)
    expect(await conferencing.rounds.provision()).toBe(1)
    expect(await conferencing.getClass(id)).toMatchObject({ provisioning: 'ready', provisioningReason: null })
    expect(notices).toMatchObject([{ type: 'class-ready', liveClass: { id } }])
    expect(provider.rooms.size).toBe(1)
    clock.advance(600_000)
    expect(await conferencing.rounds.provision()).toBe(0)
  })

  it('stays pending when nothing could be sent', async () => {
    const { provider, plan } = await createWorld()
    provider.failNext('openMeeting', unavailable('not-sent'))
    expect((await plan()).provisioning).toBe('pending')
  })

  it('waits longer after each failed attempt', async () => {
    const { conferencing, provider, clock, plan } = await createWorld()
    provider.failNext('openMeeting', ...Array.from({ length: 4 }, () => unavailable()))
    await plan()
    const attempts: number[] = []
    for (let second = 0; second < 30; second++) {
      const before = provider.calls.length
      await conferencing.rounds.provision()
      if (provider.calls.length > before) attempts.push(second)
      clock.advance(1000)
    }
    // When the request has had its time; then pauses of half of 5, 10 and 20 s, seen at whole seconds.
    expect(attempts).toEqual([6, 9, 14, 24])
  })

  it('is left to a person when the provider later refuses, or its planned time is over', async () => {
    const { conferencing, provider, clock, plan, notices } = await createWorld()
    provider.failNext('openMeeting', unavailable(), unavailable(), refusal)
    const first = await plan()
    const second = await plan({ title: 'Lesson 2' })
    clock.advance(retryAfterMs)
    await conferencing.rounds.provision()
    clock.advance(3 * 3_600_000)
    await conferencing.rounds.provision()
    const found = await conferencing.listClasses()
    expect(new Set(found.map(({ provisioning }) => provisioning))).toEqual(new Set(['ready', 'failed']))
    const failed = found.filter(({ provisioning }) => provisioning === 'failed')
    expect(failed).toHaveLength(1)
    expect([first.id, second.id]).toContain(failed[0]?.id)
    expect(notices.map(({ type }) => type).sort()).toEqual(['class-failed', 'class-ready'])
  })

  it('never asks twice, after a lost answer, a provider that would make a second room', async () => {
    const provider = new PlainProvider({ idempotentOpen: false })
    const { conferencing, clock, plan } = await createWorld({ providers: { bbb: provider } })
    provider.failNext('openMeeting', unavailable('unknown'))
    expect((await plan()).provisioning).toBe('failed')
    clock.advance(retryAfterMs)
    await conferencing.rounds.provision()
    expect(provider.calls).toEqual(['openMeeting'])
  })

  it('may leave the provider to the background', async () => {
    const { conferencing, provider } = await createWorld()
    const { id } = await conferencing.createClass(
      { courseId: 'course', teacherId: 'tea', title: 'Lesson', startsAt },
      { provision: 'later' },
    )
    expect(provider.calls).toEqual([])
    await conferencing.rounds.provision()
    expect((await conferencing.getClass(id)).provisioning).toBe('ready')
  })

  it.each([
    ['title', { title: '  ' }],
    ['title', { title: 'x'.repeat(501) }],
    ['title', { title: 'two\nlines' }],
    ['title', { title: 'a \ud800 half' }],
    ['description', { description: 'bell \u0007' }],
    ['scheduled_at', { startsAt: new Date(Number.NaN) }],
    ['scheduled_at', { startsAt: new Date(1_700_000_000) }],
    ['duration_minutes', { durationMinutes: 0 }],
    ['duration_minutes', { durationMinutes: 12.5 }],
    ['course_id', { courseId: '' }],
  ])('refuses a bad %s by name (%#)', async (field, changes) => {
    const { conferencing, provider, plan } = await createWorld()
    await expect(plan(changes)).rejects.toMatchObject({ code: 'INVALID', details: { [field]: expect.any(String) } })
    expect(await conferencing.listClasses()).toEqual([])
    expect(provider.calls).toEqual([])
  })
})

describe('making the meeting by hand', () => {
  it('makes what waits, and finds what is there', async () => {
    const { conferencing, provider, plan } = await createWorld()
    provider.failNext('openMeeting', unavailable())
    const { id } = await plan()
    expect(await conferencing.createMeeting(id)).toMatchObject({ created: true, liveClass: { provisioning: 'ready' } })
    expect(await conferencing.createMeeting(id)).toMatchObject({ created: false })
    expect(provider.calls).toEqual(['openMeeting', 'openMeeting'])
  })

  it('says why it failed, to the teacher and in the row', async () => {
    const { conferencing, provider, plan } = await createWorld()
    provider.failNext('openMeeting', unavailable(), refusal)
    const { id } = await plan()
    await expect(conferencing.createMeeting(id)).rejects.toMatchObject({ code: 'REFUSED' })
    expect(await conferencing.getClass(id)).toMatchObject({
      provisioning: 'failed',
      provisioningReason: 'The video service does not accept this class.',
    })
  })

  it('has no class to make it for', async () => {
    const { conferencing } = await createWorld()
    await expect(conferencing.createMeeting('nobody')).rejects.toMatchObject({ code: 'CLASS_NOT_FOUND' })
  })
})
