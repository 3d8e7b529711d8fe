import { describe, expect, it } from 'vitest'
import { refusal, unavailable } from '../support/plain-provider.ts'
import { createApiWorld } from './support.ts'

const create = 'courses/course-1/create_virtual_class/'
const lesson = { title: 'Week 2: Advanced Topics', scheduled_at: '2027-03-01T10:00:00+01:00', duration_minutes: 90 }

describe('POST create_virtual_class', () => {
  it('plans a class with its meeting', async () => {
    const { ask } = await createApiWorld()
    const { status, json, headers } = await ask('tea', 'POST', create, lesson)
    expect(status).toBe(200)
    expect(headers.get('content-type')).toContain('application/json')
    expect(json).toMatchObject({
      success: true,
      message: 'Virtual class created successfully',
      data: {
        course: 'course-1',
        teacher: 'tea',
        title: 'Week 2: Advanced Topics',
        description: '',
        scheduled_at: '2027-03-01T09:00:00.000Z',
        duration_minutes: 90,
        status: 'scheduled',
        provider: 'bbb',
        provisioning: 'ready',
        meeting_created: true,
        has_recording: false,
        started_at: null,
      },
    })
    expect(json.data.meeting_id).toBe(`meeting-${json.data.id}`)
  })

  it('never shows a password', async () => {
    const { ask } = await createApiWorld()
    const { text } = await ask('tea', 'POST', create, lesson)
    expect(text).not.toMatch(/moderators of|attendees of|password/)
  })

  it('test_teacher_creates_additional_virtual_classes: three more make four', async () => {
    const { ask, newClass } = await createApiWorld()
    await newClass()
    for (const week of [1, 2, 3]) {
      const body = { ...lesson, title: `Week ${week} Session`, scheduled_at: `2027-03-0${week + 1}T09:00:00Z` }
      expect((await ask('tea', 'POST', create, body)).status).toBe(200)
    }
    const { json } = await ask('tea', 'GET', 'courses/course-1/live-classes/')
    expect(json.data.live_classes.map(({ title }: { title: string }) => title)).toEqual([
      'Lesson 1',
      'Week 1 Session',
      'Week 2 Session',
      'Week 3 Session',
    ])
  })

  it('tells that the meeting is still being tried', async () => {
    const { ask, provider } = await createApiWorld()
    provider.failNext('openMeeting', unavailable())
    const { status, json } = await ask('tea', 'POST', create, lesson)
    expect(status).toBe(200)
    expect(json.data).toMatchObject({
      meeting_created: false,
      provisioning: 'pending',
      provisioning_reason: 'The video service does not answer. Please try again in a minute.',
    })
  })

  it('takes the class back when its meeting is refused for good', async () => {
    const { ask, provider } = await createApiWorld()
    provider.failNext('openMeeting', refusal)
    const { status, json } = await ask('tea', 'POST', create, lesson)
    expect(status).toBe(422)
    expect(json.error).toMatchObject({ code: 'REFUSED', message: 'The video service does not accept this class.' })
    expect((await ask('tea', 'GET', 'courses/course-1/live-classes/')).json.data.live_classes).toEqual([])
  })

  it.each([
    ['title', { scheduled_at: lesson.scheduled_at }],
    ['title', { ...lesson, title: 7 }],
    ['title', { ...lesson, title: ' ' }],
    ['scheduled_at', { ...lesson, scheduled_at: 'tomorrow' }],
    ['scheduled_at', { ...lesson, scheduled_at: '2027-03-01 09:00' }],
    ['scheduled_at', { ...lesson, scheduled_at: '0001-03-01T09:00:00Z' }],
    ['duration_minutes', { ...lesson, duration_minutes: 0 }],
    ['duration_minutes', { ...lesson, duration_minutes: '90' }],
    ['record', { ...lesson, record: 'yes' }],
    ['body', '{"title": '],
    ['body', '[]'],
  ])('names %s when it is not valid (%#)', async (field, body) => {
    const { ask, provider } = await createApiWorld()
    const { status, json } = await ask('tea', 'POST', create, body)
    expect(status).toBe(400)
    expect(json).toMatchObject({ success: false, error: { code: 'INVALID' } })
    expect(Object.keys(json.error?.details ?? {})).toEqual([field])
    expect(provider.calls).toEqual([])
  })

  it('names every field that is not valid', async () => {
    const { ask } = await createApiWorld()
    const { json } = await ask('tea', 'POST', create, {})
    expect(Object.keys(json.error?.details ?? {})).toEqual(['title', 'scheduled_at'])
  })

  it('refuses a body without end', async () => {
    const { ask } = await createApiWorld()
    const { status, json } = await ask('tea', 'POST', create, { ...lesson, description: 'x'.repeat(300_000) })
    expect([status, json.error?.code]).toEqual([413, 'TOO_LARGE'])
  })
})

