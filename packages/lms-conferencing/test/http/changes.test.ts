import { describe, expect, it } from 'vitest'
import { createHttpApi } from '../../src/http/index.ts'
import { listedRecording, unavailable } from '../support/plain-provider.ts'
import { createApiWorld, readAnswer } from './support.ts'

describe('POST courses', () => {
  const course = { title: 'Python Programming', description: 'Learn Python', category: 'programming' }

  it('test_course_creation_auto_creates_virtual_class: one class, with meeting id and passwords', async () => {
    const { ask, provider, store } = await createApiWorld()
    const { status, json } = await ask('tea', 'POST', 'courses/', course)
    expect(status).toBe(201)
    expect(json).toMatchObject({
      success: true,
      data: {
        title: 'Python Programming',
        description: 'Learn Python',
        virtual_classes: [
          {
            course: json.data.id,
            title: 'Python Programming - Virtual Class Session 1',
            scheduled_at: '2027-03-08T08:30:00.000Z',
            duration_minutes: 60,
            status: 'scheduled',
            meeting_id: expect.stringMatching(/./),
            provisioning: 'pending',
          },
        ],
      },
    })
    expect(provider.calls).toEqual([])
    const listed = await ask('tea', 'GET', `courses/${json.data.id}/live-classes/`)
    expect(listed.json.data.live_classes).toEqual(json.data.virtual_classes)
    const rows = await store.read(tx => tx.listClasses({ tenantId: 'default' }))
    expect(rows).toHaveLength(1)
    expect(rows[0]?.meeting.moderatorPassword).not.toBe('')
    expect(rows[0]?.meeting.attendeePassword).not.toBe('')
  })

  it('test_teacher_creates_additional_virtual_classes: three more make four', async () => {
    const { ask } = await createApiWorld()
    const { json } = await ask('tea', 'POST', 'courses/', course)
    for (const week of [1, 2, 3]) {
      const body = { title: `Week ${week} Session`, scheduled_at: `2027-03-1${week}T09:00:00Z`, duration_minutes: 60 }
      const further = await ask('tea', 'POST', `courses/${json.data.id}/create_virtual_class/`, body)
      expect(further).toMatchObject({ status: 200, json: { data: { meeting_created: true } } })
    }
    const listed = await ask('tea', 'GET', `courses/${json.data.id}/live-classes/`)
    expect(listed.json.data.live_classes).toHaveLength(4)
  })

  it('takes a time and a length, or no class at all', async () => {
    const { ask } = await createApiWorld()
    const given = { ...course, virtual_class_schedule: '2027-04-01T10:00:00+02:00', virtual_class_duration: 90 }
    expect((await ask('tea', 'POST', 'courses/', given)).json.data.virtual_classes).toMatchObject([
      { scheduled_at: '2027-04-01T08:00:00.000Z', duration_minutes: 90 },
    ])
    const without = { ...course, auto_create_virtual_class: false }
    expect((await ask('tea', 'POST', 'courses/', without)).json.data.virtual_classes).toEqual([])
  })

  it('makes the course when its class cannot be planned, and says so', async () => {
    const { ask, conferencing, log } = await createApiWorld()
    conferencing.createFirstClass = async () => {
      throw new RangeError('the disk is s3cr3t')
    }
    const { status, json, text } = await ask('tea', 'POST', 'courses/', course)
    expect([status, json.data.virtual_classes, json.message]).toEqual([
      201,
      [],
      'Course created. Its first virtual class could not be planned; please add it yourself.',
    ])
    expect(log.join()).toContain('first class not planned')
    expect(text + log.join()).not.toContain('s3cr3t')
  })

  it.each([
    ['title', { title: ' ' }],
    ['virtual_class_schedule', { virtual_class_schedule: 'next week' }],
    ['virtual_class_schedule', { virtual_class_schedule: '1970-01-20T00:00:00Z' }],
    ['virtual_class_duration', { virtual_class_duration: 0 }],
    ['auto_create_virtual_class', { auto_create_virtual_class: 'yes' }],
  ])('names %s when it is not valid (%#), and makes nothing', async (field, changes) => {
    const { ask, created } = await createApiWorld()
    const { status, json } = await ask('tea', 'POST', 'courses/', { ...course, ...changes })
    expect([status, Object.keys(json.error?.details ?? {})]).toEqual([400, [field]])
    expect(created).toEqual([])
  })

  it('is no route of an LMS that makes its courses elsewhere', async () => {
    const { conferencing } = await createApiWorld()
    const api = createHttpApi({
      conferencing,
      authenticate: () => ({ userId: 'tea', displayName: 'Tea' }),
      lms: { courseTitle: () => null, teaches: () => true, enrolled: () => false },
    })
    const body = JSON.stringify(course)
    const headers = { 'content-type': 'application/json' }
    const answer = await readAnswer(
      await api(new Request('https://lms.example/api/v1/courses/', { method: 'POST', body, headers })),
    )
    expect(answer.status).toBe(404)
    const document = await readAnswer(await api(new Request('https://lms.example/openapi.json')))
    expect(document.text).not.toContain('createCourse')
  })
})

