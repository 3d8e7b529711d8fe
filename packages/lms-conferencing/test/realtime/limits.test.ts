import { io as connect, type Socket } from 'socket.io-client'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { LiveFrame, LiveRefusal } from '../../src/browser.ts'
import { requestOf } from '../../src/realtime/handshake.ts'
import { attachLiveUpdates } from '../../src/realtime/index.ts'
import { createApiWorld } from '../http/support.ts'
import { came } from '../support/world.ts'
import { type DoorOptions, isLive, openDoor, openPage } from './support.ts'

async function createLiveWorld(options: Partial<DoorOptions> = {}) {
  const world = await createApiWorld()
  const door = await openDoor({ conferencing: world.conferencing, ...world.ports, ...options })
  const connected = (who = 'tea'): Promise<Socket> => socketOf(door.url, who)
  return { ...world, ...door, connected }
}

/** A socket that does what the test says, not what a page does. */
async function socketOf(url: string, who: string): Promise<Socket> {
  const auth = { headers: { authorization: `Bearer ${who}` } }
  const socket = connect(`${url}/live-classes`, {
    transports: ['websocket'],
    forceNew: true,
    auth,
    reconnection: false,
  })
  onTestFinished(() => void socket.disconnect())
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('connect_error', reject))
  return socket
}

const ask = (socket: Socket, request: unknown): Promise<LiveFrame | LiveRefusal> =>
  socket.emitWithAck('subscribe', request)

const nextFrame = (socket: Socket): Promise<{ frame: LiveFrame; acknowledge: () => void }> =>
  new Promise(resolve => socket.once('changes', (frame, acknowledge) => resolve({ frame, acknowledge })))

describe('a slow page', () => {
  it('has one frame on its way, and when it catches up hears what is so now, once', async () => {
    const { store, newClass, connected, conferencing, url } = await createLiveWorld()
    const id = await newClass()
    const socket = await connected()
    await ask(socket, { courses: [], classes: [id], after: null })
    const frames: LiveFrame[] = []
    socket.on('changes', frame => frames.push(frame))
    const first = nextFrame(socket)
    // A page beside it that keeps up: it shows when each change has been told.
    const quick = openPage(url, 'tea', { classes: [id] })
    await isLive(quick)
    for (let people = 1; people <= 5; people++) {
      const event = came(`guest-${people}`, -40)
      await store.transaction(tx => tx.addEvents('default', id, [{ event, provenance: 'webhook' }]))
      await quick.until(() => quick.messages.some(one => one.type === 'people' && one.people_now === people))
    }
    expect(frames).toHaveLength(1)
    const second = nextFrame(socket)
    ;(await first).acknowledge()
    const { frame } = await second
    expect(frame.messages.filter(({ type }) => type === 'people')).toMatchObject([{ people_now: 5 }])
    expect(frame.seq).toBe(await conferencing.changes.position())
  })

  it('is cut off when it does not acknowledge, so that it comes back and says how far it got', async () => {
    const { ask: request, newClass, connected } = await createLiveWorld({ limits: { ackMs: 50 } })
    const id = await newClass()
    const socket = await connected()
    await ask(socket, { courses: [], classes: [id], after: null })
    const gone = new Promise(resolve => socket.once('disconnect', resolve))
    await request('tea', 'PATCH', `courses/live-classes/${id}/`, { title: 'x' })
    // Not a goodbye, after which a page would not come back by itself.
    expect(await gone).toBe('transport close')
  })
})

