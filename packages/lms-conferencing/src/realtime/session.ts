import type { Socket } from 'socket.io'
import type { LiveFrame, LiveMessage } from '../browser/live-messages.ts'
import type { Clock } from '../clock.ts'
import { ConferencingError } from '../errors.ts'
import type { Access, CourseRole } from '../http/access.ts'
import type { Actor, HttpApiOptions } from '../http/ports.ts'
import type { Change } from '../store.ts'

/** What a session needs to know who may see what. */
export interface Gate extends Pick<HttpApiOptions, 'authenticate'> {
  readonly access: Access
  readonly clock: Clock
  /** How old an answer of the LMS may be when a message rests on it, in milliseconds. */
  readonly trustMs: number
}

/** The person at the page is no longer who they were: signed out, or somebody else. */
export class SignedOut extends Error {
  override readonly name = 'SignedOut'
}

/** One page that is connected: who is at it, what it follows, and how far it is. */
export class Session {
  readonly socket: Socket
  readonly #gate: Gate
  readonly #request: Request
  #actor: Actor
  #identifiedAt: number
  readonly #grants = new Map<string, { readonly role: CourseRole; readonly at: number }>()
  readonly courses = new Set<string>()
  /** The course of each class that is followed by itself. */
  readonly classes = new Map<string, string>()
  /** The `seq` the page is known to have; `null` before it follows anything. */
  position: number | null = null
  /** The page shows what is for another role, and has to load again. */
  hasNewRole = false
  /** Telling it failed the last time; said once, not each time. */
  isFailing = false
  #turn: Promise<unknown> = Promise.resolve()
  #waiting = 0

  constructor(socket: Socket, request: Request, actor: Actor, gate: Gate) {
    this.socket = socket
    this.#request = request
    this.#actor = actor
    this.#gate = gate
    this.#identifiedAt = gate.clock.now()
  }

  get userId(): string {
    return this.#actor.userId
  }

  /** Whether it has had the last frame that was sent to it. */
  get isIdle(): boolean {
    return this.#waiting === 0
  }

  /** Runs one piece of work after the other. */
  async inTurn<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting++
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    try {
      return await turn
    } finally {
      this.#waiting--
    }
  }

  /** Follows these from now on, as far as allowed; answers what is not. Throws what the LMS or the store throws. */
  async follow(courses: readonly string[], classes: readonly string[]): Promise<readonly LiveMessage[]> {
    const denied: LiveMessage[] = []
    this.courses.clear()
    this.classes.clear()
    // Asked anew each time, whatever is remembered.
    this.#grants.clear()
    for (const course of courses) {
      if (await this.roleIn(course)) this.courses.add(course)
      else denied.push({ type: 'denied', course, class_id: null })
    }
    for (const id of classes) {
      const course = await this.#courseOf(id)
      if (course !== null && (await this.roleIn(course))) this.classes.set(id, course)
      else denied.push({ type: 'denied', course: null, class_id: id })
    }
    return denied
  }

  async #courseOf(classId: string): Promise<string | null> {
    try {
      const { liveClass } = await this.#gate.access.memberOf(this.#actor, classId)
      return liveClass.courseId
    } catch (error) {
      if (error instanceof ConferencingError && ['CLASS_NOT_FOUND', 'FORBIDDEN'].includes(error.code)) return null
      throw error
    }
  }

  /** What this person is to the course, by an answer of the LMS that is not older than it may be. Throws {@link SignedOut}. */
  async roleIn(courseId: string): Promise<CourseRole | null> {
    const { access, authenticate, clock, trustMs } = this.#gate
    const isFresh = (at: number): boolean => Math.abs(clock.now() - at) < trustMs
    if (!isFresh(this.#identifiedAt)) {
      const actor = await authenticate(this.#request)
      if (actor?.userId !== this.#actor.userId) throw new SignedOut()
      this.#actor = actor
      this.#identifiedAt = clock.now()
      this.#doubt()
    }
    const known = this.#grants.get(courseId)
    if (known && isFresh(known.at)) return known.role
    const at = clock.now()
    const role = await access.roleIn(this.#actor, courseId)
    if (role) this.#grants.set(courseId, { role, at })
    else this.#grants.delete(courseId)
    if (known && role && known.role !== role) this.hasNewRole = true
    return role
  }

  /** Has the LMS asked again, who this is and what they are to each course, before the next message. */
  distrust(): void {
    this.#identifiedAt = Number.NEGATIVE_INFINITY
  }

  #doubt(): void {
    for (const [course, { role }] of this.#grants) this.#grants.set(course, { role, at: Number.NEGATIVE_INFINITY })
  }

  /** Sends a frame; answers whether the page has it. */
  async send(frame: LiveFrame, ackMs: number): Promise<boolean> {
    const { clock } = this.#gate
    const answered = Promise.withResolvers<boolean>()
    const gone = (): void => answered.resolve(false)
    const timer = clock.setTimeout(gone, ackMs)
    this.socket.once('disconnect', gone)
    this.socket.emit('changes', frame, () => answered.resolve(true))
    try {
      return this.socket.connected && (await answered.promise)
    } finally {
      clock.clearTimeout(timer)
      this.socket.off('disconnect', gone)
    }
  }

  /** Ends the connection like a broken one, so that the page connects again by itself. */
  cut(): void {
    this.socket.conn.close(true)
  }

  /** Lets go of all that is of a course; answers what it was. */
  drop(courseId: string): readonly LiveMessage[] {
    const dropped: LiveMessage[] = []
    if (this.courses.delete(courseId)) dropped.push({ type: 'denied', course: courseId, class_id: null })
    for (const [id, course] of this.classes) {
      if (course !== courseId) continue
      this.classes.delete(id)
      dropped.push({ type: 'denied', course: null, class_id: id })
    }
    return dropped
  }

  /** Whether it follows what changed. */
  follows({ courseId, classId, kind }: Change): boolean {
    if (this.courses.has(courseId)) return true
    if (kind === 'access') return [...this.classes.values()].includes(courseId)
    return classId !== null && this.classes.has(classId)
  }
}
