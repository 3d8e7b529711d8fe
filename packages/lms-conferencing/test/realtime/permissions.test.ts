import { io as connect } from 'socket.io-client'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createApiWorld } from '../http/support.ts'
import { isLive, openDoor, openPage } from './support.ts'

/** Who may follow the first course and its class, and as what. */
const people = [
  { who: 'tea', what: 'its teacher', sees: 'teacher' },
  { who: 'tom', what: 'another teacher', sees: null },
  { who: 'ana', what: 'enrolled', sees: 'student' },
  { who: 'bob', what: 'not enrolled', sees: null },
  { who: 'adi', what: 'an administrator', sees: 'teacher' },
] as const

async function createLiveWorld(options: Partial<Parameters<typeof openDoor>[0]> = {}) {
  const world = await createApiWorld()
  const door = await openDoor({ conferencing: world.conferencing, ...world.ports, ...options })
  return { ...world, ...door }
}

describe('who is told what', () => {
  it.each(people)('$who, $what', async ({ who, sees }) => {
    const { url, ask, newClass } = await createLiveWorld()
    const id = await newClass()
    const page = openPage(url, who, { courses: ['course-1', 'no-course'], classes: [id, 'no-class'] })
    await isLive(page)
    await ask('tea', 'POST', `courses/live-classes/${id}/start_class/`)
    // What this page hears last, the other would have heard in the same round.
    const witness = openPage(url, 'tea', { classes: [id] })
    await isLive(witness)
    await ask('tea', 'POST', `courses/live-classes/${id}/end_class/`)
    await witness.until(() =>
      witness.messages.some(one => one.type === 'class' && one.live_class.status === 'completed'),
    )

    const denied = page.messages.filter(({ type }) => type === 'denied')
    const nothing = [
      { type: 'denied', course: 'no-course', class_id: null },
      { type: 'denied', course: null, class_id: 'no-class' },
    ]
    if (sees === null) {
      expect(page.messages).toHaveLength(4)
      expect(denied).toEqual(
        expect.arrayContaining([
          ...nothing,
          { type: 'denied', course: 'course-1', class_id: null },
          { type: 'denied', course: null, class_id: id },
        ]),
      )
      return
    }
    await page.until(() => page.messages.some(one => one.type === 'attendance' && one.final))
    // An administrator is a teacher everywhere, in a course the LMS does not know too.
    expect(denied).toEqual(who === 'adi' ? nothing.slice(1) : nothing)
    const attendance = page.messages.findLast(one => one.type === 'attendance')
    expect(attendance).toMatchObject(
      sees === 'teacher' ? { totals: { people: 2 }, record: null } : { totals: null, record: { user_id: 'ana' } },
    )
    expect(JSON.stringify(page.messages)).not.toMatch(/join_url|password|attendees of|moderators of|ticket=/)
    if (sees === 'student') expect(JSON.stringify(page.messages)).not.toContain('"bob"')
  })

  it('nobody is not let in, and is told why', async () => {
    const { url, live } = await createLiveWorld()
    for (const headers of [{}, { authorization: 'Bearer nobody' }]) {
      const socket = connect(`${url}/live-classes`, { transports: ['websocket'], forceNew: true, auth: { headers } })
      onTestFinished(() => void socket.disconnect())
      const error = await new Promise<Error & { data?: unknown }>(resolve => socket.once('connect_error', resolve))
      expect([error.message, error.data]).toEqual(['UNAUTHENTICATED', { code: 'UNAUTHENTICATED' }])
    }
    expect(live.connected).toBe(0)
  })

  it('a page of another site is not let in with the cookies of its visitor', async () => {
    const options = { authenticate: () => ({ userId: 'tea', displayName: 'Tea' }), origins: ['https://lms.example'] }
    const { url, port } = await createLiveWorld(options)
    const tryFrom = (origin: string) =>
      new Promise<string>(resolve => {
        const socket = connect(`${url}/live-classes`, {
          transports: ['websocket'],
          forceNew: true,
          extraHeaders: { origin, cookie: 'session=1' },
        })
        onTestFinished(() => void socket.disconnect())
        socket.once('connect', () => resolve('connected')).once('connect_error', error => resolve(error.message))
      })
    expect(await tryFrom('https://evil.example')).toBe('FORBIDDEN')
    expect(await tryFrom('null')).toBe('FORBIDDEN')
    expect(await tryFrom(`http://127.0.0.1.evil.example:${port}`)).toBe('FORBIDDEN')
    expect(await tryFrom(`http://127.0.0.1:${port}`)).toBe('connected')
    expect(await tryFrom('https://lms.example')).toBe('connected')
  })
})

