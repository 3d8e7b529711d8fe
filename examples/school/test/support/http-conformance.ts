import { FakeBbb, type FakeBbbServer, ManualClock } from 'bbb-client/testing'
import { signWebhook } from 'bbb-client/webhooks'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { admin, courses, type RunningSchool, type StartSchoolOptions, students, teachers } from '../../src/index.ts'
import { type Answer, createAsk, readAnswer } from './ask.ts'

/** One way to reach the API. */
export interface ServedApi {
  readonly fetch: (path: string, init?: RequestInit) => Promise<Response>
  close(): Promise<void>
}

/** The API of a school that listens, asked over the socket. */
export const overSocket = (running: RunningSchool): ServedApi => ({
  fetch: (path, init) => fetch(running.url + path, init),
  close: () => running.close(),
})

const secret = 'a-secret-of-the-test-that-is-long-enough'
const callbackPath = '/api/v1/classes/bbb-webhook/4be1c7'
const startsAt = '2027-03-01T09:00:00Z'

const [otherTeacher, teacher] = teachers
const course = courses.find(one => one.teacher === teacher)?.id
const enrolled = students[0]
const notEnrolled = students.at(-1)
const people = [teacher, otherTeacher, enrolled, notEnrolled, admin, null] as const

/**
 * What the REST API answers, whatever framework it is mounted in: status, headers, bodies, permissions.
 * `open` mounts it with the given environment and clock.
 */
