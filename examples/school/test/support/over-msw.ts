import { bbbHandlers, interceptUndici, type UndiciInterception } from 'bbb-client/msw'
import { FakeBbb, ManualClock } from 'bbb-client/testing'
import { bypass, http } from 'msw'
import { type SetupServer, setupServer } from 'msw/node'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { courses, type RunningSchool, type StartSchoolOptions, students } from '../../src/index.ts'
import { createAsk } from './ask.ts'

const secret = 'a-secret-of-the-test-that-is-long-enough'
const minute = 60_000
const [course] = courses
const [ana] = students

/**
 * The application as it is in production, with the addresses of production, on a network that msw plays: a
 * BigBlueButton at `bbb.example.org`, and a proxy that passes `lms.example` on to the application.
 */
export function describeUnmodified(
  name: string,
  start: (options: Required<Pick<StartSchoolOptions, 'env' | 'clock'>>) => Promise<RunningSchool>,
): void {
  describe(`the unmodified application on ${name}, behind msw`, () => {
    let clock: ManualClock
    let fake: FakeBbb
    let server: SetupServer
    let interception: UndiciInterception
    let running: RunningSchool

    beforeEach(async () => {
      clock = new ManualClock({ startAt: Date.parse('2027-03-01T08:45:00Z') })
      fake = new FakeBbb({ secret, clock })
      const proxy = http.all('https://lms.example/*', async ({ request }) => {
        const { pathname, search } = new URL(request.url)
        const { method, headers } = request
        const body = method === 'GET' ? null : await request.arrayBuffer()
        return fetch(bypass(running.url + pathname + search, { method, headers, body }))
      })
      server = setupServer(...bbbHandlers(fake, { url: 'https://bbb.example.org' }), proxy)
      server.listen({ onUnhandledFrame: 'bypass' })
      interception = interceptUndici(server)
      running = await start({
        env: {
          PORT: '0',
          DATABASE_URL: 'sqlite::memory:',
          BBB_SERVER_URL: 'https://bbb.example.org/bigbluebutton/',
          BBB_SHARED_SECRET: secret,
          BBB_WEBHOOK_URL: 'https://lms.example/api/v1/classes/bbb-webhook/4be1c7',
        },
        clock,
      })
    })
    afterEach(async () => {
      await running.close()
      interception()
      server.close()
      await fake.close()
    })

    const ask = createAsk((path, init) => fetch(running.url + path, init))

    it('plans, starts, joins, hears of it by signed callbacks, and ends', async () => {
      await running.conferencing.rounds.keepCallbacks()
      const planned = await ask(course?.teacher, 'POST', `courses/${course?.id}/create_virtual_class/`, {
        title: 'Photosynthesis',
        scheduled_at: '2027-03-01T09:00:00Z',
      })
      expect(planned.json.data).toMatchObject({ meeting_created: true })
      const path = `courses/live-classes/${planned.json.data.id}`
      await clock.advance(15 * minute)
      await ask(course?.teacher, 'POST', `${path}/start_class/`)
      const { json } = await ask(ana, 'GET', `${path}/join_info/`)
      expect(new URL(json.data.join_url).origin).toBe('https://bbb.example.org')
      await enter(json.data.join_url)
      await clock.advance(60 * minute)
      expect((await ask(course?.teacher, 'POST', `${path}/end_class/`)).json.data.status).toBe('completed')
      await clock.advance(minute)
      await running.conferencing.rounds.callbacks()
      const { records } = (await ask(ana, 'GET', `${path}/attendance/`)).json.data
      expect(records).toMatchObject([
        { user_id: ana?.userId, status: 'present', provenance: expect.arrayContaining(['webhook']) },
      ])
      expect(fake.deliveries.map(({ status }) => status)).not.toContain(null)
    })

    it('tells the teacher that the video service is down, and works again by itself', async () => {
      const planned = await ask(course?.teacher, 'POST', `courses/${course?.id}/create_virtual_class/`, {
        title: 'Photosynthesis',
        scheduled_at: '2027-03-01T09:00:00Z',
      })
      const path = `courses/live-classes/${planned.json.data.id}/start_class/`
      server.use(http.all('https://bbb.example.org/*', () => new Response('Bad gateway', { status: 502 })))
      const failed = await ask(course?.teacher, 'POST', path)
      expect([failed.status, failed.json.error?.code]).toEqual([503, 'UNAVAILABLE'])
      expect(failed.json.error?.message).toMatch(/^[A-Z].*\.$/)
      server.resetHandlers()
      expect((await ask(course?.teacher, 'POST', path)).json.data).toMatchObject({ status: 'live' })
    })
  })
}

/** Follows a join link as a browser does; the second page is the room. */
async function enter(joinUrl: string): Promise<void> {
  const joined = await fetch(joinUrl, { redirect: 'manual' })
  const room = await fetch(new URL(joined.headers.get('location') ?? '', joinUrl))
  expect(room.status).toBe(200)
  await room.text()
}
