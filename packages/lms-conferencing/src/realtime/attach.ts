import type { Server, Socket } from 'socket.io'
import type { LiveFrame, LiveRefusal, LiveRequest } from '../browser/live-messages.ts'
import { systemClock } from '../clock.ts'
import { faultFields } from '../fault.ts'
import { createAccess } from '../http/access.ts'
import type { HttpApiOptions } from '../http/ports.ts'
import { noLogger } from '../logger.ts'
import { isOwnPage, requestOf } from './handshake.ts'
import { createRounds } from './rounds.ts'
import { type Gate, Session, SignedOut } from './session.ts'

/** What keeps one page, or one person, from taking too much. */
export interface LiveLimits {
  /** Courses and classes one page may follow. @default 200 */
  readonly topics: number
  /** Pages one person may have connected to this process. @default 20 */
  readonly socketsPerUser: number
  /** How often a page may say what it follows, in a minute. @default 30 */
  readonly requestsPerMinute: number
  /** A page that missed more changes than this loads again instead. @default 200 */
  readonly replay: number
  /** The largest frame, as JSON text, in characters; what would be larger is loaded by the page instead. @default 262144 */
  readonly frame: number
  /** How long a page may take to acknowledge a frame before it is cut off, in milliseconds. @default 20000 */
  readonly ackMs: number
}

const defaultLimits: LiveLimits = {
  topics: 200,
  socketsPerUser: 20,
  requestsPerMinute: 30,
  replay: 200,
  frame: 262_144,
  ackMs: 20_000,
}

/** The same ports as the HTTP API's, and Socket.IO. */
export interface LiveUpdatesOptions extends Pick<HttpApiOptions, 'conferencing' | 'authenticate' | 'lms'> {
  /**
   * Socket.IO's server, with the path, transports and adapter the application wants. Messages reach the pages of every
   * process through the store, so no adapter is needed for them, nor sticky sessions with WebSockets alone; one that
   * is there doubles nothing.
   */
  readonly io: Server
  /** @default '/live-classes' */
  readonly namespace?: string | undefined
  /**
   * Origins of pages that may connect although they come from another host than the handshake's `Host`: pages of
   * another domain, or all of them behind a proxy that changes that header.
   * @default none
   */
  readonly origins?: readonly string[] | undefined
  /** Headers, in lower case, that a page may send in the handshake's `auth.headers`. @default ['authorization'] */
  readonly authHeaders?: readonly string[] | undefined
  /** How often other processes' changes are looked for, in milliseconds; our own are told at once. @default 500 */
  readonly pollMs?: number | undefined
  /** How old an answer of `lms` or `authenticate` may be when a message rests on it, in milliseconds. @default 60000 */
  readonly trustMs?: number | undefined
  readonly limits?: Partial<LiveLimits> | undefined
  /** @default nothing is logged */
  readonly logger?: HttpApiOptions['logger']
  /** @default the wall clock */
  readonly clock?: HttpApiOptions['clock']
}

/** Live updates as they run. */
export interface LiveUpdates {
  /** Pages connected to this process. */
  readonly connected: number
  /** Sends its pages away and tells nothing more; Socket.IO's server stays the application's. */
  close(): Promise<void>
}

/** The shortest time between two rounds, in milliseconds. */
const gapMs = 200

/**
 * Tells pages what happens in the classes they follow, each what its person may see. Throws `TypeError` naming the
 * option that cannot be.
 *
 * @example
 * import { Server } from 'socket.io'
 * const io = new Server(3000, { serveClient: false, transports: ['websocket'], maxHttpBufferSize: 65_536 })
 * const live = attachLiveUpdates({ io, conferencing, authenticate, lms })
 */
