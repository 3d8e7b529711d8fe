import { describe, expect, it } from 'vitest'
import { timeUntil } from '../../src/http/present-dashboard.ts'
import { came, went } from '../support/world.ts'
import { createApiWorld } from './support.ts'

describe('GET my-virtual-classes', () => {
  const path = 'dashboard/my-virtual-classes/'
  const titles = (list: { title: string }[]): string[] => list.map(({ title }) => title)

  it('test_student_sees_enrolled_course_virtual_classes: one upcoming, one live, one completed', async () => {
    const { ask, newClass, conferencing, provider, clock } = await createApiWorld()
    const done = await newClass({ title: 'Done' })
    const live = await newClass({ title: 'Live' })
    await newClass({ title: 'Planned', scheduled_at: '2027-03-04T10:00:00Z' })
    await ask('tea', 'POST', `courses/live-classes/${done}/start_class/`)
    clock.advance(90 * 60_000)
    await conferencing.receiveCallback(
      'bbb',
      provider.callback({ meetingKey: `meeting-${done}` }, came('ana', -30), went('ana', 25)),
    )
    await conferencing.rounds.callbacks()
    await ask('tea', 'POST', `courses/live-classes/${done}/end_class/`)
    await ask('tea', 'POST', `courses/live-classes/${live}/start_class/`)
    const calls = provider.calls.length

    const { status, json, text, headers } = await ask('ana', 'GET', path)
    expect([status, headers.get('cache-control')]).toEqual([200, 'private, no-cache'])
    expect(json.data).toMatchObject({
      upcoming: [{ title: 'Planned', can_join: false, meeting_running: false, time_until_start: '3 days' }],
      live: [{ title: 'Live', can_join: true, meeting_running: true, time_until_start: null }],
      completed: [{ title: 'Done', status: 'completed', has_recording: false }],
      counts: { upcoming: 1, live: 1, completed: 1 },
      limit: 20,
      offset: 0,
    })
    expect(json.data.live[0].course).toEqual({
      id: 'course-1',
      title: 'Title of course-1',
      instructor_name: 'Tea Čer',
    })
    const { attendance } = json.data.completed[0]
    expect(attendance.duration_attended).toBeGreaterThan(0)
    expect(attendance).toMatchObject({ status: expect.any(String), attendance_percentage: expect.any(Number) })
    // One look at the database: no provider asked, no link made (T9).
    expect(provider.calls).toHaveLength(calls)
    expect(text).not.toContain('https://rooms.example/join')
  })

  it('is about the courses of the one who asks', async () => {
    const { ask, newClass } = await createApiWorld()
    await newClass()
    expect((await ask('ana', 'GET', path)).json.data.upcoming).toHaveLength(1)
    expect((await ask('bob', 'GET', path)).json.data.upcoming).toEqual([])
    expect((await ask(null, 'GET', path)).status).toBe(401)
  })

  it('pages through one list, the newest completed class first', async () => {
    const { ask, newClass } = await createApiWorld()
    for (const day of [1, 2, 3]) {
      const id = await newClass({ title: `Day ${day}`, scheduled_at: `2027-03-0${day}T09:00:00Z` })
      await newClass({ title: `Later ${day}`, scheduled_at: `2027-04-0${day}T09:00:00Z` })
      await ask('tea', 'POST', `courses/live-classes/${id}/start_class/`)
      await ask('tea', 'POST', `courses/live-classes/${id}/end_class/`)
    }
    const completed = (await ask('ana', 'GET', `${path}?status=completed&limit=2`)).json.data
    expect(titles(completed.completed)).toEqual(['Day 3', 'Day 2'])
    expect(completed).toMatchObject({ upcoming: [], live: [], counts: { upcoming: null, live: null, completed: 3 } })
    const rest = (await ask('ana', 'GET', `${path}?status=completed&limit=2&offset=2`)).json.data
    expect(titles(rest.completed)).toEqual(['Day 1'])
    const upcoming = (await ask('ana', 'GET', `${path}?status=upcoming&limit=2&offset=1`)).json.data
    expect(titles(upcoming.upcoming)).toEqual(['Later 2', 'Later 3'])
  })

  it('looks forward to no class whose hour has passed, nor to a cancelled one', async () => {
    const { ask, newClass, clock } = await createApiWorld()
    await newClass({ title: 'Missed' })
    await newClass({ title: 'Late', duration_minutes: 180 })
    const off = await newClass({ title: 'Off', scheduled_at: '2027-03-04T10:00:00Z' })
    await ask('tea', 'DELETE', `courses/live-classes/${off}/`)
    clock.advance(2 * 3_600_000)
    const { data } = (await ask('ana', 'GET', path)).json
    expect(data.upcoming).toMatchObject([{ title: 'Late', time_until_start: null }])
    expect(data.counts.upcoming).toBe(1)
  })

  it.each(['status=soon', 'limit=0', 'limit=101', 'offset=-1'])('names a bad query: %s', async query => {
    const { ask } = await createApiWorld()
    const { status, json } = await ask('ana', 'GET', `${path}?${query}`)
    expect([status, Object.keys(json.error?.details ?? {})]).toEqual([400, [query.split('=')[0]]])
  })
})

it.each([
  [-1, null],
  [0, null],
  [1, 'less than a minute'],
  [60_000, '1 minute'],
  [3_599_999, '59 minutes'],
  [3_600_000, '1 hour'],
  [47 * 3_600_000, '1 day'],
  [49 * 3_600_000, '2 days'],
])('time until start: %d ms is %s', (ms, text) => expect(timeUntil(ms)).toBe(text))
