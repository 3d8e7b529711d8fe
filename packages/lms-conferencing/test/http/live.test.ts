import { describe, expect, it } from 'vitest'
import { listedRecording, unavailable } from '../support/plain-provider.ts'
import { came, minute, opened, went } from '../support/world.ts'
import { type ApiWorld, createApiWorld } from './support.ts'

const path = (id: string, action: string): string => `courses/live-classes/${id}/${action}/`

describe('running a class', () => {
  it('test_student_joins_live_class', async () => {
    const { ask, newClass } = await createApiWorld()
    const id = await newClass()
    const before = await ask('ana', 'GET', path(id, 'join_info'))
    expect(before.json.data).toEqual({
      join_url: null,
      role: 'attendee',
      meeting_running: false,
      can_start: false,
      can_join: false,
      reason: 'The class has not started yet. Come back when your teacher has opened it.',
      status: 'scheduled',
    })
    const started = await ask('tea', 'POST', path(id, 'start_class'))
    expect(started.json.data).toMatchObject({ role: 'moderator', status: 'live', live_class: { id, status: 'live' } })
    expect(started.json.data.join_url).toContain('role=moderator')
    const joined = await ask('ana', 'GET', path(id, 'join_info'))
    expect(joined.json.data).toMatchObject({ role: 'attendee', meeting_running: true, can_join: true, reason: null })
    expect(joined.json.data.join_url).toContain('userId=ana')
  })

  it('T9 keeps links out of caches, referrers, lists and details', async () => {
    const { ask, newClass, log } = await createApiWorld()
    const id = await newClass()
    const started = await ask('tea', 'POST', path(id, 'start_class'))
    const joined = await ask('ana', 'GET', path(id, 'join_info'))
    for (const { headers } of [started, joined]) {
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
    }
    for (const where of ['courses/course-1/live-classes/', `courses/live-classes/${id}/`]) {
      expect((await ask('tea', 'GET', where)).text).not.toMatch(/\/join\?|ticket=/)
    }
    expect(log.join('\n')).not.toMatch(/\/join\?|ticket=/)
  })

  it('lets an administrator in as moderator', async () => {
    const { ask, newClass } = await createApiWorld()
    const id = await newClass()
    await ask('tea', 'POST', path(id, 'start_class'))
    expect((await ask('adi', 'GET', path(id, 'join_info'))).json.data).toMatchObject({
      role: 'moderator',
      can_join: true,
    })
  })

  it('answers 503 with a sentence for the teacher while the provider is down', async () => {
    const { ask, newClass, provider, log } = await createApiWorld()
    const id = await newClass()
    provider.failNext('openMeeting', unavailable())
    const { status, json, headers } = await ask('tea', 'POST', path(id, 'start_class'))
    expect([status, json.error?.code]).toEqual([503, 'UNAVAILABLE'])
    expect(json.error?.message).toBe('The video service does not answer. Please try again in a minute.')
    expect(headers.get('retry-after')).toBe('5')
    expect((await ask('tea', 'POST', path(id, 'start_class'))).status).toBe(200)
    expect(log.join('\n')).not.toContain(id)
  })

  it('answers 409 with both ends to a step that does not exist', async () => {
    const { ask, newClass } = await createApiWorld()
    const id = await newClass()
    const { status, json } = await ask('tea', 'POST', path(id, 'end_class'))
    expect(status).toBe(409)
    expect(json.error).toEqual({
      code: 'CONFLICT',
      message: 'This class is scheduled; it cannot become completed.',
      details: { class_id: id, from: 'scheduled', to: 'completed' },
    })
  })

  it('ends a class', async () => {
    const { ask, newClass } = await createApiWorld()
    const id = await newClass()
    await ask('tea', 'POST', path(id, 'start_class'))
    const { json } = await ask('tea', 'POST', path(id, 'end_class'))
    expect(json).toMatchObject({ message: 'Class ended', data: { id, status: 'completed' } })
    expect((await ask('ana', 'GET', path(id, 'join_info'))).json.data).toMatchObject({ can_join: false })
  })
})

