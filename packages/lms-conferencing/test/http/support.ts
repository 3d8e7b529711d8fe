import { type CreatedCourse, createHttpApi, type FetchHandler, type HttpApiOptions } from '../../src/http/index.ts'
import { createWorld, memoryLogger, type World } from '../support/world.ts'

/** Two courses with a teacher each; Ana is in both, Bob in the second only, Adi runs the place. */
const teachers: Readonly<Record<string, string>> = { 'course-1': 'tea', 'course-2': 'tom' }
const enrolments: Readonly<Record<string, readonly string[]>> = { 'course-1': ['ana'], 'course-2': ['ana', 'bob'] }
const names: Readonly<Record<string, string>> = { tea: 'Tea Čer', tom: 'Tom', ana: 'Ana Ñ', bob: 'Bob', adi: 'Adi' }

/** What an answer holds, as far as these tests look. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The envelope. */
  readonly json: {
    readonly success: boolean
    readonly message?: string
    // biome-ignore lint/suspicious/noExplicitAny: tests compare what is in it, whatever it is
    readonly data?: any
    readonly error?: { readonly code: string; readonly message: string; readonly details: Record<string, string> }
  }
}

export interface ApiWorld extends World {
  readonly api: FetchHandler
  /** Who is who, for other doors to the same classes. */
  readonly ports: Pick<HttpApiOptions, 'authenticate' | 'lms'>
  /** Asks as somebody (`null`: as nobody); the path begins after `/api/v1/`. */
  ask(who: string | null, method: string, path: string, body?: unknown): Promise<Answer>
  /** Courses made through the API. */
  readonly created: readonly CreatedCourse[]
  /** A class of the first course, made by its teacher through the API. */
  newClass(changes?: object): Promise<string>
}

export async function createApiWorld(options: Partial<HttpApiOptions> = {}): Promise<ApiWorld> {
  const world = await createWorld()
  const created: (CreatedCourse & { readonly key: string | undefined })[] = []
  const ports: Pick<HttpApiOptions, 'authenticate' | 'lms'> = {
    authenticate(request) {
      const userId = request.headers.get('authorization')?.replace('Bearer ', '')
      const displayName = names[userId ?? '']
      return userId && displayName ? { userId, displayName, isAdmin: userId === 'adi' } : null
    },
    lms: {
      courseTitle: courseId =>
        created.find(({ id }) => id === courseId)?.title ?? (teachers[courseId] ? `Title of ${courseId}` : null),
      teaches: (userId, courseId) =>
        (created.find(({ id }) => id === courseId)?.teacherId ?? teachers[courseId]) === userId,
      coursesOf: userId =>
        Object.entries(enrolments)
          .filter(([, people]) => people.includes(userId))
          .map(([id]) => ({ id, title: `Title of ${id}`, instructorName: names[teachers[id] ?? ''] })),
      createCourse(request, { userId, isAdmin }) {
        if (!isAdmin && !Object.values(teachers).includes(userId)) return null
        const { idempotencyKey: key, ...about } = request
        const before = key === undefined ? undefined : created.find(course => course.key === key)
        if (before) return before
        const course = { ...about, key, id: `new-course-${created.length + 1}`, teacherId: userId }
        created.push(course)
        return course
      },
      enrolled: (userId, courseId) => enrolments[courseId]?.includes(userId) ?? false,
    },
  }
  const api = createHttpApi({
    conferencing: world.conferencing,
    ...ports,
    logger: memoryLogger(world.log),
    clock: world.clock,
    ...options,
  })

  async function ask(who: string | null, method: string, path: string, body?: unknown): Promise<Answer> {
    const headers = new Headers()
    if (who) headers.set('authorization', `Bearer ${who}`)
    if (body !== undefined) headers.set('content-type', 'application/json')
    return readAnswer(
      await api(
        new Request(`https://lms.example/api/v1/${path}`, {
          method,
          headers,
          ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        }),
      ),
    )
  }

  return {
    ...world,
    ports: { ...ports, ...options },
    api,
    ask,
    created,
    async newClass(changes = {}) {
      const body = { title: 'Lesson 1', scheduled_at: '2027-03-01T09:00:00Z', ...changes }
      const { json } = await ask('tea', 'POST', 'courses/course-1/create_virtual_class/', body)
      if (!json.data) throw new Error(JSON.stringify(json.error))
      return json.data.id
    },
  }
}

export async function readAnswer(response: Response): Promise<Answer> {
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: JSON.parse(text) }
}
