import type { Limits, Weight } from './limits.ts'
import {
  create,
  joinUrl,
  list,
  notFound,
  readFields,
  register,
  registrants,
  remove,
  show,
  update,
  userNotFound,
} from './meetings.ts'
import { type FakeZoomResponse, json, noContent, problem, type ReadRequest } from './message.ts'
import type { Pager } from './paging.ts'
import { instances, pastMeeting, recordings, reportRows } from './past.ts'
import { currentRun, findRun, type Meeting, type World } from './world.ts'

/** What a route works with. */
export interface RouteContext {
  readonly world: World
  readonly limits: Limits
  readonly pager: Pager
  /** Ends the run of a meeting, with its events. */
  readonly end: (meeting: Meeting) => void
  /** Tells of a change to a plan. */
  readonly changed: (event: 'meeting.created' | 'meeting.updated' | 'meeting.deleted', meeting: Meeting) => void
}

interface Route {
  readonly call: string
  readonly weight: Weight
  readonly answer: (context: RouteContext, request: ReadRequest, value: string) => FakeZoomResponse
}

const withMeeting =
  (work: (context: RouteContext, meeting: Meeting, request: ReadRequest) => FakeZoomResponse): Route['answer'] =>
  (context, request, value) => {
    const found = findRun(context.world, value)
    return found ? work(context, found.meeting, request) : notFound(value)
  }

const notJson = problem(400, 300, 'Request Body should be a valid JSON object.')

const routes: readonly Route[] = [
  {
    call: 'POST /users/*/meetings',
    weight: 'medium',
    answer({ world, limits, changed }, request, host) {
      const hostId = world.hosts.get(host)
      if (hostId === undefined) return userNotFound(host)
      const spent = limits.takeHost(hostId)
      if (spent) return spent
      const fields = readFields(request.body)
      if (!fields) return notJson
      const made = create(world, host, fields)
      if ('status' in made) return made
      changed('meeting.created', made)
      return json(201, show(world, made))
    },
  },
  {
    call: 'GET /users/*/meetings',
    weight: 'medium',
    answer({ world, pager }, { query }, host) {
      if (!world.hosts.has(host)) return userNotFound(host)
      const type = query.get('type') ?? 'scheduled'
      return pager.answer(`meetings ${host} ${type}`, 'meetings', list(world, host, type), query)
    },
  },
  {
    call: 'GET /meetings/*',
    weight: 'light',
    answer: withMeeting(({ world }, meeting) => json(200, show(world, meeting))),
  },
  {
    call: 'PATCH /meetings/*',
    weight: 'light',
    answer: withMeeting(({ world, limits, changed }, meeting, request) => {
      const spent = limits.takeHost(meeting.hostId)
      if (spent) return spent
      const fields = readFields(request.body)
      if (!fields) return notJson
      const answer = update(world, meeting, fields)
      if (answer.status === 204) changed('meeting.updated', meeting)
      return answer
    }),
  },
  {
    call: 'DELETE /meetings/*',
    weight: 'light',
    answer: withMeeting(({ world, changed }, meeting) => {
      const answer = remove(world, meeting)
      if (answer.status === 204) changed('meeting.deleted', meeting)
      return answer
    }),
  },
  {
    call: 'PUT /meetings/*/status',
    weight: 'light',
    answer: withMeeting(({ world, end }, meeting, request) => {
      if (readFields(request.body)?.action !== 'end') return problem(400, 300, 'Invalid action.')
      if (!currentRun(meeting)) return endedAlready(world, meeting)
      end(meeting)
      return noContent
    }),
  },
  {
    call: 'POST /meetings/*/registrants',
    weight: 'light',
    answer: withMeeting(({ world, limits }, meeting, request) => {
      const fields = readFields(request.body)
      if (!fields) return notJson
      return limits.takeRegistrant(String(meeting.id), String(fields.email)) ?? register(world, meeting, fields)
    }),
  },
  {
    call: 'GET /meetings/*/registrants',
    weight: 'medium',
    answer: withMeeting(({ pager }, meeting, { query }) =>
      pager.answer(`registrants ${meeting.id}`, 'registrants', registrants(meeting), query),
    ),
  },
  {
    call: 'GET /meetings/*/recordings',
    weight: 'light',
    answer: ({ world }, request, value) =>
      recordings(world, value, request.query.get('include_fields') === 'download_access_token'),
  },
  {
    call: 'GET /past_meetings/*',
    weight: 'light',
    answer: ({ world }, _request, value) => pastMeeting(world, value),
  },
  {
    call: 'GET /past_meetings/*/instances',
    weight: 'medium',
    answer: ({ world }, _request, value) => instances(world, value),
  },
  {
    call: 'GET /past_meetings/*/participants',
    weight: 'medium',
    answer: (context, request, value) => participants(context, request, value, true),
  },
  {
    call: 'GET /report/meetings/*/participants',
    weight: 'heavy',
    answer: (context, request, value) =>
      participants(context, request, value, (request.query.get('include_fields') ?? '').includes('registrant_id')),
  },
]

function participants(
  { world, pager }: RouteContext,
  { query }: ReadRequest,
  value: string,
  includeRegistrants: boolean,
): FakeZoomResponse {
  const rows = reportRows(world, value, includeRegistrants)
  return 'status' in rows ? rows : pager.answer(`participants ${value}`, 'participants', rows, query)
}

function endedAlready({ endWhenIdle }: World, meeting: Meeting): FakeZoomResponse {
  if (endWhenIdle === 204) return noContent
  return endWhenIdle === 3001 ? notFound(String(meeting.id)) : problem(400, 3000, 'Cannot access meeting information.')
}

/** What a request means. */
export interface Routed extends Route {
  readonly value: string
}

/**
 * Finds the route of a path below `/v2`. The gateway decodes a segment once; one that then begins with `/`, or holds
 * two, has lost its place in the path, so such values must come encoded twice.
 */
export function routeOf({ method, segments }: ReadRequest): Routed | undefined {
  const pattern = segments.map((segment, index) => (index === wildcardAt(segments) ? '*' : segment)).join('/')
  const route = routes.find(({ call }) => call === `${method} /${pattern}`)
  const raw = segments[wildcardAt(segments)] ?? ''
  try {
    const once = decodeURIComponent(raw)
    if (once.startsWith('/') || once.includes('//')) return undefined
    return route && { ...route, value: decodeURIComponent(once) }
  } catch {
    return undefined
  }
}

const wildcardAt = (segments: readonly string[]): number => (segments[0] === 'report' ? 2 : 1)

/** A list where a new meeting was expected: what a redirect makes of a create. */
export const meetingsInstead = (meeting: Meeting): FakeZoomResponse =>
  json(200, {
    page_count: 1,
    page_size: 30,
    total_records: 1,
    next_page_token: '',
    meetings: [{ id: meeting.id, join_url: joinUrl(meeting) }],
  })