describe('when permissions change', () => {
  it('a person who leaves a course hears no more of it as soon as the LMS says so, in whatever process', async () => {
    const world = await createApiWorld()
    const { ports, conferencing, ask, newClass } = world
    const gone = new Set<string>()
    const lms = {
      ...ports.lms,
      enrolled: (userId: string, courseId: string) => !gone.has(userId) && ports.lms.enrolled(userId, courseId),
    }
    const { url } = await openDoor({ ...ports, conferencing, lms })
    const id = await newClass()
    const [ana, tea] = [
      openPage(url, 'ana', { courses: ['course-1'], classes: [id] }),
      openPage(url, 'tea', { classes: [id] }),
    ]
    await isLive(ana)
    await isLive(tea)
    gone.add('ana')
    await conferencing.changes.accessChanged('course-1')
    await ana.until(() => ana.messages.length === 2)
    expect(ana.messages).toEqual([
      { type: 'denied', course: 'course-1', class_id: null },
      { type: 'denied', course: null, class_id: id },
    ])
    await ask('tea', 'POST', `courses/live-classes/${id}/start_class/`)
    await tea.until(() => tea.messages.some(({ type }) => type === 'class'))
    expect(ana.messages).toHaveLength(2)
  })

  it('without a word from the LMS, no message rests on an answer older than a minute', async () => {
    const world = await createApiWorld()
    const { ports, conferencing, ask, newClass } = world
    let isEnrolled = true
    let asked = 0
    const lms = {
      ...ports.lms,
      enrolled: (userId: string, courseId: string) => {
        if (userId === 'ana') asked++
        return isEnrolled && ports.lms.enrolled(userId, courseId)
      },
    }
    let now = 0
    const clock = {
      now: () => now,
      setTimeout: (callback: () => void, ms: number) => {
        const timer = setTimeout(callback, ms)
        return { cancel: () => clearTimeout(timer) }
      },
      clearTimeout: (handle: { readonly cancel: () => void }) => handle.cancel(),
    }
    const { url } = await openDoor({ ...ports, conferencing, lms, clock })
    const id = await newClass()
    const ana = openPage(url, 'ana', { courses: ['course-1'] })
    await isLive(ana)
    const rename = (title: string) => ask('tea', 'PATCH', `courses/live-classes/${id}/`, { title })
    await rename('one')
    await ana.until(() => ana.messages.some(one => one.type === 'class' && one.live_class.title === 'one'))
    expect(asked).toBe(1)
    isEnrolled = false
    now += 59_000
    await rename('two')
    await ana.until(() => ana.messages.some(one => one.type === 'class' && one.live_class.title === 'two'))
    now += 1_000
    await rename('three')
    await ana.until(() => ana.messages.some(({ type }) => type === 'denied'))
    expect(JSON.stringify(ana.messages)).not.toContain('three')
  })

  it('a person who is somebody else now, or nobody, is sent away', async () => {
    const world = await createApiWorld()
    const { ports, conferencing, ask, newClass } = world
    const signedOut = new Set<string>()
    const authenticate = (request: Request) => {
      const actor = ports.authenticate(request)
      return signedOut.has(request.headers.get('authorization') ?? '') ? null : actor
    }
    const { url, live } = await openDoor({ ...ports, conferencing, authenticate })
    const id = await newClass()
    const ana = openPage(url, 'ana', { classes: [id] })
    await isLive(ana)
    signedOut.add('Bearer ana')
    await conferencing.changes.accessChanged('course-1')
    await ana.until(() => ana.states.at(-1) === 'polling')
    await ask('tea', 'POST', `courses/live-classes/${id}/start_class/`)
    expect([ana.messages, live.connected]).toEqual([[], 0])
  })

  it('a student who becomes the teacher loads again, and sees as a teacher', async () => {
    const world = await createApiWorld()
    const { ports, conferencing, ask, newClass } = world
    const promoted = new Set<string>()
    const lms = {
      ...ports.lms,
      teaches: (userId: string, courseId: string) => promoted.has(userId) || ports.lms.teaches(userId, courseId),
    }
    const { url } = await openDoor({ ...ports, conferencing, lms })
    const id = await newClass()
    const ana = openPage(url, 'ana', { classes: [id] })
    await isLive(ana)
    const before = ana.reloads
    promoted.add('ana')
    await conferencing.changes.accessChanged('course-1')
    await ana.until(() => ana.reloads === before + 1)
    await ask('tea', 'POST', `courses/live-classes/${id}/start_class/`)
    await ana.until(() => ana.messages.some(one => one.type === 'attendance' && one.totals !== null))
  })
})
