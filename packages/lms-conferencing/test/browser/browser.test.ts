import { readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { type FetchLike, VideoConferenceError, VideoConferenceService } from '../../src/browser.ts'
import type { HttpApiOptions } from '../../src/http/index.ts'
import { explain, noRollout } from '../../src/migration/rollout/choose.ts'
import { createApiWorld } from '../http/support.ts'
import { listedRecording, unavailable } from '../support/plain-provider.ts'
import { came, went } from '../support/world.ts'

/** The service of one person's page, over the API itself. */
async function createPages(options: Partial<HttpApiOptions> = {}) {
  const world = await createApiWorld(options)
  const pageOf = (who: string): VideoConferenceService =>
    new VideoConferenceService({
      baseUrl: 'https://lms.example/',
      headers: async () => ({ authorization: `Bearer ${who}` }),
      fetch: async (url, init) => {
        const { method, headers, body } = init
        return world.api(new Request(url, { method, headers, ...(body !== undefined && { body }) }))
      },
    })
  return { ...world, pageOf, tea: pageOf('tea'), ana: pageOf('ana') }
}

describe('VideoConferenceService over the API', () => {
  it('holds a class from its course to its recording', async () => {
    const { tea, ana, provider, conferencing, api } = await createPages()
    const course = await tea.createCourse({ title: 'Python', virtual_class_duration: 90 })
    expect(course.virtual_classes).toMatchObject([{ duration_minutes: 90, provisioning: 'pending' }])
    const made = await tea.createVirtualClass('course-1', { title: 'Week 2', scheduled_at: '2027-03-01T09:00:00Z' })
    const { id } = made
    expect(made.meeting_created).toBe(true)
    expect(await tea.createMeeting(id)).toMatchObject({ meeting_id: `meeting-${id}`, created: false })
    expect((await tea.updateClass(id, { title: 'Week two' })).title).toBe('Week two')
    expect(await ana.getLiveClass(id)).toMatchObject({ title: 'Week two', role: 'student' })
    expect(await ana.getJoinInfo(id)).toMatchObject({ can_join: false, join_url: null })
    expect(await ana.getCalendar(id)).toContain('\r\nSUMMARY:Week two\r\n')

    const started = await tea.startClass(id)
    expect([started.status, started.role]).toEqual(['live', 'moderator'])
    expect((await ana.getJoinInfo(id)).join_url).toContain('role=attendee')
    const mine = await ana.getMyVirtualClasses({ status: 'live' })
    expect(mine).toMatchObject({ live: [{ id, can_join: true }], upcoming: [] })
    await conferencing.receiveCallback(
      'bbb',
      provider.callback({ meetingKey: `meeting-${id}` }, came('ana', -30), went('ana', -20)),
    )
    await conferencing.rounds.callbacks()
    provider.recorded.set(`meeting-${id}`, [listedRecording({ recordId: 'r/1' })])
    expect((await tea.endClass(id)).status).toBe('completed')

    expect((await tea.getAttendance(id)).records.map(({ user_id }) => user_id)).toContain('ana')
    expect((await ana.getAttendance(id)).records).toMatchObject([{ user_id: 'ana' }])
    expect(await tea.getAttendanceTable(id)).toContain('Ana Ñ')
    expect(await tea.getTimeline(id, { timeZone: 'Europe/Madrid', theme: 'dark' })).toMatch(/^<svg /)
    await expect(ana.getTimeline(id)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await expect(tea.getTimeline(id, { timeZone: 'Mars' })).rejects.toMatchObject({ code: 'INVALID' })
    expect(await ana.getRecordings(id)).toMatchObject([{ record_id: 'r/1', published: true }])
    await tea.setRecordingPublished(id, { recordId: 'r/1', published: false })
    expect(await ana.getRecordings(id)).toEqual([])
    expect((await tea.deleteRecording(id, 'r/1')).state).toBe('deleted')
    const page = await ana.getLiveClasses('course-1', { status: 'completed', limit: 5 })
    expect(page).toMatchObject({ live_classes: [{ id }], limit: 5, offset: 0 })
    const other = await tea.createVirtualClass('course-1', { title: 'Off', scheduled_at: '2027-03-09T09:00:00Z' })
    expect((await tea.cancelClass(other.id)).status).toBe('cancelled')

    const feed = await ana.createCalendarFeed()
    expect(feed).toMatch(/^https:\/\/lms\.example\/api\/v1\/dashboard\/calendar\.ics\?token=[\w-]{32}$/)
    expect(await (await api(new Request(feed))).text()).toContain('\r\nSTATUS:CANCELLED\r\n')
    expect(await ana.revokeCalendarFeed()).toEqual({ revoked: true })
  })

  it('is what administrators look after the callbacks with', async () => {
    const { pageOf, tea, conferencing, provider, newClass } = await createPages()
    const adi = pageOf('adi')
    const id = await newClass()
    const callback = provider.callback({ meetingKey: `meeting-${id}` }, came('ana', -30))
    await conferencing.receiveCallback('bbb', callback)
    expect(await adi.getHealth()).toMatchObject({ status: 'ok', inbox: { new: 1, dead: 0 } })
    expect(await adi.getCallbacks({ state: 'new', limit: 5 })).toMatchObject({
      callbacks: [{ provider: 'bbb', state: 'new', attempts: 0 }],
      next: null,
    })
    expect(await adi.replayCallbacks({ state: 'dead' })).toEqual({ replayed: 0, dry_run: false })
    await expect(tea.getHealth()).rejects.toMatchObject({ code: 'FORBIDDEN' })
    // Nothing is moved here.
    await expect(adi.getRollout('course-1')).rejects.toMatchObject({ code: 'NOT_FOUND', status: 404 })
    await expect(adi.getMigration()).rejects.toMatchObject({ code: 'NOT_FOUND', status: 404 })
  })

  it('tells administrators how a move goes', async () => {
    const rollout = { ...noRollout, phase: 'gradual' as const, percentage: 25 }
    const { pageOf } = await createPages({
      migration: {
        rollout: async courseId => ({
          rollout,
          version: 2,
          choice: courseId === null ? null : explain({ course: { id: courseId }, rollout }),
        }),
        table: async () => ({
          table: 'live_classes',
          phase: null,
          next: 'expand',
          counts: null,
          report: null,
          log: [],
        }),
      },
    })
    const adi = pageOf('adi')
    expect(await adi.getRollout()).toMatchObject({ phase: 'gradual', percentage: 25, version: 2, course: null })
    const { course } = await adi.getRollout('course-1')
    expect(course).toMatchObject({ id: 'course-1', reason: 'not_in_percentage', provider: 'zoom' })
    expect(await adi.getMigration()).toMatchObject({ table: 'live_classes', phase: null, next: 'expand' })
  })

  it('says what went wrong in words for the person, and in a code for the page', async () => {
    const { tea, ana, provider, newClass } = await createPages()
    const id = await newClass()
    await expect(ana.startClass(id)).rejects.toMatchObject({ code: 'FORBIDDEN', status: 403, retryAfter: null })
    await expect(ana.getCalendar('nothing')).rejects.toMatchObject({ code: 'CLASS_NOT_FOUND', status: 404 })
    await expect(tea.endClass(id)).rejects.toMatchObject({
      code: 'CONFLICT',
      details: { from: 'scheduled', to: 'completed' },
    })
    provider.failNext('openMeeting', unavailable())
    const failed = await tea.startClass(id).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(VideoConferenceError)
    expect(failed).toMatchObject({
      code: 'UNAVAILABLE',
      message: 'The video service does not answer. Please try again in a minute.',
      retryAfter: 5,
    })
  })
})

describe('VideoConferenceService over the network', () => {
  const answering = (status: number, text: string): FetchLike => {
    return async () => ({ status, headers: new Headers(), text: async () => text })
  }

  it('asks at its own origin, with cookies of its own, past every cache (T9)', async () => {
    const asked: unknown[] = []
    const service = new VideoConferenceService({
      fetch: async (url, init) => {
        asked.push({ url, ...init })
        return answering(200, '{"success":true,"data":{},"message":""}')(url, init)
      },
    })
    await service.getMyVirtualClasses({ status: 'all', limit: undefined, offset: 20 })
    await service.updateClass('a/b?c=%', { title: 'x' })
    expect(asked).toEqual([
      {
        url: '/api/v1/dashboard/my-virtual-classes/?status=all&offset=20',
        method: 'GET',
        headers: { accept: 'application/json' },
        credentials: 'same-origin',
        cache: 'no-store',
      },
      {
        url: '/api/v1/courses/live-classes/a%2Fb%3Fc%3D%25/',
        method: 'PATCH',
        headers: { accept: 'application/json', 'content-type': 'application/json' },
        credentials: 'same-origin',
        cache: 'no-store',
        body: '{"title":"x"}',
      },
    ])
  })

  it.each([
    [502, '<html>Bad gateway</html>'],
    [200, '<html>Sign in</html>'],
    [200, '{"success":true}'],
    [200, 'null'],
    [500, '{"error":"x"}'],
    [200, ''],
  ])('takes no other answer for one of the API: %d %s', async (status, text) => {
    const service = new VideoConferenceService({ fetch: answering(status, text) })
    await expect(service.getJoinInfo('1')).rejects.toMatchObject({ code: 'BAD_ANSWER', status })
  })

  it('tells a broken connection from an aborted call', async () => {
    const cause = new TypeError('fetch failed')
    const service = new VideoConferenceService({ fetch: () => Promise.reject(cause) })
    await expect(service.getJoinInfo('1')).rejects.toMatchObject({ code: 'NETWORK', status: 0, cause })
    const reason = new Error('the page was left')
    await expect(service.getJoinInfo('1', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it.each(['', '.', '..'])('takes no id that leads elsewhere: %j', id => {
    expect(() => new VideoConferenceService({ fetch: answering(200, '') }).getLiveClass(id)).toThrow(TypeError)
  })
})

/** A module of the browser client with all it imports, as a page would load them. */
async function load(url: URL, seen = new Map<string, string>()): Promise<readonly string[]> {
  if (seen.has(url.href)) return []
  const script = stripTypeScriptTypes(await readFile(url, 'utf8'))
  seen.set(url.href, script)
  for (const [, specifier] of script.matchAll(/^(?:import|export)\b.*?\bfrom '([^']+)'/gm)) {
    if (!specifier?.startsWith('./')) throw new Error(`${url.pathname} imports ${specifier}`)
    await load(new URL(specifier, url), seen)
  }
  return [...seen.values()]
}

it('the browser client is under 6 kB gzipped even with its comments, and needs nothing but the page', async () => {
  const scripts = await load(new URL('../../src/browser.ts', import.meta.url))
  expect(scripts).toHaveLength(2)
  const script = scripts.join('\n')
  expect(script).not.toMatch(/\b(process|Buffer|require|node:)\b/)
  expect(gzipSync(script).length).toBeLessThan(6_000)
})