describe('PATCH and DELETE of a class', () => {
  it('reschedules, and says what the video service does not know yet', async () => {
    const { ask, newClass, provider } = await createApiWorld()
    const path = `courses/live-classes/${await newClass()}/`
    provider.failNext('openMeeting', unavailable())
    const { status, json } = await ask('tea', 'PATCH', path, { scheduled_at: '2027-03-02T10:00:00+01:00' })
    expect([status, json.data]).toMatchObject([
      200,
      { scheduled_at: '2027-03-02T09:00:00.000Z', provisioning: 'pending' },
    ])
    expect((await ask('ana', 'GET', path)).json.data).toMatchObject({ scheduled_at: '2027-03-02T09:00:00.000Z' })
  })

  it.each([
    [{ title: ' ' }, 'title'],
    [{ scheduled_at: 'later' }, 'scheduled_at'],
    [{ duration_minutes: 1.5 }, 'duration_minutes'],
    [{ status: 'live' }, 'body'],
  ])('refuses %j by name', async (changes, field) => {
    const { ask, newClass } = await createApiWorld()
    const { status, json } = await ask('tea', 'PATCH', `courses/live-classes/${await newClass()}/`, changes)
    expect([status, Object.keys(json.error?.details ?? {})]).toEqual([400, [field]])
  })

  it('names what cannot be: a live class has its start behind it, a cancelled one is never held', async () => {
    const { ask, newClass } = await createApiWorld()
    const live = `courses/live-classes/${await newClass()}/`
    await ask('tea', 'POST', `${live}start_class/`)
    const moved = await ask('tea', 'PATCH', live, { scheduled_at: '2027-03-02T09:00:00Z' })
    expect([moved.status, moved.json.error]).toMatchObject([
      409,
      { code: 'CONFLICT', details: { status: 'live', field: 'scheduled_at' } },
    ])
    const called = await ask('tea', 'DELETE', live)
    expect([called.status, called.json.error?.details]).toMatchObject([409, { from: 'live', to: 'cancelled' }])

    const off = `courses/live-classes/${await newClass()}/`
    expect((await ask('tea', 'DELETE', off)).json.data).toMatchObject({ status: 'cancelled' })
    const started = await ask('tea', 'POST', `${off}start_class/`)
    expect([started.status, started.json.error?.details]).toMatchObject([409, { from: 'cancelled', to: 'live' }])
    expect((await ask('ana', 'GET', `${off}join_info/`)).json.data).toMatchObject({
      can_join: false,
      reason: 'This class was cancelled.',
    })
  })
})

describe('POST and DELETE of a recording', () => {
  it('lets the teacher decide what students see', async () => {
    const { ask, newClass, provider } = await createApiWorld()
    const id = await newClass()
    const path = `courses/live-classes/${id}`
    await ask('tea', 'POST', `${path}/start_class/`)
    await ask('tea', 'POST', `${path}/end_class/`)
    provider.recorded.set(`meeting-${id}`, [listedRecording({ recordId: 'a/b c' })])
    const seen = async (who: string): Promise<string[]> => {
      const { json } = await ask(who, 'GET', `${path}/recordings/`)
      return json.data.recordings.map(({ state }: { state: string }) => state)
    }
    expect(await seen('ana')).toEqual(['published'])
    const one = `${path}/recordings/${encodeURIComponent('a/b c')}/`
    expect((await ask('tea', 'POST', one, { published: false })).json.data).toMatchObject({ published: false })
    expect([await seen('ana'), await seen('tea')]).toEqual([[], ['unpublished']])
    expect((await ask('tea', 'POST', one, { published: true })).json.message).toBe('Recording published')
    expect(await seen('ana')).toEqual(['published'])
    expect((await ask('tea', 'DELETE', one)).json.data).toMatchObject({ record_id: 'a/b c', state: 'deleted' })
    expect(await seen('ana')).toEqual([])
    expect((await ask('tea', 'POST', one, { published: 'no' })).json.error?.details).toHaveProperty('published')
    expect((await ask('tea', 'DELETE', `${path}/recordings/other/`)).json.error?.code).toBe('RECORDING_NOT_FOUND')
  })
})

describe('GET calendar.ics', () => {
  it('replaces the entry of a class that moves, and takes back that of a cancelled one', async () => {
    const { api, ask, newClass } = await createApiWorld()
    const id = await newClass({ title: 'Lesson 1; part A' })
    const path = `courses/live-classes/${id}/`
    const entry = async () => {
      const headers = { authorization: 'Bearer ana' }
      const response = await api(new Request(`https://lms.example/api/v1/${path}calendar.ics`, { headers }))
      expect(response.headers.get('content-type')).toBe('text/calendar; charset=utf-8')
      expect(response.headers.get('content-disposition')).toBe('attachment; filename="class.ics"')
      const lines = (await response.text()).split('\r\n').map(line => line.split(/:(.*)/s, 2))
      return Object.fromEntries(lines)
    }
    const planned = await entry()
    expect(planned).toMatchObject({
      UID: `${id}@lms-conferencing`,
      SUMMARY: 'Lesson 1\\; part A',
      DTSTART: '20270301T090000Z',
      CATEGORIES: 'Title of course-1',
      STATUS: 'CONFIRMED',
    })
    await ask('tea', 'PATCH', path, { scheduled_at: '2027-03-02T09:00:00Z' })
    const moved = await entry()
    expect(moved).toMatchObject({ UID: planned.UID, DTSTART: '20270302T090000Z' })
    await ask('tea', 'DELETE', path)
    const cancelled = await entry()
    expect(cancelled).toMatchObject({ UID: planned.UID, STATUS: 'CANCELLED' })
    const numbers = [planned, moved, cancelled].map(({ SEQUENCE }) => Number(SEQUENCE))
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
  })
})