describe('limits', () => {
  it.each([
    undefined,
    null,
    'course-1',
    {},
    { courses: [], classes: [] },
    { courses: [], classes: [], after: -1 },
    { courses: [], classes: [], after: 1.5 },
    { courses: [], classes: [], after: '1' },
    { courses: 'course-1', classes: [], after: null },
    { courses: [1], classes: [], after: null },
    { courses: [''], classes: [], after: null },
    { courses: ['x'.repeat(256)], classes: [], after: null },
    { courses: Array(101).fill('course-1'), classes: Array(100).fill('x'), after: null },
  ])('what no page of ours sends is refused: %j', async request => {
    const { connected } = await createLiveWorld()
    const socket = await connected()
    expect(await ask(socket, request)).toMatchObject({ error: { code: 'INVALID' } })
    // And nothing else happens: it may still say what it wants.
    expect(await ask(socket, { courses: ['course-1'], classes: [], after: null })).toMatchObject({ reset: true })
  })

  it('what cannot be answered, or is no event of ours, is passed over', async () => {
    const { connected, live } = await createLiveWorld()
    const socket = await connected()
    socket.emit('subscribe', { courses: ['course-1'], classes: [], after: null })
    socket.emit('subscribe')
    socket.emit('changes', { seq: 1 })
    socket.emit('anything', 1)
    expect(await ask(socket, { courses: [], classes: [], after: null })).toMatchObject({ messages: [] })
    expect(live.connected).toBe(1)
  })

  it('a page that says too often what it follows is sent away', async () => {
    const { connected } = await createLiveWorld({ limits: { requestsPerMinute: 3 } })
    const socket = await connected()
    const request = { courses: ['course-1'], classes: [], after: null }
    for (let index = 0; index < 3; index++) expect(await ask(socket, request)).toMatchObject({ reset: true })
    const gone = new Promise(resolve => socket.once('disconnect', resolve))
    socket.emit('subscribe', request, () => {})
    expect(await gone).toBe('io server disconnect')
  })

  it('a person has so many pages, at the same moment too; one that is closed makes room', async () => {
    const { connected, live } = await createLiveWorld({ limits: { socketsPerUser: 2 } })
    const tried = await Promise.allSettled(Array.from({ length: 5 }, () => connected('tea')))
    const open = tried.flatMap(one => (one.status === 'fulfilled' ? [one.value] : []))
    const refused = tried.flatMap(one => (one.status === 'rejected' ? [one.reason.message] : []))
    expect([open.length, refused]).toEqual([2, ['RATE_LIMITED', 'RATE_LIMITED', 'RATE_LIMITED']])
    await connected('ana')
    expect(live.connected).toBe(3)
    open[0]?.disconnect()
    for (;;) {
      // The server hears of it in its own time.
      const again = await connected('tea').catch(() => null)
      if (again) break
    }
    await expect(connected('tea')).rejects.toThrow('RATE_LIMITED')
  })

  it('whoever missed more than a frame may hold loads again', async () => {
    const { newClass, url, ask: request } = await createLiveWorld({ limits: { frame: 1_000 } })
    const id = await newClass()
    const page = openPage(url, 'tea', { classes: [id] })
    await isLive(page)
    const { reloads } = page
    await request('tea', 'PATCH', `courses/live-classes/${id}/`, { description: 'x'.repeat(1_000) })
    await page.until(() => page.reloads > reloads)
    expect(page.messages).toEqual([])
  })

  it('whoever missed more changes than are worth telling loads again', async () => {
    const { newClass, connected, conferencing } = await createLiveWorld({ limits: { replay: 3 } })
    const start = await conferencing.changes.position()
    for (let index = 0; index < 4; index++) await newClass()
    const socket = await connected()
    const first = nextFrame(socket)
    expect(await ask(socket, { courses: ['course-1'], classes: [], after: start })).toMatchObject({ reset: false })
    const { frame } = await first
    expect(frame).toEqual({ seq: await conferencing.changes.position(), reset: true, messages: [] })
  })

  it('an option that cannot be is named', async () => {
    const { conferencing, ports, io } = await createLiveWorld()
    const attach = (options: object) => () => attachLiveUpdates({ io, conferencing, ...ports, ...options })
    expect(attach({ pollMs: 0 })).toThrow('pollMs')
    expect(attach({ trustMs: Number.NaN })).toThrow('trustMs')
    expect(attach({ limits: { topics: -1 } })).toThrow('topics')
  })
})

