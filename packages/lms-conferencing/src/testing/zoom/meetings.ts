import { createHmac } from 'node:crypto'
import { type FakeZoomResponse, json, noContent, problem, timeText } from './message.ts'
import { currentRun, type Meeting, type World } from './world.ts'

/** Calls about planned meetings. */

const ZAK_SECONDS = 7200

type Fields = Readonly<Record<string, unknown>>

const invalid = (field: string, message: string): FakeZoomResponse =>
  problem(400, 300, 'Validation Failed.', [{ field, message }])

export const notFound = (id: string): FakeZoomResponse => problem(404, 3001, `Meeting does not exist: ${id}.`)

export const userNotFound = (host: string): FakeZoomResponse => problem(404, 1001, `User does not exist: ${host}.`)

/** Both the value and its absence are fine; any other type or length is not. */
function fault(fields: Fields): FakeZoomResponse | undefined {
  const { topic, agenda, duration, start_time: start, password, type } = fields
  if (topic !== undefined && (typeof topic !== 'string' || topic.length > 200))
    return invalid('topic', 'Invalid field.')
  if (agenda !== undefined && (typeof agenda !== 'string' || agenda.length > 2000))
    return invalid('agenda', 'Invalid field.')
  if (duration !== undefined && !Number.isInteger(duration)) return invalid('duration', 'Invalid field.')
  if (type !== undefined && !(typeof type === 'number' && [1, 2, 3, 8].includes(type)))
    return invalid('type', 'Invalid field.')
  if (start !== undefined && (typeof start !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?$/.test(start)))
    return invalid('start_time', 'Invalid field.')
  if (password !== undefined && (typeof password !== 'string' || !/^[A-Za-z0-9@_*-]{0,10}$/.test(password)))
    return invalid('password', 'Invalid field.')
  return undefined
}

const textOf = (value: unknown, fallback: string): string => (typeof value === 'string' ? value : fallback)
const numberOf = (value: unknown, fallback: number): number => (typeof value === 'number' ? value : fallback)
const startOf = (value: unknown): number => (typeof value === 'string' ? Date.parse(value) : Number.NaN)
const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}

/** Reads a request's JSON; `undefined` when it is none. */
export function readFields(body: string): Fields | undefined {
  try {
    return fieldsOf(JSON.parse(body))
  } catch {
    return undefined
  }
}

export function create(world: World, host: string, fields: Fields): FakeZoomResponse | Meeting {
  const hostId = world.hosts.get(host)
  if (hostId === undefined) return userNotFound(host)
  const wrong = fault(fields)
  if (wrong) return wrong
  const now = world.clock.now()
  const start = startOf(fields.start_time)
  const settings = fieldsOf(fields.settings)
  const meeting: Meeting = {
    id: world.random.meetingId(),
    uuid: world.random.uuid(),
    hostEmail: host,
    hostId,
    type: numberOf(fields.type, 2),
    topic: textOf(fields.topic, 'Zoom Meeting'),
    agenda: textOf(fields.agenda, ''),
    startAt: Number.isNaN(start) ? now : start,
    duration: numberOf(fields.duration, 60),
    timezone: textOf(fields.timezone, 'UTC'),
    password: textOf(fields.password, ''),
    settings: { approval_type: 2, waiting_room: false, ...settings },
    createdAt: now,
    registrants: new Map(),
    runs: [],
  }
  // The waiting room switches joining before the host off.
  if (meeting.settings.waiting_room === true) meeting.settings.join_before_host = false
  world.meetings.set(String(meeting.id), meeting)
  return meeting
}

/** The whole meeting, with a host's link that is new each time. */
export function show(world: World, meeting: Meeting): Record<string, unknown> {
  const { id, uuid, hostId, hostEmail, topic, duration, timezone, agenda, createdAt, password, settings } = meeting
  const run = currentRun(meeting)
  return {
    uuid: run?.uuid ?? meeting.runs.at(-1)?.uuid ?? uuid,
    id,
    host_id: hostId,
    host_email: hostEmail,
    topic,
    type: meeting.type,
    status: run ? 'started' : 'waiting',
    start_time: timeText(meeting.startAt),
    duration,
    timezone,
    agenda,
    created_at: timeText(createdAt),
    start_url: `https://zoom.us/s/${id}?zak=${zak(world, hostId)}`,
    join_url: joinUrl(meeting),
    password,
    encrypted_password: encrypted(meeting),
    settings,
    pre_schedule: false,
    ...(settings.approval_type !== 2 && { registration_url: `https://zoom.us/meeting/register/${id}` }),
  }
}

