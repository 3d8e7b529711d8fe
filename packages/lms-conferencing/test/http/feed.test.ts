import { describe, expect, it } from 'vitest'
import { createApiWorld } from './support.ts'

async function createFeedWorld() {
  const world = await createApiWorld()
  const read = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    world.api(new Request(`https://lms.example${path}`, { method, headers }))
  const newFeed = async (who: string): Promise<string> => {
    const { status, json } = await world.ask(who, 'POST', 'dashboard/calendar-token/')
    expect(status).toBe(201)
    return json.data.feed_path
  }
  return { ...world, read, newFeed }
}

describe('the calendar feed', () => {
  it("has the classes of a person's courses, and says how often to come again", async () => {
    const { read, newFeed, newClass, ask } = await createFeedWorld()
    const id = await newClass({ title: 'Osmosis; part 1' })
    await ask('tom', 'POST', 'courses/course-2/create_virtual_class/', {
      title: 'Not for Ana alone',
      scheduled_at: '2027-03-02T09:00:00Z',
    })
    const response = await read(await newFeed('ana'))
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/calendar; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('private, no-cache')
    const text = await response.text()
    expect(text).toContain(`\r\nUID:${id}@lms-conferencing\r\n`)
    expect(text).toContain('\r\nSUMMARY:Osmosis\\; part 1\r\n')
    expect(text).toContain('\r\nCATEGORIES:Title of course-2\r\n')
    expect(text).toContain('\r\nREFRESH-INTERVAL;VALUE=DURATION:PT60M\r\nX-PUBLISHED-TTL:PT60M\r\n')
    const bob = await (await read(await newFeed('bob'))).text()
    expect(bob.match(/BEGIN:VEVENT/g)).toHaveLength(1)
    expect(await (await read(await newFeed('tea'))).text()).not.toContain('VEVENT')
  })

  it('tells calendars of changes and cancellations, and sends nothing again that has not changed', async () => {
    const { read, newFeed, newClass, ask } = await createFeedWorld()
    const id = await newClass()
    const feed = await newFeed('ana')
    const first = await read(feed)
    const before = await first.text()
    const tag = first.headers.get('etag') ?? ''
    expect(tag).toMatch(/^"[^"]+"$/)
    const same = await read(feed, { 'if-none-match': tag })
    expect([same.status, await same.text()]).toEqual([304, ''])
    expect([same.headers.get('etag'), same.headers.get('cache-control')]).toEqual([tag, 'private, no-cache'])

    await ask('tea', 'DELETE', `courses/live-classes/${id}/`)
    const other = await read(feed, { 'if-none-match': tag })
    const after = await other.text()
    expect(other.status).toBe(200)
    expect(after).toContain('\r\nSTATUS:CANCELLED\r\n')
    const sequence = (text: string) => Number(/\r\nSEQUENCE:(\d+)\r\n/.exec(text)?.[1])
    expect(sequence(after)).toBeGreaterThan(sequence(before))
    const uid = /\r\nUID:(.+)\r\n/
    expect(uid.exec(after)?.[1]).toBe(uid.exec(before)?.[1])
    const head = await read(feed, {}, 'HEAD')
    expect([head.status, await head.text()]).toEqual([200, ''])
  })

  it('forgets after three months, as calendars may', async () => {
    const { read, newFeed, newClass, clock } = await createFeedWorld()
    await newClass()
    const feed = await newFeed('ana')
    clock.advance(89 * 86_400_000)
    expect(await (await read(feed)).text()).toContain('VEVENT')
    clock.advance(2 * 86_400_000)
    expect(await (await read(feed)).text()).not.toContain('VEVENT')
  })

  it('T9 a token opens one feed until it is replaced or revoked; every other one is answered alike', async () => {
    const { read, newFeed, newClass, ask, log, store } = await createFeedWorld()
    await newClass()
    const first = await newFeed('ana')
    const second = await newFeed('ana')
    const token = second.split('token=')[1] ?? ''
    expect(token).toMatch(/^[\w-]{32}$/)
    expect(first).not.toBe(second)
    expect((await read(second)).status).toBe(200)
    expect((await ask('ana', 'DELETE', 'dashboard/calendar-token/')).json.data).toEqual({ revoked: true })
    expect((await ask('ana', 'DELETE', 'dashboard/calendar-token/')).json.data).toEqual({ revoked: false })

    const path = '/api/v1/dashboard/calendar.ics'
    const refused: unknown[] = []
    for (const target of [
      first,
      second,
      path,
      `${path}?token=`,
      `${path}?token=x`,
      `${path}?token=a&token=b`,
      `${path}?token=${'a'.repeat(32)}`,
      `${path}?token=%00`,
      `${path}?token=${'a'.repeat(5_000)}`,
    ]) {
      const response = await read(target)
      const headers = [...response.headers].filter(([name]) => name !== 'date')
      refused.push({ status: response.status, headers, text: await response.text() })
    }
    expect(refused[0]).toMatchObject({ status: 404, text: expect.stringContaining('There is nothing here.') })
    expect(new Set(refused.map(one => JSON.stringify(one))).size).toBe(1)
    expect(log.join('\n')).not.toContain(token)
    // Only its digest was ever kept.
    expect(await store.read(tx => tx.findCalendarToken('default', token))).toBe(null)
  })

  it('asks for no sign-in, while making and closing one does', async () => {
    const { read, ask, newFeed } = await createFeedWorld()
    expect((await read(await newFeed('ana'), { authorization: 'Bearer nobody' })).status).toBe(200)
    for (const method of ['POST', 'DELETE']) {
      expect((await ask(null, method, 'dashboard/calendar-token/')).status).toBe(401)
    }
    expect((await ask('ana', 'GET', 'dashboard/calendar-token/')).status).toBe(404)
  })

  it('is not there for an LMS that does not tell who is in which course', async () => {
    const world = await createApiWorld()
    const { coursesOf: _, ...lms } = world.ports.lms
    const api = (await createApiWorld({ lms })).api
    const asked = await api(new Request('https://lms.example/api/v1/dashboard/calendar.ics?token=x'))
    expect(asked.status).toBe(401)
    const document = await (await api(new Request('https://lms.example/openapi.json'))).text()
    expect(document).not.toContain('calendar-token')
  })
})
