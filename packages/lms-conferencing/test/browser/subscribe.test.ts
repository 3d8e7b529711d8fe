import { describe, expect, it } from 'vitest'
import {
  type LiveFrame,
  type LiveMessage,
  type LiveRefusal,
  type LiveRequest,
  type LiveState,
  type SocketLike,
  type SubscribeOptions,
  VideoConferenceService,
} from '../../src/browser.ts'
import { ManualClock } from '../support/manual-clock.ts'

/** A socket in the hands of the test, as socket.io-client has them. */
class HandSocket implements SocketLike {
  connected = false
  active = true
  readonly asked: { readonly request: LiveRequest; readonly answer: (answer: LiveFrame | LiveRefusal) => void }[] = []
  readonly done: string[] = []
  readonly #listeners = new Map<string, (...args: never[]) => void>()

  on(event: string, listener: (...args: never[]) => void): void {
    this.#listeners.set(event, listener)
  }
  emit(_event: 'subscribe', request: LiveRequest, answer: (answer: LiveFrame | LiveRefusal) => void): void {
    this.asked.push({ request, answer })
  }
  connect(): void {
    this.done.push('connect')
  }
  disconnect(): void {
    this.done.push('disconnect')
  }

  up(): void {
    this.connected = true
    this.active = true
    this.#call('connect')
  }
  /** `sentAway`: it will not come back by itself. */
  down(how: 'cut' | 'sentAway' = 'cut'): void {
    this.connected = false
    this.active = how === 'cut'
    this.#call('disconnect')
  }
  say(frame: Partial<LiveFrame>): void {
    this.#call('changes', { seq: 0, reset: false, messages: [], ...frame }, () => this.done.push('acknowledge'))
  }
  #call(event: string, ...args: unknown[]): void {
    this.#listeners.get(event)?.(...(args as never[]))
  }
}

const people = (count: number): LiveMessage => ({ type: 'people', class_id: 'c', course: 'b', people_now: count })

/** What is pending in promises, done. */
const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

function createPage(options: Partial<SubscribeOptions> = {}, service = new VideoConferenceService()) {
  const clock = new ManualClock('2027-03-01T09:00:00Z')
  const socket = new HandSocket()
  const states: LiveState[] = []
  const messages: LiveMessage[] = []
  let reloads = 0
  const page = { isDown: false, hold: Promise.resolve() }
  const subscription = service.subscribe({
    courses: ['biology'],
    io: () => socket,
    async reload() {
      reloads++
      await page.hold
      if (page.isDown) throw new TypeError('fetch failed')
    },
    onMessage: message => messages.push(message),
    onState: state => states.push(state),
    timers: {
      setTimeout: (callback, ms) => clock.setTimeout(callback, ms),
      clearTimeout: handle => {
        if (isTimer(handle)) clock.clearTimeout(handle)
      },
    },
    ...options,
  })
  return { clock, socket, states, messages, subscription, page, reloads: () => reloads }
}

const isTimer = (value: unknown): value is { cancel: () => void } =>
  typeof value === 'object' && value !== null && 'cancel' in value

describe('subscribe without a socket', () => {
  it('loads at once, then every half minute', async () => {
    const { clock, states, subscription, reloads } = createPage({ io: undefined })
    await settled()
    expect([reloads(), states, subscription.state]).toEqual([1, ['polling'], 'polling'])
    clock.advance(29_999)
    await settled()
    expect(reloads()).toBe(1)
    clock.advance(1)
    await settled()
    expect(reloads()).toBe(2)
    clock.advance(60_000)
    await settled()
    expect(reloads()).toBeGreaterThan(2)
  })

  it('says that the page is offline, and goes on trying', async () => {
    const { clock, states, page } = createPage({ io: undefined, pollMs: 1_000 })
    page.isDown = true
    await settled()
    clock.advance(1_000)
    await settled()
    page.isDown = false
    clock.advance(1_000)
    await settled()
    expect(states).toEqual(['offline', 'polling'])
  })

  it('does not pile up reloads that take long', async () => {
    const held = Promise.withResolvers<void>()
    const { clock, page, reloads } = createPage({ io: undefined, pollMs: 1_000 })
    await settled()
    page.hold = held.promise
    for (let second = 0; second < 10; second++) clock.advance(1_000)
    await settled()
    expect(reloads()).toBe(2)
    held.resolve()
    await settled()
    // Once more, for what was asked while it ran.
    expect(reloads()).toBe(3)
  })

  it('calls nothing any more once it is closed', async () => {
    const held = Promise.withResolvers<void>()
    const { clock, states, page, subscription, reloads, socket } = createPage()
    await settled()
    page.hold = held.promise
    clock.advance(30_000)
    subscription.close()
    socket.say({ seq: 1, messages: [people(1)] })
    held.resolve()
    clock.advance(60_000)
    await settled()
    expect([reloads(), states, clock.waiting, socket.done]).toEqual([2, ['polling'], 0, ['disconnect', 'acknowledge']])
  })
})