describe('when something else is broken', () => {
  it('a page waits while the LMS does not answer, and hears all once it does', async () => {
    const world = await createApiWorld()
    const { ports, conferencing, newClass } = world
    let isDown = false
    const refused = Promise.withResolvers<void>()
    const lms = {
      ...ports.lms,
      teaches: (userId: string, courseId: string) => {
        if (!isDown) return ports.lms.teaches(userId, courseId)
        refused.resolve()
        throw new Error('the LMS is down')
      },
    }
    const { url } = await openDoor({ ...ports, conferencing, lms })
    const id = await newClass()
    const page = openPage(url, 'tea', { classes: [id] })
    await isLive(page)
    isDown = true
    await conferencing.changes.accessChanged('course-1')
    await conferencing.updateClass(id, { title: 'meanwhile' })
    await refused.promise
    expect(page.messages).toEqual([])
    isDown = false
    await page.until(() => page.messages.some(one => one.type === 'class' && one.live_class.title === 'meanwhile'))
  })

  it('what the LMS cannot say of a class makes its pages load again, and holds up no other', async () => {
    const world = await createApiWorld()
    const { ports, conferencing, newClass } = world
    const [id, other] = [await newClass(), await newClass()]
    const attendance: typeof conferencing.attendance = async classId => {
      if (classId === id) throw new Error('no roster')
      return conferencing.attendance(classId)
    }
    const { url } = await openDoor({ ...ports, conferencing: { ...conferencing, attendance } })
    const [page, neighbour] = [openPage(url, 'tea', { classes: [id] }), openPage(url, 'tea', { classes: [other] })]
    for (const one of [page, neighbour]) await isLive(one)
    const { reloads } = page
    for (const classId of [id, other]) {
      const event = came('ana', -40)
      await world.store.transaction(tx => tx.addEvents('default', classId, [{ event, provenance: 'webhook' }]))
    }
    await page.until(() => page.reloads > reloads)
    await neighbour.until(() => neighbour.messages.some(({ type }) => type === 'people'))
  })

  it('a store that does not answer delays, and loses nothing', async () => {
    const world = await createApiWorld()
    const { ports, conferencing, newClass } = world
    let failures = 3
    const since: typeof conferencing.changes.since = async position => {
      if (failures-- > 0) throw new Error('no database')
      return conferencing.changes.since(position)
    }
    const { url } = await openDoor({
      ...ports,
      conferencing: { ...conferencing, changes: { ...conferencing.changes, since } },
    })
    const id = await newClass()
    const page = openPage(url, 'tea', { classes: [id] })
    await isLive(page)
    await conferencing.updateClass(id, { title: 'after all' })
    await page.until(() => page.messages.some(one => one.type === 'class' && one.live_class.title === 'after all'))
    expect(failures).toBeLessThan(1)
  })
})

describe('the handshake as a request', () => {
  const handshake = (headers: Record<string, string>, given: unknown, url = '/socket.io/?EIO=4') => ({
    headers: { host: 'lms.example', ...headers },
    url,
    secure: true,
    auth: { headers: given },
  })

  it('carries what the page may send, and never what a proxy alone may set', () => {
    const request = requestOf(
      handshake(
        { cookie: 'a=1', 'x-forwarded-user': 'ana' },
        { Authorization: 'Bearer x', 'x-forwarded-user': 'admin', cookie: 'a=2', 'x-other': '1' },
      ),
      ['authorization'],
    )
    expect(Object.fromEntries(request.headers)).toEqual({
      host: 'lms.example',
      cookie: 'a=1',
      'x-forwarded-user': 'ana',
      authorization: 'Bearer x',
    })
    expect([request.method, request.url]).toEqual(['GET', 'https://lms.example/socket.io/?EIO=4'])
  })

  it('keeps its own header where it has one', () => {
    const request = requestOf(handshake({ authorization: 'Basic y' }, { authorization: 'Bearer x' }), ['authorization'])
    expect(request.headers.get('authorization')).toBe('Basic y')
  })

  it.each([null, undefined, 'x', 7, [], { authorization: 7 }, { authorization: 'a\r\nx: 1' }, { authorization: '' }])(
    'takes nothing else for headers: %j',
    given => {
      expect(requestOf(handshake({}, given), ['authorization']).headers.get('authorization')).toBe(null)
    },
  )

  it('is a request whatever the address says', () => {
    expect(requestOf({ ...handshake({}, null), headers: { host: 'a b' } }, []).url).toBe('http://localhost/')
  })
})
