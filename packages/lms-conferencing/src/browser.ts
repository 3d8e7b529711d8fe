import { type LiveSubscription, type SubscribeOptions, subscribeTo } from './browser/subscribe.ts'
import type {
  CalendarFeed,
  CallbackPage,
  CallbackState,
  ClassAttendance,
  CreatedCourse,
  CreatedMeeting,
  CreatedVirtualClass,
  JoinInfo,
  LiveClassDetails,
  LiveClassInfo,
  LiveClassPage,
  LiveClassStatus,
  MigrationInfo,
  MyVirtualClasses,
  NewCourse,
  NewVirtualClass,
  OperatorHealth,
  RecordingInfo,
  ReplayedCallbacks,
  RevokedCalendarFeed,
  RolloutInfo,
  StartedClass,
  VirtualClassChanges,
} from './browser/types.ts'

export type * from './browser/live-messages.ts'
export type * from './browser/subscribe.ts'
export type * from './browser/types.ts'

/** What is used of `fetch`. */
export type FetchLike = (
  url: string,
  init: {
    readonly method: string
    readonly headers: Record<string, string>
    readonly credentials: 'same-origin' | 'include' | 'omit'
    readonly cache: 'no-store'
    readonly body?: string
    readonly signal?: AbortSignal
  },
) => Promise<{
  readonly status: number
  readonly headers: { get(name: string): string | null }
  text(): Promise<string>
}>

export interface VideoConferenceServiceOptions {
  /** Where the API is, without its path. @default the page's own origin */
  readonly baseUrl?: string | undefined
  /** What every request carries, a token for example; asked for each time. @default nothing */
  readonly headers?: (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>) | undefined
  /** Whether cookies go along. @default 'same-origin' */
  readonly credentials?: 'same-origin' | 'include' | 'omit' | undefined
  /** @default the page's */
  readonly fetch?: FetchLike | undefined
}

/** Options every call takes. */
export interface RequestOptions {
  readonly signal?: AbortSignal | undefined
}

/** Why a call failed. `message` is a sentence for the person at the page. */
export class VideoConferenceError extends Error {
  override readonly name = 'VideoConferenceError'
  /** As the API says (`CONFLICT`, `FORBIDDEN`, …), or `NETWORK`, or `BAD_ANSWER` for what is no answer of the API. */
  readonly code: string
  /** HTTP status; 0 when none came. */
  readonly status: number
  /** What is wrong with which field, or both ends of a transition. */
  readonly details: Readonly<Record<string, string>>
  /** Seconds to wait before trying again; `null` where the server names none. */
  readonly retryAfter: number | null

  constructor(
    message: string,
    fields: Pick<VideoConferenceError, 'code' | 'status' | 'details' | 'retryAfter'>,
    cause?: unknown,
  ) {
    super(message, { cause })
    this.code = fields.code
    this.status = fields.status
    this.details = fields.details
    this.retryAfter = fields.retryAfter
  }
}

/** A page of a course's classes. */
export interface ListLiveClassesParams {
  readonly status?: LiveClassStatus | undefined
  readonly limit?: number | undefined
  readonly offset?: number | undefined
}

/** Which lists of the dashboard, and which page of each. */
export interface MyVirtualClassesParams {
  /** @default 'all' */
  readonly status?: 'upcoming' | 'live' | 'completed' | 'all' | undefined
  readonly limit?: number | undefined
  readonly offset?: number | undefined
}

/** A page of callbacks. */
export interface ListCallbacksParams {
  readonly state?: CallbackState | undefined
  readonly limit?: number | undefined
  /** The `next` of the page before. */
  readonly after?: number | undefined
}

/** Which callbacks are put back: by number, or all in a state. */
export type ReplayParams = { readonly seqs: readonly number[] } | { readonly state: 'dead' | 'stale' | 'any' }

/** How a picture is written. */
export interface TimelineParams {
  /** @default 'en-GB' */
  readonly locale?: string | undefined
  /** @default 'UTC' */
  readonly timeZone?: string | undefined
  /** `auto` follows the reader's system. @default 'auto' */
  readonly theme?: 'auto' | 'light' | 'dark' | undefined
}

/**
 * Live classes for a page: the REST API, typed. Every method rejects with a {@link VideoConferenceError}, or with the
 * signal's reason when it was aborted.
 *
 * @example
 * const conferences = new VideoConferenceService({ headers: async () => ({ authorization: 'Bearer …' }) })
 * const { join_url, reason } = await conferences.getJoinInfo('3f0c…')
 * console.log(join_url === null ? reason : 'The room is open')
 */
export class VideoConferenceService {
  readonly #options: VideoConferenceServiceOptions

  constructor(options: VideoConferenceServiceOptions = {}) {
    this.#options = options
  }

  /** A new course, with its first class unless told otherwise. */
  createCourse(course: NewCourse, options?: RequestOptions): Promise<CreatedCourse> {
    return this.#call('POST', 'courses/', options, course)
  }

