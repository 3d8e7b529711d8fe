/**
 * One class, played through real HTTP from planning to recording: what `pnpm demo` shows. It knows the LMS by its REST
 * API and the rooms by the links it is given, nothing else.
 */

/** Somebody who takes part, with what the LMS knows them by. */
export interface Player {
  readonly displayName: string
  readonly token: string
}

/** Where and when the story happens, and who hears of it. */
export interface StoryOptions {
  /** Origin of the LMS. */
  readonly lms: string
  readonly courseId: string
  readonly teacher: Player
  /** At least four. */
  readonly students: readonly Player[]
  /** Simulated epoch milliseconds. */
  readonly now: () => number
  /** Lets simulated time pass; everything due has happened when it resolves, callbacks included. */
  readonly pass: (ms: number) => Promise<void>
  readonly narrator: Narrator
}

/** How the story is told. */
export interface Narrator {
  step(text: string): void
  progress(label: string, done: number, total: number): void
}

/** A line of the attendance table, as the API answers it. */
export interface AttendanceLine {
  readonly user_id: string
  readonly name: string | null
  readonly status: string | null
  readonly attendance_percentage: number | null
  readonly duration_minutes: number
  readonly join_time: string | null
  readonly leave_time: string | null
  readonly late: boolean
  readonly reconnects: number
}

export interface StoryEnd {
  readonly classId: string
  readonly title: string
  readonly attendance: readonly AttendanceLine[]
  readonly recordingUrl: string
}

const SECOND = 1000
const MINUTE = 60 * SECOND

/** Plays the class. Throws an `Error` that says which step went wrong, and never holds a link. */
export async function playClass(options: StoryOptions): Promise<StoryEnd> {
  const { courseId, teacher, students, now, pass, narrator } = options
  const lms = connect(options.lms)
  const clockTime = (): string => new Date(now()).toISOString().slice(11, 19)

  narrator.step(`${clockTime()}  ${teacher.displayName} plans a class, 60 minutes, in a quarter of an hour`)
  const title = 'Photosynthesis, step by step'
  const planned = await lms.post<{ id: string }>(teacher, `/api/v1/courses/${courseId}/create_virtual_class/`, {
    title,
    description: 'Bring a leaf.',
    scheduled_at: new Date(now() + 15 * MINUTE).toISOString(),
    duration_minutes: 60,
  })
  const classPath = `/api/v1/courses/live-classes/${planned.id}`

  const early = await lms.get<{ can_join: boolean; reason: string | null }>(students[0], `${classPath}/join_info/`)
  narrator.step(`${clockTime()}  ${students[0]?.displayName} is early: "${early.reason ?? 'may join'}"`)
  await pass(15 * MINUTE)

  const started = await lms.post<{ join_url: string }>(teacher, `${classPath}/start_class/`)
  await enter(started.join_url)
  narrator.step(`${clockTime()}  ${teacher.displayName} starts the class and is in the room`)

  // All but one come within the first minute, two seconds apart.
  const punctual = students.slice(0, -1)
  const latecomer = students.at(-1)
  const rooms = new Map<Player, Room>()
  const come = async (student: Player): Promise<void> => {
    const { join_url, reason } = await lms.get<{ join_url: string | null; reason: string | null }>(
      student,
      `${classPath}/join_info/`,
    )
    if (join_url === null) throw new Error(`${student.displayName} could not join: ${reason}`)
    rooms.set(student, await enter(join_url))
  }
  for (const student of punctual) {
    await come(student)
    await pass(2 * SECOND)
    narrator.progress('students joining', rooms.size, punctual.length)
  }
  narrator.step(`${clockTime()}  ${rooms.size} students came within the first minute`)

  await pass(12 * MINUTE)
  if (latecomer !== undefined) {
    await come(latecomer)
    narrator.step(`${clockTime()}  ${latecomer.displayName} comes late`)
  }

  const [, unlucky] = punctual
  await pass(8 * MINUTE)
  if (unlucky !== undefined) {
    await rooms.get(unlucky)?.breakOff()
    narrator.step(`${clockTime()}  ${unlucky.displayName}'s connection breaks`)
    await pass(90 * SECOND)
    await come(unlucky)
    narrator.step(`${clockTime()}  ${unlucky.displayName} is back, 90 seconds later`)
  }

  const live = await lms.get<{ totals: { in_class_now: number } }>(teacher, `${classPath}/attendance/`)
  narrator.step(`${clockTime()}  ${teacher.displayName} sees ${live.totals.in_class_now} students in class now`)

  // One stays in the room when all others have gone.
  const [stays] = punctual
  const until = now() + 35 * MINUTE
  await pass(until - now())
  let gone = 0
  for (const [student, room] of rooms) {
    if (student === stays) continue
    await room.leave()
    await pass(SECOND)
    narrator.progress('students leaving', ++gone, rooms.size - 1)
  }
  narrator.step(`${clockTime()}  ${gone} students have left; ${stays?.displayName} never does`)

  await lms.post(teacher, `${classPath}/end_class/`)
  narrator.step(`${clockTime()}  ${teacher.displayName} ends the class`)

  narrator.step(`${clockTime()}  the server processes the recording`)
  const recordingUrl = await awaitRecording(async () => {
    await pass(30 * SECOND)
    const { recordings } = await lms.get<{
      recordings: readonly { playback_url: string | null; published: boolean }[]
    }>(students[0], `${classPath}/recordings/`)
    return recordings.find(recording => recording.published)?.playback_url ?? null
  })
  narrator.step(`${clockTime()}  the recording is published`)

  const { records } = await lms.get<{ records: readonly AttendanceLine[] }>(teacher, `${classPath}/attendance/`)
  return { classId: planned.id, title, attendance: records, recordingUrl }
}