async function heldClass({ ask, newClass, clock, provider, conferencing }: ApiWorld): Promise<string> {
  const id = await newClass()
  clock.advance(30 * 60_000)
  await ask('tea', 'POST', path(id, 'start_class'))
  const facts = [opened(0), came('ana', 0), went('ana', 45.5)]
  await conferencing.receiveCallback('bbb', provider.callback({ meetingKey: `meeting-${id}` }, ...facts))
  await conferencing.rounds.callbacks()
  clock.advance(60 * 60_000)
  await ask('tea', 'POST', path(id, 'end_class'))
  return id
}

describe('GET attendance', () => {
  it('test_user_left_webhook_updates_attendance: shows a teacher everybody', async () => {
    const world = await createApiWorld()
    const id = await heldClass(world)
    const { json } = await world.ask('tea', 'GET', path(id, 'attendance'))
    expect(json.data).toMatchObject({ class_id: id, class_status: 'completed', final: true, held_ms: 3_600_000 })
    expect(json.data.held).toEqual([{ from: '2027-03-01T09:00:00.000Z', to: '2027-03-01T10:00:00.000Z' }])
    expect(json.data.records).toHaveLength(2)
    expect(json.data.records[0]).toMatchObject({
      user_id: 'ana',
      name: 'Ana Ñ',
      on_roster: true,
      status: 'left_early',
      attendance_percentage: 75.8,
      duration_minutes: 45,
      join_time: '2027-03-01T09:00:00.000Z',
      leave_time: '2027-03-01T09:45:30.000Z',
      left_early: true,
      credited_ms: 2_730_000,
      confidence: 'exact',
      provenance: ['webhook'],
      intervals: [{ from: '2027-03-01T09:00:00.000Z', to: '2027-03-01T09:45:30.000Z' }],
    })
    expect(json.data.totals).toMatchObject({
      people: 2,
      counts: { left_early: 1, absent: 1 },
      attendance_percentage: 37.9,
    })
    expect(json.data.records[1]).toMatchObject({
      user_id: 'bob',
      status: 'absent',
      duration_minutes: 0,
      join_time: null,
    })
  })

  it('says when callbacks were lost, and about whom the sources disagree: to a student only what is theirs', async () => {
    const world = await createApiWorld()
    const id = await heldClass(world)
    const report = [opened(0), came('ana', 0), went('ana', 30), came('bob', 0), went('bob', 60)]
    await world.store.transaction(async tx => {
      await tx.addEvents(
        'default',
        id,
        report.map(event => ({ event, provenance: 'report' })),
      )
      await tx.addGap({
        ...{ tenantId: 'default', provider: 'bbb', serverId: null, foundAt: new Date(minute(60)) },
        ...{ from: minute(50), to: minute(55), cause: 'receiver_down' },
      })
    })
    const { data } = (await world.ask('tea', 'GET', path(id, 'attendance'))).json
    const blind = { from: '2027-03-01T09:50:00.000Z', to: '2027-03-01T09:55:00.000Z' }
    expect(data.gaps).toEqual([
      {
        ...blind,
        cause: 'receiver_down',
        state: 'open',
        repaired_by: [],
        blind: [blind],
        sentence: 'Callbacks were lost from 09:50 to 09:55 (our receiver was down); this time counts for nobody.',
      },
    ])
    expect(data.blind_ms).toBe(5 * 60_000)
    expect(data.contradictions.map(({ user_id }: { user_id: string }) => user_id)).toEqual(['ana', 'bob'])
    expect(data.contradictions[0]).toMatchObject({
      difference_ms: 15.5 * 60_000,
      says: [
        { source: 'webhook', present_ms: 45.5 * 60_000 },
        { source: 'report', present_ms: 30 * 60_000 },
      ],
    })
    const own = await world.ask('ana', 'GET', path(id, 'attendance'))
    expect(own.json.data.contradictions).toHaveLength(1)
    expect(own.text).not.toContain('bob')
    const picture = await world.api(
      new Request(`https://lms.example/api/v1/${path(id, 'attendance')}timeline.svg`, {
        headers: { authorization: 'Bearer tea' },
      }),
    )
    expect(await picture.text()).toContain(data.gaps[0].sentence)
  })

  it('shows a student their own row and no other', async () => {
    const world = await createApiWorld()
    const id = await heldClass(world)
    const { json, text } = await world.ask('ana', 'GET', path(id, 'attendance'))
    expect(json.data.records.map(({ user_id }: { user_id: string }) => user_id)).toEqual(['ana'])
    expect(json.data.totals).toBeNull()
    expect(text).not.toContain('bob')
  })

  it('test_user_joined_webhook_creates_attendance: present while the class runs', async () => {
    const world = await createApiWorld()
    const { ask, newClass, clock, conferencing, provider } = world
    const id = await newClass()
    clock.advance(30 * 60_000)
    await ask('tea', 'POST', path(id, 'start_class'))
    await conferencing.receiveCallback(
      'bbb',
      provider.callback({ meetingKey: `meeting-${id}` }, opened(0), came('ana', 0)),
    )
    await conferencing.rounds.callbacks()
    clock.advance(60_000)
    const { json } = await ask('ana', 'GET', path(id, 'attendance'))
    expect(json).toMatchObject({ message: 'Attendance so far', data: { final: false } })
    expect(json.data.records).toMatchObject([{ user_id: 'ana', status: 'present', in_class_now: true }])
  })
})