export function attachLiveUpdates(options: LiveUpdatesOptions): LiveUpdates {
  const { io, conferencing, authenticate, lms, origins = [], authHeaders = ['authorization'] } = options
  const { logger = noLogger, clock = systemClock, pollMs = 500, trustMs = 60_000 } = options
  const limits = withDefaults(options.limits)
  for (const [name, value] of Object.entries({ pollMs, trustMs, ...limits })) {
    if (!(Number.isFinite(value) && value > 0)) throw new TypeError(`${name}: must be above 0`)
  }
  const namespace = io.of(options.namespace ?? '/live-classes')
  const gate: Gate = { authenticate, access: createAccess({ conferencing, lms }), clock, trustMs }
  const sessions = new Set<Session>()
  const perUser = new Map<string, number>()
  const made = new WeakMap<Socket, Session>()
  const rounds = createRounds({
    conferencing,
    sessions,
    clock,
    logger,
    pollMs,
    gapMs,
    maxReplay: limits.replay,
    maxFrame: limits.frame,
    ackMs: limits.ackMs,
  })
  const unwatch = conferencing.changes.watch(rounds.wake)
  let isClosed = false

  /** One of the places a person has, until the socket is gone. */
  function take(userId: string, socket: Socket): boolean {
    const taken = perUser.get(userId) ?? 0
    // It may have given up while we looked who it is.
    if (taken >= limits.socketsPerUser || socket.conn.readyState !== 'open') return false
    perUser.set(userId, taken + 1)
    let isTaken = true
    const release = (): void => {
      if (!isTaken) return
      isTaken = false
      const left = (perUser.get(userId) ?? 1) - 1
      if (left > 0) perUser.set(userId, left)
      else perUser.delete(userId)
    }
    socket.once('disconnect', release)
    socket.conn.once('close', release)
    return true
  }

  /** Why a page may not come in; `null` when it may. */
  async function admit(socket: Socket): Promise<Refused | null> {
    if (isClosed) return new Refused('UNAVAILABLE')
    if (!isOwnPage(socket.handshake, origins)) {
      logger.warn('a page of another origin wanted live updates: name its origin if it is yours')
      return new Refused('FORBIDDEN')
    }
    const request = requestOf(socket.handshake, authHeaders)
    const actor = await authenticate(request)
    if (!actor) return new Refused('UNAUTHENTICATED')
    if (!take(actor.userId, socket)) return new Refused('RATE_LIMITED')
    made.set(socket, new Session(socket, request, actor, gate))
    return null
  }

  namespace.use((socket, next) => {
    admit(socket).then(
      refused => (refused ? next(refused) : next()),
      error => {
        logger.warn('nobody can be let in to live updates', faultFields(error))
        next(new Refused('UNAVAILABLE'))
      },
    )
  })

  const welcome = (socket: Socket): void => {
    const session = made.get(socket)
    if (!session) return
    sessions.add(session)
    socket.once('disconnect', () => sessions.delete(session))
    let windowStart = clock.now()
    let requests = 0
    socket.on('subscribe', (given: unknown, answer: unknown) => {
      if (typeof answer !== 'function') return
      if (Math.abs(clock.now() - windowStart) >= 60_000) {
        windowStart = clock.now()
        requests = 0
      }
      if (++requests > limits.requestsPerMinute) socket.disconnect(true)
      // Answered in its turn, so that no frame overtakes the answer.
      else void session.inTurn(async () => answer(await subscribe(session, given)))
    })
  }
  namespace.on('connection', welcome)

  async function subscribe(session: Session, given: unknown): Promise<LiveFrame | LiveRefusal> {
    const request = readRequest(given, limits.topics)
    if (!request) return { error: { code: 'INVALID', message: `Name at most ${limits.topics} courses and classes.` } }
    try {
      const messages = await session.follow(request.courses, request.classes)
      const reset = request.after === null
      const seq = request.after ?? (await conferencing.changes.position())
      session.position = seq
      rounds.wake()
      return { seq, reset, messages }
    } catch (error) {
      if (error instanceof SignedOut) session.socket.disconnect(true)
      else logger.warn('a page cannot follow now', faultFields(error))
      return { error: { code: 'UNAVAILABLE', message: 'Live updates are not available now.' } }
    }
  }

  return {
    get connected() {
      return sessions.size
    },
    async close() {
      isClosed = true
      unwatch()
      namespace.off('connection', welcome)
      for (const session of sessions) session.cut()
      await rounds.stop()
    },
  }
}

/** What a page is told that may not connect; Socket.IO hands on `message` and `data`. */
class Refused extends Error {
  override readonly name = 'Refused'
  readonly data: { readonly code: string }

  constructor(code: 'UNAUTHENTICATED' | 'FORBIDDEN' | 'RATE_LIMITED' | 'UNAVAILABLE') {
    super(code)
    this.data = { code }
  }
}

function withDefaults(given: Partial<LiveLimits> = {}): LiveLimits {
  const named = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  return { ...defaultLimits, ...named }
}

/** `null` for what no page of ours sends. */
function readRequest(given: unknown, maxTopics: number): LiveRequest | null {
  if (typeof given !== 'object' || given === null) return null
  const { courses, classes, after }: Partial<Record<keyof LiveRequest, unknown>> = given
  if (!isIds(courses) || !isIds(classes) || courses.length + classes.length > maxTopics) return null
  if (after === null) return { courses, classes, after }
  return typeof after === 'number' && Number.isSafeInteger(after) && after >= 0 ? { courses, classes, after } : null
}

const isIds = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every(id => typeof id === 'string' && id !== '' && id.length <= 255)