export function describeHttpApi(
  name: string,
  open: (options: Required<Pick<StartSchoolOptions, 'env' | 'clock'>>) => Promise<ServedApi>,
): void {
  describe(`the REST API on ${name}`, () => {
    let bbb: FakeBbbServer
    let served: ServedApi

    beforeEach(async () => {
      const clock = new ManualClock({ startAt: Date.parse('2027-03-01T08:45:00Z') })
      bbb = await new FakeBbb({ secret, clock, webhooks: false }).serve()
      const env = {
        PORT: '0',
        DATABASE_URL: 'sqlite::memory:',
        BBB_SERVER_URL: bbb.url,
        BBB_SHARED_SECRET: secret,
        BBB_WEBHOOK_URL: `https://lms.example${callbackPath}`,
      }
      served = await open({ env, clock })
    })
    afterEach(async () => {
      await served.close()
      await bbb.close()
    })

    const ask = createAsk((path, init) => served.fetch(path, init))

    async function newClass(): Promise<string> {
      const { json } = await ask(teacher, 'POST', `courses/${course}/create_virtual_class/`, {
        title: 'The compass',
        scheduled_at: startsAt,
      })
      return json.data.id
    }

    describe('who may do what', () => {
      const one = 'courses/live-classes/{id}'
      it.each([
        // the answers to: teacher, other teacher, enrolled, not enrolled, admin, nobody
        ['POST', `courses/${course}/create_virtual_class/`, [400, 403, 403, 403, 400, 401]],
        ['POST', 'courses/', [201, 201, 403, 403, 201, 401]],
        ['GET', `courses/${course}/live-classes/`, [200, 403, 200, 403, 200, 401]],
        ['GET', `${one}/`, [200, 403, 200, 403, 200, 401]],
        ['PATCH', `${one}/`, [200, 403, 403, 403, 200, 401]],
        ['DELETE', `${one}/`, [200, 403, 403, 403, 200, 401]],
        ['POST', `${one}/create_meeting/`, [200, 403, 403, 403, 200, 401]],
        ['GET', `${one}/join_info/`, [200, 403, 200, 403, 200, 401]],
        ['POST', `${one}/start_class/`, [200, 403, 403, 403, 200, 401]],
        ['POST', `${one}/end_class/`, [409, 403, 403, 403, 409, 401]],
        ['GET', `${one}/attendance/`, [200, 403, 200, 403, 200, 401]],
        ['GET', `${one}/recordings/`, [200, 403, 200, 403, 200, 401]],
        ['POST', `${one}/recordings/none/`, [404, 403, 403, 403, 404, 401]],
        ['DELETE', `${one}/recordings/none/`, [404, 403, 403, 403, 404, 401]],
        ['GET', 'dashboard/my-virtual-classes/', [200, 200, 200, 200, 200, 401]],
        ['GET', 'courses/live-classes/nothing/', [404, 404, 404, 404, 404, 401]],
        ['GET', 'courses/nothing/live-classes/', [404, 404, 404, 404, 404, 401]],
        ['GET', 'courses/nothing/of/the/kind/', [404, 404, 404, 404, 404, 401]],
      ])('%s %s', async (method, path, expected) => {
        const statuses: number[] = []
        for (const who of people) {
          const answer = await ask(who, method, path.replace('{id}', await newClass()), bodyFor(method, path))
          expectPrivateJson(answer)
          statuses.push(answer.status)
        }
        expect(statuses).toEqual(expected)
      })
    })

    describe('answers', () => {
      it('hold the envelope, and a class in the words of the API', async () => {
        const answer = await ask(teacher, 'POST', `courses/${course}/create_virtual_class/`, {
          title: 'Étoiles & 指南針',
          description: 'Bring\na compass.',
          scheduled_at: '2027-03-01T10:00:00+01:00',
          duration_minutes: 90,
        })
        expect(answer.status).toBe(200)
        expect(answer.json).toMatchObject({
          success: true,
          message: 'Virtual class created successfully',
          data: {
            course,
            title: 'Étoiles & 指南針',
            description: 'Bring\na compass.',
            scheduled_at: '2027-03-01T09:00:00.000Z',
            duration_minutes: 90,
            status: 'scheduled',
            meeting_created: true,
          },
        })
        const { json } = await ask(enrolled, 'GET', `courses/${course}/live-classes/?limit=1`)
        expect(json.data).toMatchObject({ live_classes: [{ id: answer.json.data.id }], limit: 1, offset: 0 })
      })

      it('name every field that is not valid, and a body that is no JSON', async () => {
        const path = `courses/${course}/create_virtual_class/`
        const { status, json } = await ask(teacher, 'POST', path, { duration_minutes: 'long' })
        expect([status, json.error?.code]).toEqual([400, 'INVALID'])
        expect(Object.keys(json.error?.details ?? {})).toEqual(['title', 'scheduled_at', 'duration_minutes'])
        const broken = await ask(teacher, 'POST', path, '{"title":')
        expect([broken.status, broken.json.error?.details]).toEqual([400, { body: 'must be valid JSON' }])
      })

      it('take a body that comes in pieces, and one that is not there', async () => {
        const send = async (method: string, path: string, init: RequestInit = {}) => {
          const headers = { authorization: 'Bearer demo-office', 'content-type': 'application/json' }
          return readAnswer(await served.fetch(`/api/v1/courses/${path}`, { method, headers, ...init }))
        }
        const streamed = new Blob([`{"title":"Knots","scheduled_at":"${startsAt}"}`]).stream()
        const created = await send('POST', `${course}/create_virtual_class/`, { body: streamed, duplex: 'half' })
        expect(created.status).toBe(200)
        const cancelled = await send('DELETE', `live-classes/${created.json.data.id}/`)
        expect([cancelled.status, cancelled.json.data.status]).toEqual([200, 'cancelled'])
        const endless = new Blob(['x'.repeat(300_000)]).stream()
        const refused = await send('POST', `${course}/create_virtual_class/`, { body: endless, duplex: 'half' })
        expect([refused.status, refused.json.error?.code]).toEqual([413, 'TOO_LARGE'])
      })

      it('refuse a body that is too large', async () => {
        const body = { title: 'Long', scheduled_at: startsAt, description: 'x'.repeat(300_000) }
        const answer = await ask(teacher, 'POST', `courses/${course}/create_virtual_class/`, body)
        expectPrivateJson(answer)
        expect([answer.status, answer.json.error?.code]).toEqual([413, 'TOO_LARGE'])
      })

      it('T9 hold a link for the one who asks, kept out of caches and referrers', async () => {
        const id = await newClass()
        const early = await ask(enrolled, 'GET', `courses/live-classes/${id}/join_info/`)
        expect(early.json.data).toMatchObject({ can_join: false, join_url: null, meeting_running: false })
        const started = await ask(teacher, 'POST', `courses/live-classes/${id}/start_class/`)
        const joining = await ask(enrolled, 'GET', `courses/live-classes/${id}/join_info/`)
        for (const { status, headers, json } of [started, joining]) {
          expect([status, headers.get('referrer-policy')]).toEqual([200, 'no-referrer'])
          expect(json.data.join_url).toContain(`${new URL(bbb.url).host}/bigbluebutton/api/join?`)
        }
        expect([started.json.data.role, joining.json.data.role]).toEqual(['moderator', 'attendee'])
        const listed = await ask(enrolled, 'GET', `courses/${course}/live-classes/`)
        expect(listed.text).not.toContain('/api/join')
      })

      it('name both ends of a transition that does not exist', async () => {
        const { status, json } = await ask(teacher, 'POST', `courses/live-classes/${await newClass()}/end_class/`)
        expect([status, json.error]).toMatchObject([
          409,
          { code: 'CONFLICT', details: { from: 'scheduled', to: 'completed' } },
        ])
      })

      it('ask for patience when the video service does not answer', async () => {
        const id = await newClass()
        bbb.fake.faults.add({ kind: 'garbage', call: 'create', times: 20 })
        const answer = await ask(teacher, 'POST', `courses/live-classes/${id}/start_class/`)
        expectPrivateJson(answer)
        expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5'])
      })

      it('are a table for a program that reads tables', async () => {
        const id = await newClass()
        const response = await served.fetch(`/api/v1/courses/live-classes/${id}/attendance/?format=csv`, {
          headers: { authorization: 'Bearer demo-office' },
        })
        expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8'])
        expect(response.headers.get('content-disposition')).toBe('attachment; filename="attendance.csv"')
        expect(await response.text()).toContain(enrolled?.displayName)
      })
    })

    it('gives a class to a calendar', async () => {
      const id = await newClass()
      const response = await served.fetch(`/api/v1/courses/live-classes/${id}/calendar.ics`, {
        headers: { authorization: 'Bearer demo-student-01' },
      })
      expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/calendar; charset=utf-8'])
      expect(await response.text()).toContain('\r\nDTSTART:20270301T090000Z\r\n')
    })

    describe('callbacks', () => {
      const events = [
        {
          data: {
            type: 'event',
            id: 'meeting-ended',
            attributes: { meeting: { 'internal-meeting-id': 'x-1' } },
            event: { ts: 1_795_370_308_177 },
          },
        },
      ]
      const callbackUrl = `https://lms.example${callbackPath}`
      const signed = signWebhook({ callbackUrl, secret, events })
      const refused =
        '{"success":false,"error":{"code":"CALLBACK_REJECTED","message":"The callback was refused.","details":{}}}'

      async function post(path: string, init: RequestInit) {
        const response = await served.fetch(path, { method: 'POST', ...init })
        return [response.status, response.headers.get('cache-control'), await response.text()]
      }

      it('T29 are verified over their bytes and their path as they arrived', async () => {
        const { target, headers, body } = signed
        expect((await post(target, { headers, body }))[0]).toBe(200)
        // The same fields for a parser, other bytes for a signature.
        const respelt = body.replace('timestamp', 'times%74amp')
        expect(await post(target, { headers, body: respelt })).toEqual([401, 'no-store', refused])
      })

      it('T41 are refused with 401 and one constant body, whatever is wrong', async () => {
        const { target, headers, body } = signed
        const big = 'x'.repeat(2 * 1024 * 1024)
        const wrong: Record<string, [string, RequestInit]> = {
          'no signature': [callbackPath, { headers, body }],
          'a wrong signature': [`${callbackPath}?checksum=${'0'.repeat(40)}`, { headers, body }],
          'a path that is no text': ['/api/v1/classes/bbb-webhook/%zz%ff', { headers, body }],
          'no body': [target, { headers }],
          'JSON that is none': [target, { headers: { 'content-type': 'application/json' }, body: '{"a":' }],
          'an odd type': [target, { headers: { 'content-type': 'text/odd; x' }, body: 'x' }],
          'a broken type': [target, { headers: { 'content-type': '///' }, body: 'x' }],
          'a compressed body': [target, { headers: { ...headers, 'content-encoding': 'gzip' }, body }],
          'a form too large': [target, { headers, body: big }],
          'a JSON too large': [target, { headers: { 'content-type': 'application/json' }, body: big }],
        }
        for (const [what, [path, init]] of Object.entries(wrong)) {
          expect([what, ...(await post(path, init))]).toEqual([what, 401, 'no-store', refused])
        }
      })

      it('T41 are posted: other methods get 405', async () => {
        for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
          const response = await served.fetch(callbackPath, { method })
          await response.text()
          expect([method, response.status, response.headers.get('allow')]).toEqual([method, 405, 'POST'])
        }
      })
    })

    it('describes itself, and says that it is well', async () => {
      const document = await (await served.fetch('/openapi.json')).json()
      expect(document).toMatchObject({ openapi: '3.1.0', paths: { '/api/v1/courses/{id}/live-classes/': {} } })
      const health = await served.fetch('/healthz')
      expect([health.status, await health.json()]).toMatchObject([200, { data: { status: 'ok', store: 'ok' } }])
    })
  })
}

function bodyFor(method: string, path: string): object | undefined {
  // Fine but for its meaning: only those who may create get to hear of it.
  if (path.includes('create_virtual')) return { title: ' ', scheduled_at: startsAt }
  if (path === 'courses/') return { title: 'Knots' }
  if (path.includes('/recordings/none')) return method === 'POST' ? { published: true } : undefined
  return method === 'PATCH' ? { duration_minutes: 90 } : undefined
}

/** What holds for every answer to a person. */
function expectPrivateJson({ status, headers, json }: Answer): void {
  expect(headers.get('content-type')).toBe('application/json')
  // Lists have no link in them: kept by the browser, and asked for again with what it has.
  const cached = headers.has('etag') ? 'private, no-cache' : 'no-store'
  expect(headers.get('cache-control')).toBe(status === 401 ? null : cached)
  expect(headers.get('www-authenticate')).toBe(status === 401 ? 'Bearer' : null)
  expect(json.success).toBe(status < 300)
  if (json.success) expect(Object.keys(json)).toEqual(['success', 'data', 'message'])
  else {
    expect(Object.keys(json)).toEqual(['success', 'error'])
    expect(Object.keys(json.error ?? {})).toEqual(['code', 'message', 'details'])
  }
}