  /** The classes of a course, by start. */
  getLiveClasses(
    courseId: string,
    params: ListLiveClassesParams = {},
    options?: RequestOptions,
  ): Promise<LiveClassPage> {
    return this.#call('GET', `courses/${segment(courseId)}/live-classes/${query(params)}`, options)
  }

  /** A further class of a course. */
  createVirtualClass(courseId: string, input: NewVirtualClass, options?: RequestOptions): Promise<CreatedVirtualClass> {
    return this.#call('POST', `courses/${segment(courseId)}/create_virtual_class/`, options, input)
  }

  getLiveClass(classId: string, options?: RequestOptions): Promise<LiveClassDetails> {
    return this.#call('GET', of(classId), options)
  }

  /** Reschedules or renames. */
  updateClass(classId: string, changes: VirtualClassChanges, options?: RequestOptions): Promise<LiveClassInfo> {
    return this.#call('PATCH', of(classId), options, changes)
  }

  /** Calls a class off that has not begun. */
  cancelClass(classId: string, options?: RequestOptions): Promise<LiveClassInfo> {
    return this.#call('DELETE', of(classId), options)
  }

  /** Makes the meeting of a class, or tries again. */
  createMeeting(classId: string, options?: RequestOptions): Promise<CreatedMeeting> {
    return this.#call('POST', of(classId, 'create_meeting/'), options)
  }

  /** Whether and how this person gets in now. */
  getJoinInfo(classId: string, options?: RequestOptions): Promise<JoinInfo> {
    return this.#call('GET', of(classId, 'join_info/'), options)
  }

  /** Starts a class, or opens its room again. */
  startClass(classId: string, options?: RequestOptions): Promise<StartedClass> {
    return this.#call('POST', of(classId, 'start_class/'), options)
  }

  /** Ends a class for everybody. */
  endClass(classId: string, options?: RequestOptions): Promise<LiveClassInfo> {
    return this.#call('POST', of(classId, 'end_class/'), options)
  }