describe('GET attendance as CSV', () => {
  it.each([
    ['?format=csv', undefined],
    ['', 'text/csv, */*;q=0.1'],
  ])('is a file on demand: %s %s', async (query, accept) => {
    const world = await createApiWorld()
    const id = await heldClass(world)
    const response = await world.api(
      new Request(`https://lms.example/api/v1/${path(id, 'attendance')}${query}`, {
        headers: { authorization: 'Bearer ana', ...(accept && { accept }) },
      }),
    )
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="attendance.csv"')
    expect(response.headers.get('cache-control')).toBe('no-store')
    const lines = (await response.text()).trim().split('\r\n')
    expect(lines).toHaveLength(2)
    expect(lines[1]).toMatch(/^ana,Ana Ñ,true,left_early,75\.8,45,/)
  })
})

describe('GET recordings', () => {
  it('shows the published ones to students, and all of them to the teacher', async () => {
    const world = await createApiWorld()
    const id = await heldClass(world)
    const hidden = listedRecording({ recordId: 'record-2', state: 'unpublished', published: false, playback: [] })
    world.provider.recorded.set(`meeting-${id}`, [listedRecording(), hidden])
    const { json } = await world.ask('ana', 'GET', path(id, 'recordings'))
    expect(json.data.recordings).toEqual([
      {
        record_id: 'record-1',
        name: 'Lesson',
        state: 'published',
        published: true,
        playback_url: 'https://rooms.example/playback/record-1',
        playback: [{ type: 'presentation', url: 'https://rooms.example/playback/record-1', duration_minutes: 60 }],
        duration_seconds: 3600,
        size_mb: 238.4,
        recorded_at: '2027-03-01T09:00:00.000Z',
        ended_at: '2027-03-01T10:00:00.000Z',
      },
    ])
    expect((await world.ask('tea', 'GET', path(id, 'recordings'))).json.data.recordings).toHaveLength(2)
  })
})

describe('the rest of the surface', () => {
  it('hides what went wrong inside', async () => {
    const { api, log } = await createApiWorld({
      authenticate: () => {
        throw new Error('password is hunter2')
      },
    })
    const response = await api(new Request('https://lms.example/api/v1/courses/course-1/live-classes/'))
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('hunter2')
    expect(log.join('\n')).not.toContain('hunter2')
  })

  it('answers what is not there in the envelope', async () => {
    const { ask } = await createApiWorld()
    const { status, json } = await ask('tea', 'GET', 'nothing')
    expect([status, json.error?.code]).toEqual([404, 'NOT_FOUND'])
  })

  it('tells whether it can serve', async () => {
    const { api, store } = await createApiWorld()
    expect((await api(new Request('https://lms.example/healthz'))).status).toBe(200)
    await store.close()
    const down = await api(new Request('https://lms.example/healthz'))
    expect([down.status, down.headers.get('retry-after')]).toEqual([503, null])
  })
})