describe('subscribe with a socket', () => {
  it('loads again once it follows, and then no more', async () => {
    const { clock, socket, states, messages, subscription, reloads } = createPage({ classes: ['c'] })
    await settled()
    socket.up()
    expect(socket.asked[0]?.request).toEqual({ courses: ['biology'], classes: ['c'], after: null })
    socket.asked[0]?.answer({ seq: 7, reset: true, messages: [] })
    await settled()
    expect([reloads(), subscription.state]).toEqual([2, 'live'])
    socket.say({ seq: 9, messages: [people(1), people(2)] })
    expect(messages).toEqual([people(1), people(2)])
    expect(socket.done).toEqual(['acknowledge'])
    clock.advance(300_000)
    await settled()
    expect([reloads(), states]).toEqual([2, ['polling', 'live']])
  })

  it('holds messages back while it loads: what is loaded may be older', async () => {
    const held = Promise.withResolvers<void>()
    const { socket, messages, page } = createPage()
    await settled()
    page.hold = held.promise
    socket.up()
    socket.asked[0]?.answer({ seq: 7, reset: true, messages: [] })
    socket.say({ seq: 8, messages: [people(1)] })
    await settled()
    expect(messages).toEqual([])
    held.resolve()
    await settled()
    expect(messages).toEqual([people(1)])
  })

  it('is told what it missed when it comes back, and polls until then', async () => {
    const { clock, socket, states, messages, reloads } = createPage()
    await settled()
    socket.up()
    socket.asked[0]?.answer({ seq: 7, reset: true, messages: [] })
    await settled()
    socket.say({ seq: 9, messages: [people(1)] })
    socket.down()
    clock.advance(30_000)
    await settled()
    expect(reloads()).toBe(3)
    socket.up()
    expect(socket.asked[1]?.request.after).toBe(9)
    socket.asked[1]?.answer({ seq: 9, reset: false, messages: [] })
    socket.say({ seq: 12, messages: [people(2)] })
    await settled()
    expect([messages, states, reloads()]).toEqual([[people(1), people(2)], ['polling', 'live', 'polling', 'live'], 3])
  })

  it('does not take a reload that failed for one that worked', async () => {
    const { clock, socket, states, page, subscription, reloads } = createPage()
    await settled()
    page.isDown = true
    socket.up()
    socket.asked[0]?.answer({ seq: 7, reset: true, messages: [] })
    await settled()
    expect(subscription.state).toBe('offline')
    // Cut now, it knows nothing it could go on from.
    socket.down()
    socket.up()
    expect(socket.asked[1]?.request.after).toBe(null)
    socket.asked[1]?.answer({ seq: 8, reset: true, messages: [] })
    await settled()
    page.isDown = false
    const before = reloads()
    clock.advance(30_000)
    await settled()
    expect([reloads(), states]).toEqual([before + 1, ['polling', 'offline', 'live']])
    socket.down()
    socket.up()
    expect(socket.asked[2]?.request.after).toBe(8)
  })

  it('loads again when it is told to', async () => {
    const { socket, reloads } = createPage()
    await settled()
    socket.up()
    socket.asked[0]?.answer({ seq: 7, reset: true, messages: [] })
    await settled()
    socket.say({ seq: 90, reset: true })
    await settled()
    expect(reloads()).toBe(3)
    socket.down()
    socket.up()
    expect(socket.asked[1]?.request.after).toBe(90)
  })

  it('knocks again when it was sent away or not answered, and polls meanwhile', async () => {
    const { clock, socket, subscription } = createPage()
    await settled()
    socket.down('sentAway')
    clock.advance(30_000)
    expect(socket.done).toEqual(['connect'])
    socket.up()
    socket.asked[0]?.answer({ error: { code: 'UNAVAILABLE', message: 'Live updates are not available now.' } })
    await settled()
    expect(subscription.state).toBe('polling')
    clock.advance(30_000)
    expect(socket.asked).toHaveLength(2)
    socket.asked[1]?.answer({ seq: 7, reset: true, messages: [] })
    await settled()
    expect(subscription.state).toBe('live')
  })
})

describe('the connection', () => {
  const connection = (service: VideoConferenceService, options: Partial<SubscribeOptions> = {}) => {
    const calls: Parameters<NonNullable<SubscribeOptions['io']>>[] = []
    const io: SubscribeOptions['io'] = (...call) => {
      calls.push(call)
      return new HandSocket()
    }
    const { subscription } = createPage({ io, ...options }, service)
    subscription.close()
    return calls[0]
  }

  it('goes where the API is, whatever path that has, and shows the same headers', async () => {
    const at = (baseUrl: string) => connection(new VideoConferenceService({ baseUrl }))?.[0]
    expect(at('https://lms.example/school/')).toBe('https://lms.example/live-classes')
    expect([at(''), at('/school')]).toEqual(['/live-classes', '/live-classes'])
    expect(connection(new VideoConferenceService(), { namespace: '/live' })?.[0]).toBe('/live')

    const service = new VideoConferenceService({ headers: async () => ({ authorization: 'Bearer x' }) })
    const options = connection(service)?.[1]
    expect(options?.transports).toEqual(['websocket'])
    expect(await new Promise(resolve => options?.auth(resolve))).toEqual({ headers: { authorization: 'Bearer x' } })
  })

  it('is refused rather than never tried when the headers cannot be had', async () => {
    const options = connection(
      new VideoConferenceService({ headers: () => Promise.reject(new Error('signed out')) }),
    )?.[1]
    expect(await new Promise(resolve => options?.auth(resolve))).toEqual({ headers: {} })
  })
})
