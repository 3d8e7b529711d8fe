import { describe, expect, it } from 'vitest'
import { refusal, unavailable } from '../support/plain-provider.ts'
import { createWorld, retryAfterMs, startsAt, teacher } from '../support/world.ts'

const nextDay = new Date('2027-03-02T09:00:00Z')

describe('changing a class', () => {
  it('changes the row, tells the provider and whoever listens', async () => {
    const { conferencing, provider, plan, notices } = await createWorld()
    const { id, meetingId } = await plan()
    const specs: unknown[] = []
    const open = provider.openMeeting
    provider.openMeeting = async (meeting, spec, options) => {
      specs.push(spec)
      return open(meeting, spec, options)
    }
    const changed = await conferencing.updateClass(id, {
      title: ' Lesson one ',
      startsAt: nextDay,
      durationMinutes: 90,
    })
    expect(changed).toMatchObject({
      title: 'Lesson one',
      startsAt: nextDay,
      durationMinutes: 90,
      meetingId,
      provisioning: 'ready',
    })
    expect(await conferencing.getClass(id)).toEqual(changed)
    expect(specs).toMatchObject([{ title: 'Lesson one', startsAt: nextDay, durationMinutes: 90 }])
    expect(notices).toMatchObject([{ type: 'class-changed', liveClass: { id } }])
  })

  it('does nothing when nothing changes', async () => {
    const { conferencing, provider, plan, notices } = await createWorld()
    const liveClass = await plan()
    expect(await conferencing.updateClass(liveClass.id, { title: 'Lesson 1', startsAt })).toEqual(liveClass)
    expect(await conferencing.updateClass(liveClass.id, {})).toEqual(liveClass)
    expect([provider.calls, notices]).toEqual([['openMeeting'], []])
  })

  it('waits for no provider: the class is pending until that one knows', async () => {
    const { conferencing, provider, clock, plan } = await createWorld()
    const { id } = await plan()
    provider.failNext('openMeeting', unavailable())
    expect(await conferencing.updateClass(id, { startsAt: nextDay })).toMatchObject({
      startsAt: nextDay,
      provisioning: 'pending',
      provisioningReason: 'The video service does not answer. Please try again in a minute.',
    })
    clock.advance(retryAfterMs)
    expect(await conferencing.rounds.provision()).toBe(1)
    expect(await conferencing.getClass(id)).toMatchObject({ provisioning: 'ready', provisioningReason: null })
  })

  it('says what the provider refuses, and keeps the class', async () => {
    const { conferencing, provider, plan } = await createWorld()
    const { id } = await plan()
    provider.failNext('openMeeting', refusal)
    expect(await conferencing.updateClass(id, { title: 'Lesson X' })).toMatchObject({
      title: 'Lesson X',
      provisioning: 'failed',
      provisioningReason: 'The video service does not accept this class.',
    })
  })

  it.each([
    ['live', { startsAt: nextDay }, 'scheduled_at'],
    ['completed', { durationMinutes: 90 }, 'duration_minutes'],
    ['completed', { startsAt: nextDay, title: 'New' }, 'scheduled_at'],
    ['cancelled', { title: 'New' }, 'title'],
    ['cancelled', { description: 'New' }, 'description'],
  ] as const)('names what cannot change once the class is %s: %j', async (status, changes, field) => {
    const { conferencing, plan } = await createWorld()
    const { id } = await plan()
    if (status === 'cancelled') await conferencing.cancelClass(id)
    else await conferencing.startClass(id, teacher)
    if (status === 'completed') await conferencing.endClass(id)
    const before = await conferencing.getClass(id)
    await expect(conferencing.updateClass(id, changes)).rejects.toMatchObject({
      code: 'CONFLICT',
      details: { class_id: id, status, field },
    })
    expect(await conferencing.getClass(id)).toEqual(before)
  })

  it.each([
    ['live', { title: 'New', description: 'More', durationMinutes: 120 }],
    ['completed', { title: 'New', description: 'More' }],
  ] as const)('changes the rest of a class that is %s, without a word to the provider', async (status, changes) => {
    const { conferencing, provider, plan } = await createWorld()
    const { id } = await plan()
    await conferencing.startClass(id, teacher)
    if (status === 'completed') await conferencing.endClass(id)
    const calls = provider.calls.length
    expect(await conferencing.updateClass(id, changes)).toMatchObject({ ...changes, status, provisioning: 'ready' })
    expect(provider.calls).toHaveLength(calls)
  })

  it('refuses bad values by name', async () => {
    const { conferencing, plan } = await createWorld()
    const { id } = await plan()
    await expect(conferencing.updateClass(id, { title: '\n', durationMinutes: 0 })).rejects.toMatchObject({
      code: 'INVALID',
      details: { title: expect.any(String), duration_minutes: expect.any(String) },
    })
    await expect(conferencing.updateClass('nobody', {})).rejects.toMatchObject({ code: 'CLASS_NOT_FOUND' })
  })
})