  async getRecordings(classId: string, options?: RequestOptions): Promise<readonly RecordingInfo[]> {
    const answer = await this.#call<{ recordings: readonly RecordingInfo[] }>(
      'GET',
      of(classId, 'recordings/'),
      options,
    )
    return answer.recordings
  }

  /** Lets students watch a recording, or not. */
  setRecordingPublished(
    classId: string,
    { recordId, published }: { readonly recordId: string; readonly published: boolean },
    options?: RequestOptions,
  ): Promise<RecordingInfo> {
    return this.#call('POST', of(classId, `recordings/${segment(recordId)}/`), options, { published })
  }

  /** Deletes a recording for good. */
  deleteRecording(classId: string, recordId: string, options?: RequestOptions): Promise<RecordingInfo> {
    return this.#call('DELETE', of(classId, `recordings/${segment(recordId)}/`), options)
  }

  /** Who was there; a student sees their own row. */
  getAttendance(classId: string, options?: RequestOptions): Promise<ClassAttendance> {
    return this.#call('GET', of(classId, 'attendance/'), options)
  }

  /** What this person has coming, running and behind. */
  getMyVirtualClasses(params: MyVirtualClassesParams = {}, options?: RequestOptions): Promise<MyVirtualClasses> {
    return this.#call('GET', `dashboard/my-virtual-classes/${query(params)}`, options)
  }

  /** The class as the text of an `.ics` file, to offer for download. */
  getCalendar(classId: string, options?: RequestOptions): Promise<string> {
    return this.#file(of(classId, 'calendar.ics'), options)
  }

  /** The attendance as the text of a table that spreadsheets open (CSV), for teachers to download. */
  getAttendanceTable(classId: string, options?: RequestOptions): Promise<string> {
    return this.#file(of(classId, 'attendance/?format=csv'), options)
  }

  /** Who was there when, as an SVG picture for teachers. It loads nothing and runs nothing; show it as an image. */
  getTimeline(classId: string, params: TimelineParams = {}, options?: RequestOptions): Promise<string> {
    const { locale, timeZone, theme } = params
    return this.#file(of(classId, `attendance/timeline.svg${query({ locale, time_zone: timeZone, theme })}`), options)
  }

  /** How the parts do; for administrators, as all that follows. */
  getHealth(options?: RequestOptions): Promise<OperatorHealth> {
    return this.#call('GET', 'admin/conferencing/health/', options)
  }

  /** The callbacks that came in, without what they say. */
  getCallbacks(params: ListCallbacksParams = {}, options?: RequestOptions): Promise<CallbackPage> {
    return this.#call('GET', `admin/conferencing/inbox/${query(params)}`, options)
  }

  /** Puts callbacks back to be applied; what they have changed already they do not change again. */
  replayCallbacks(what: ReplayParams, options?: RequestOptions): Promise<ReplayedCallbacks> {
    return this.#call('POST', 'admin/conferencing/inbox/replay/', options, what)
  }

  /** The move from one provider to another: its phase, and what it decides for a course. */
  getRollout(courseId?: string, options?: RequestOptions): Promise<RolloutInfo> {
    return this.#call('GET', `admin/conferencing/rollout/${query({ course_id: courseId })}`, options)
  }

  /** How far the move of the old table is. */
  getMigration(options?: RequestOptions): Promise<MigrationInfo> {
    return this.#call('GET', 'admin/conferencing/migration/', options)
  }

  async #file(path: string, options?: RequestOptions): Promise<string> {
    const { status, text, retryAfter } = await this.#send('GET', path, options)
    return status === 200 ? text : read(status, text, retryAfter)
  }

  /**
   * Makes the address under which a calendar program may follow this person's classes; the one before opens nothing any
   * more. Whoever has it may read: show it, and keep it nowhere. Without a `baseUrl` it begins with the path.
   */
  async createCalendarFeed(options?: RequestOptions): Promise<string> {
    const { feed_path } = await this.#call<CalendarFeed>('POST', 'dashboard/calendar-token/', options)
    const { baseUrl = '' } = this.#options
    return baseUrl.replace(/\/+$/, '') + feed_path
  }

  /** Closes the calendar feed; `revoked` is false when there was none. */
  revokeCalendarFeed(options?: RequestOptions): Promise<RevokedCalendarFeed> {
    return this.#call('DELETE', 'dashboard/calendar-token/', options)
  }

  /**
   * Follows what happens in courses and classes: by a socket where `io` is given and gets through, by loading again
   * where not. Keep what `reload` loads up to date with the messages, and nothing is missed.
   *
   * @example
   * import { io } from 'socket.io-client'
   * const conferences = new VideoConferenceService()
   * const reload = async () => console.log(await conferences.getLiveClasses('biology'))
   * const live = conferences.subscribe({ io, courses: ['biology'], reload, onMessage: console.log })
   */
  subscribe(options: SubscribeOptions): LiveSubscription {
    const { baseUrl = '', headers } = this.#options
    return subscribeTo(options, { baseUrl, headers: async () => (await headers?.()) ?? {} })
  }

  async #call<T>(method: string, path: string, options?: RequestOptions, body?: object): Promise<T> {
    const { status, text, retryAfter } = await this.#send(method, path, options, body)
    return read(status, text, retryAfter)
  }

  async #send(method: string, path: string, { signal }: RequestOptions = {}, body?: object) {
    const { baseUrl = '', headers, credentials = 'same-origin' } = this.#options
    const send: FetchLike = this.#options.fetch ?? ((url, init) => fetch(url, init))
    const given = await headers?.()
    try {
      const response = await send(`${baseUrl.replace(/\/+$/, '')}/api/v1/${path}`, {
        method,
        headers: { accept: 'application/json', ...(body && { 'content-type': 'application/json' }), ...given },
        credentials,
        // Links are made at the click; one that was kept may be another person's.
        cache: 'no-store',
        ...(body && { body: JSON.stringify(body) }),
        ...(signal && { signal }),
      })
      const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
      return { status: response.status, text: await response.text(), retryAfter: seconds >= 0 ? seconds : null }
    } catch (error) {
      if (signal?.aborted) throw signal.reason
      const fields = { code: 'NETWORK', status: 0, details: {}, retryAfter: null }
      throw new VideoConferenceError('The server cannot be reached. Please check your connection.', fields, error)
    }
  }
}

interface Envelope<T> {
  readonly success?: unknown
  readonly data?: T
  readonly error?: { readonly code: string; readonly message: string; readonly details: Record<string, string> }
}

function read<T>(status: number, text: string, retryAfter: number | null): T {
  let answer: Envelope<T> | null = null
  try {
    answer = JSON.parse(text)
  } catch {}
  if (status < 300 && answer?.success === true && answer.data !== undefined) return answer.data
  if (answer?.success === false && answer.error) {
    const { code, message, details } = answer.error
    throw new VideoConferenceError(message, { code, status, details, retryAfter })
  }
  const message = 'The server gave an answer that makes no sense here. Please try again later.'
  throw new VideoConferenceError(message, { code: 'BAD_ANSWER', status, details: {}, retryAfter })
}

const of = (classId: string, rest = ''): string => `courses/live-classes/${segment(classId)}/${rest}`

/** An id as one part of a path. Throws `TypeError` for what would lead elsewhere. */
function segment(id: string): string {
  if (id === '' || id === '.' || id === '..') throw new TypeError(`"${id}" is no id`)
  return encodeURIComponent(id)
}

function query(params: object): string {
  const given = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) if (value !== undefined) given.set(name, String(value))
  return given.size === 0 ? '' : `?${given}`
}