async function awaitRecording(look: () => Promise<string | null>): Promise<string> {
  for (let looks = 0; looks < 40; looks++) {
    const url = await look()
    if (url !== null) return url
  }
  throw new Error('no recording appeared within twenty simulated minutes')
}

interface Room {
  leave(): Promise<void>
  breakOff(): Promise<void>
}

/** Follows a join link as a browser does: the redirect sets a session, and opening the room's page is what joins. */
async function enter(joinUrl: string): Promise<Room> {
  const joined = await fetch(joinUrl, { redirect: 'manual' })
  const location = joined.headers.get('location')
  if (joined.status !== 302 || location === null) throw new Error(`the room answered ${joined.status} to a join link`)
  const page = new URL(location, joinUrl)
  if (page.searchParams.has('errors')) throw new Error('the room refused a join link')
  const opened = await fetch(page)
  if (!opened.ok) throw new Error(`the room's page answered ${opened.status}`)
  const shown = /data-page="(\d+)"/.exec(await opened.text())?.[1] ?? ''
  // What the buttons of the page send; a connection that breaks is a page that closes, which says which one it was.
  const act = async (what: 'leave' | 'close'): Promise<void> => {
    const action = new URL(page)
    action.pathname = '/html5client/action'
    const body = new URLSearchParams({ do: what, ...(what === 'close' && { page: shown }) })
    const done = await fetch(action, { method: 'POST', body, redirect: 'manual' })
    await done.arrayBuffer()
    if (done.status >= 400) throw new Error(`the room answered ${done.status} to "${what}"`)
  }
  return { leave: () => act('leave'), breakOff: () => act('close') }
}

interface Envelope<T> {
  readonly success: boolean
  readonly data: T
  readonly error?: { readonly code: string; readonly message: string }
}

/** The LMS as one person sees it. */
function connect(origin: string) {
  async function call<T>(player: Player | undefined, method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(origin + path, {
      method,
      headers: {
        ...(player !== undefined && { authorization: `Bearer ${player.token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const answer = (await response.json()) as Envelope<T>
    if (!answer.success) throw new Error(`${method} ${path}: ${answer.error?.code} ${answer.error?.message}`)
    return answer.data
  }
  return {
    get: <T>(player: Player | undefined, path: string): Promise<T> => call<T>(player, 'GET', path),
    post: <T>(player: Player | undefined, path: string, body?: unknown): Promise<T> =>
      call<T>(player, 'POST', path, body),
  }
}