export const joinUrl = (meeting: Meeting): string => `https://school.zoom.us/j/${meeting.id}?pwd=${encrypted(meeting)}`

export const encrypted = ({ id, password }: Meeting): string => Buffer.from(`${id}:${password}`).toString('base64url')

const signature = (text: string): string => createHmac('sha256', 'key of the fake').update(text).digest('base64url')

function zak(world: World, hostId: string): string {
  const iat = Math.floor(world.clock.now() / 1000)
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const head = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ uid: hostId, iat, exp: iat + ZAK_SECONDS, jti: world.random.word() })}`
  return `${head}.${signature(head)}`
}

/** Whose host token this is; `undefined` when it is made up or its two hours are over. */
export function hostOfZak(world: World, token: string): string | undefined {
  const [header = '', payload = '', mac = ''] = token.split('.')
  if (mac !== signature(`${header}.${payload}`)) return undefined
  const claims = readFields(Buffer.from(payload, 'base64url').toString('utf8'))
  const isGood = numberOf(claims?.exp, 0) * 1000 > world.clock.now()
  return isGood && typeof claims?.uid === 'string' ? claims.uid : undefined
}

export function update(world: World, meeting: Meeting, fields: Fields): FakeZoomResponse {
  if (currentRun(meeting)) return problem(400, 3000, 'Started meetings cannot be updated or deleted.')
  const wrong = fault(fields)
  if (wrong) return wrong
  const start = startOf(fields.start_time)
  meeting.topic = textOf(fields.topic, meeting.topic)
  meeting.agenda = textOf(fields.agenda, meeting.agenda)
  meeting.duration = numberOf(fields.duration, meeting.duration)
  meeting.password = textOf(fields.password, meeting.password)
  // A start in the past is ignored.
  if (start > world.clock.now()) meeting.startAt = start
  meeting.settings = { ...meeting.settings, ...fieldsOf(fields.settings) }
  return noContent
}

export function remove(world: World, meeting: Meeting): FakeZoomResponse {
  if (currentRun(meeting)) return problem(400, 3002, 'Sorry, you cannot delete this meeting since it is in progress.')
  world.meetings.delete(String(meeting.id))
  return noContent
}

/** Rows of the list of a host's meetings. */
export function list(world: World, host: string, type: string): readonly Record<string, unknown>[] {
  const now = world.clock.now()
  const isListed = (meeting: Meeting): boolean => {
    if (type === 'live') return currentRun(meeting) !== undefined
    return type !== 'upcoming' || meeting.startAt + meeting.duration * 60_000 > now
  }
  return [...world.meetings.values()]
    .filter(meeting => meeting.hostEmail === host && isListed(meeting))
    .sort((a, b) => a.startAt - b.startAt)
    .map(meeting => ({
      uuid: meeting.uuid,
      id: meeting.id,
      host_id: meeting.hostId,
      topic: meeting.topic,
      type: meeting.type,
      start_time: timeText(meeting.startAt),
      duration: meeting.duration,
      timezone: meeting.timezone,
      created_at: timeText(meeting.createdAt),
      join_url: joinUrl(meeting),
      // Cut in lists.
      agenda: meeting.agenda.slice(0, 250),
    }))
}

export function register(world: World, meeting: Meeting, fields: Fields): FakeZoomResponse {
  const { email, first_name: firstName } = fields
  if (meeting.settings.approval_type === 2)
    return problem(404, 404, `Registration has not been enabled for this meeting: ${meeting.id}.`)
  if (typeof email !== 'string' || !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(email)) return invalid('email', 'Invalid field.')
  if (typeof firstName !== 'string' || firstName === '' || firstName.length > 64)
    return invalid('first_name', 'Invalid field.')
  const key = email.toLowerCase()
  const registrant = meeting.registrants.get(key) ?? {
    id: world.random.word(),
    email: key,
    name: firstName,
    token: world.random.word(40),
  }
  meeting.registrants.set(key, registrant)
  return json(201, {
    id: meeting.id,
    registrant_id: registrant.id,
    topic: meeting.topic,
    start_time: timeText(meeting.startAt),
    ...(meeting.settings.approval_type === 0 && { join_url: personalUrl(meeting, registrant.token) }),
  })
}

const personalUrl = ({ id }: Meeting, token: string): string => `https://school.zoom.us/w/${id}?tk=${token}`

export const registrants = (meeting: Meeting): readonly object[] =>
  [...meeting.registrants.values()].map(({ id, email, name, token }) => ({
    id,
    email,
    first_name: name,
    last_name: '',
    status: 'approved',
    join_url: personalUrl(meeting, token),
  }))