describe('GET live-classes', () => {
  it('pages through the classes of a course, by start and status', async () => {
    const { ask, newClass } = await createApiWorld()
    const ids: string[] = []
    for (const day of [3, 1, 2]) ids.push(await newClass({ scheduled_at: `2027-03-0${day}T09:00:00Z` }))
    const [third, first, second] = ids
    const listed = async (query: string): Promise<string[]> => {
      const { json } = await ask('ana', 'GET', `courses/course-1/live-classes/${query}`)
      return json.data.live_classes.map(({ id }: { id: string }) => id)
    }
    expect(await listed('')).toEqual([first, second, third])
    expect(await listed('?limit=1&offset=1')).toEqual([second])
    await ask('tea', 'POST', `courses/live-classes/${second}/start_class/`)
    expect(await listed('?status=live')).toEqual([second])
    expect(await listed('?status=scheduled')).toEqual([first, third])
  })

  it.each(['status=soon', 'limit=0', 'limit=201', 'limit=many', 'offset=-1'])('names a bad query: %s', async query => {
    const { ask } = await createApiWorld()
    const { status, json } = await ask('ana', 'GET', `courses/course-1/live-classes/?${query}`)
    expect(status).toBe(400)
    expect(Object.keys(json.error?.details ?? {})).toEqual([query.split('=')[0]])
  })

  it('shows one class with the title of its course', async () => {
    const { ask, newClass } = await createApiWorld()
    const id = await newClass()
    const { status, json } = await ask('ana', 'GET', `courses/live-classes/${id}/`)
    expect(status).toBe(200)
    expect(json.data).toMatchObject({ id, course_title: 'Title of course-1', role: 'student', title: 'Lesson 1' })
  })

  it('takes paths with and without the last slash', async () => {
    const { ask, newClass } = await createApiWorld()
    const id = await newClass()
    for (const path of [`courses/live-classes/${id}`, 'courses/course-1/live-classes']) {
      expect([(await ask('tea', 'GET', path)).status, (await ask('tea', 'GET', `${path}/`)).status]).toEqual([200, 200])
    }
  })
})

describe('POST create_meeting', () => {
  it('makes a meeting that waits, and says so when it was there', async () => {
    const { ask, newClass, provider } = await createApiWorld()
    provider.failNext('openMeeting', unavailable(), unavailable())
    const id = await newClass()
    const path = `courses/live-classes/${id}/create_meeting/`
    const failed = await ask('tea', 'POST', path)
    expect(failed.status).toBe(503)
    expect(failed.headers.get('retry-after')).toBe('5')
    expect(failed.json.error?.message).toBe('The video service does not answer. Please try again in a minute.')
    expect((await ask('tea', 'POST', path)).json.data).toMatchObject({ meeting_id: `meeting-${id}`, created: true })
    expect((await ask('tea', 'POST', path)).json.data).toMatchObject({ created: false })
  })
})

describe('who may do what', () => {
  const people = ['tea', 'tom', 'ana', 'bob', 'adi', null]
  const someClass = 'courses/live-classes/{id}'
  it.each([
    // method, path, then the answers to: teacher, other teacher, enrolled, not enrolled, admin, nobody
    ['POST', create, [400, 403, 403, 403, 400, 401]],
    ['GET', 'courses/course-1/live-classes/', [200, 403, 200, 403, 200, 401]],
    ['GET', `${someClass}/`, [200, 403, 200, 403, 200, 401]],
    ['POST', `${someClass}/create_meeting/`, [200, 403, 403, 403, 200, 401]],
    ['GET', `${someClass}/join_info/`, [200, 403, 200, 403, 200, 401]],
    ['POST', `${someClass}/start_class/`, [200, 403, 403, 403, 200, 401]],
    ['POST', `${someClass}/end_class/`, [200, 403, 403, 403, 200, 401]],
    ['GET', `${someClass}/attendance/`, [200, 403, 200, 403, 200, 401]],
    ['GET', `${someClass}/recordings/`, [200, 403, 200, 403, 200, 401]],
    ['GET', 'courses/course-9/live-classes/', [404, 404, 404, 404, 404, 401]],
    ['GET', 'courses/live-classes/nothing/join_info/', [404, 404, 404, 404, 404, 401]],
    ['POST', 'courses/live-classes/nothing/end_class/', [404, 404, 404, 404, 404, 401]],
  ])('%s %s', async (method, path, expected) => {
    const { ask, newClass } = await createApiWorld()
    const statuses: number[] = []
    for (const who of people) {
      const id = await newClass()
      if (path.includes('end_class')) await ask('tea', 'POST', `courses/live-classes/${id}/start_class/`)
      // A body that is fine but for its meaning: only those who may create get to hear of it.
      const body = path === create ? { title: ' ', scheduled_at: '2027-03-01T09:00:00Z' } : undefined
      const { status, json } = await ask(who, method, path.replace('{id}', id), body)
      expect(json.success).toBe(status === 200)
      if (status === 401) expect(json.error?.code).toBe('UNAUTHENTICATED')
      if (status === 403) expect(json.error?.code).toBe('FORBIDDEN')
      statuses.push(status)
    }
    expect(statuses).toEqual(expected)
  })
})