describe('cancelling a class', () => {
  it('cancels at the provider too, and tells whoever listens, once', async () => {
    const { conferencing, provider, plan, notices } = await createWorld()
    const { id } = await plan()
    expect(await conferencing.cancelClass(id)).toMatchObject({ id, status: 'cancelled' })
    expect(await conferencing.cancelClass(id)).toMatchObject({ id, status: 'cancelled' })
    expect(provider.rooms.size).toBe(0)
    expect(notices.map(({ type }) => type)).toEqual(['class-cancelled'])
    await expect(conferencing.startClass(id, teacher)).rejects.toMatchObject({
      code: 'CONFLICT',
      details: { from: 'cancelled', to: 'live' },
    })
    expect(await conferencing.joinInfo(id, teacher)).toMatchObject({ canStart: false, canJoin: false })
  })

  it('depends on no provider, and asks again when pressed again', async () => {
    const { conferencing, provider, plan, log } = await createWorld()
    const { id } = await plan()
    provider.failNext('cancelMeeting', unavailable())
    expect((await conferencing.cancelClass(id)).status).toBe('cancelled')
    expect(log.join()).toContain('meeting not cancelled')
    await conferencing.cancelClass(id)
    expect(provider.calls.filter(call => call === 'cancelMeeting')).toHaveLength(2)
  })

  it.each(['live', 'completed'] as const)('refuses a class that is %s, naming both ends', async status => {
    const { conferencing, provider, plan } = await createWorld()
    const { id } = await plan()
    await conferencing.startClass(id, teacher)
    if (status === 'completed') await conferencing.endClass(id)
    await expect(conferencing.cancelClass(id)).rejects.toMatchObject({
      code: 'CONFLICT',
      details: { class_id: id, from: status, to: 'cancelled' },
    })
    expect(provider.calls).not.toContain('cancelMeeting')
  })
})

describe('the first class of a course', () => {
  it('is in seven days, an hour long, and waits for no provider', async () => {
    const { conferencing, provider, store, notices } = await createWorld()
    const { id, ...first } = await conferencing.createFirstClass({ courseId: 'c', title: 'Python', teacherId: 'tea' })
    expect(first).toMatchObject({
      courseId: 'c',
      teacherId: 'tea',
      title: 'Python - Virtual Class Session 1',
      description: 'First virtual class session for Python',
      startsAt: new Date('2027-03-08T08:30:00Z'),
      durationMinutes: 60,
      status: 'scheduled',
      provisioning: 'pending',
      meetingId: `meeting-${id}`,
    })
    expect(provider.calls).toEqual([])
    const row = await store.read(tx => tx.getClass('default', id))
    expect(row?.meeting).toMatchObject({
      moderatorPassword: expect.stringMatching(/./),
      attendeePassword: expect.stringMatching(/./),
    })
    await conferencing.rounds.provision()
    expect(notices).toMatchObject([{ type: 'class-ready', liveClass: { id } }])
  })

  it.each([['x'.repeat(490)], ['two\nlines'], ['']])('comes whatever the course is called: %j', async title => {
    const { conferencing } = await createWorld()
    const first = await conferencing.createFirstClass({ courseId: 'c', title, teacherId: 'tea' })
    expect(first.title).toContain('Virtual Class Session 1')
    expect(first.title.length).toBeLessThanOrEqual(500)
  })
})
