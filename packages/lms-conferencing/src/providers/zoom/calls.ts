import { z } from 'zod'
import type { TimeLeft, ZoomApi, ZoomCall } from './api.ts'
import { unavailable, zoomCodeOf } from './errors.ts'
import { pathSegment } from './path.ts'
import { count, meetingId, text, time, timeIfAny } from './schemas.ts'

/** Zoom's calls that are used, with the shapes of their answers (its Meeting API document). */

const meeting = z.object({
  id: meetingId,
  uuid: text,
  type: z.int().optional().catch(undefined),
  status: text,
  topic: z.string().catch(''),
  agenda: z
    .string()
    .nullish()
    .transform(value => value ?? ''),
  start_time: timeIfAny.catch(undefined),
  duration: count,
  host_id: text,
  start_url: text,
  join_url: text,
  settings: z.object({ approval_type: z.int().optional() }).optional().catch(undefined),
})
export type ZoomMeeting = z.infer<typeof meeting>

const created = meeting.extend({ join_url: z.string().min(1), created_at: text })

/** What `POST /users/{host}/meetings` and `PATCH /meetings/{id}` take. */
export interface MeetingBody {
  readonly topic: string
  readonly type: 2
  readonly start_time: string
  readonly duration: number
  readonly agenda: string
  readonly password?: string | undefined
  readonly settings?: Readonly<Record<string, string | number | boolean | undefined>> | undefined
}

const nothing = z.undefined()

export const createMeeting = (host: string, body: MeetingBody): ZoomCall<ZoomMeeting> => ({
  name: 'create meeting',
  method: 'POST',
  path: `/users/${pathSegment(host)}/meetings`,
  body,
  status: 201,
  schema: created,
  weight: 'medium',
  // There is no idempotency key: one that may have been made is looked for, never asked for again.
  repeat: 'unsent',
})

export const getMeeting = (id: string): ZoomCall<ZoomMeeting> => ({
  name: 'get meeting',
  method: 'GET',
  path: `/meetings/${pathSegment(id)}`,
  status: 200,
  schema: meeting,
  weight: 'light',
  repeat: 'safe',
})

export const updateMeeting = (id: string, body: Partial<MeetingBody>): ZoomCall<undefined> => ({
  name: 'update meeting',
  method: 'PATCH',
  path: `/meetings/${pathSegment(id)}`,
  body,
  status: 204,
  schema: nothing,
  weight: 'light',
  repeat: 'safe',
})

export const deleteMeeting = (id: string): ZoomCall<undefined> => ({
  name: 'delete meeting',
  method: 'DELETE',
  path: `/meetings/${pathSegment(id)}?schedule_for_reminder=false&cancel_meeting_reminder=false`,
  status: 204,
  schema: nothing,
  weight: 'light',
  repeat: 'safe',
})

/** Ends the run of the moment; not repeated once sent, for a new run may have begun. */
export const endMeeting = (id: string): ZoomCall<undefined> => ({
  name: 'end meeting',
  method: 'PUT',
  path: `/meetings/${pathSegment(id)}/status`,
  body: { action: 'end' },
  status: 204,
  schema: nothing,
  weight: 'light',
  repeat: 'unsent',
})

const registrant = z.object({ registrant_id: z.string().min(1), join_url: text })

export const addRegistrant = (
  id: string,
  body: { readonly email: string; readonly first_name: string; readonly auto_approve: true },
): ZoomCall<z.infer<typeof registrant>> => ({
  name: 'add registrant',
  method: 'POST',
  path: `/meetings/${pathSegment(id)}/registrants`,
  body,
  status: 201,
  schema: registrant,
  weight: 'light',
  repeat: 'unsent',
})

const instances = z.object({ meetings: z.array(z.object({ uuid: z.string().min(1), start_time: time })) })

/** The runs of a meeting that have ended. */
export const pastInstances = (id: string): ZoomCall<z.infer<typeof instances>> => ({
  name: 'list past instances',
  method: 'GET',
  path: `/past_meetings/${pathSegment(id)}/instances`,
  status: 200,
  schema: instances,
  weight: 'medium',
  repeat: 'safe',
})

const pastRun = z.object({ uuid: z.string().min(1), start_time: time, end_time: timeIfAny })

export const pastMeeting = (uuid: string): ZoomCall<z.infer<typeof pastRun>> => ({
  name: 'get past meeting',
  method: 'GET',
  path: `/past_meetings/${pathSegment(uuid)}`,
  status: 200,
  schema: pastRun,
  weight: 'light',
  repeat: 'safe',
})

const recordingFile = z.object({
  id: text,
  file_type: z.string().catch(''),
  status: text,
  recording_start: timeIfAny.catch(undefined),
  recording_end: timeIfAny.catch(undefined),
  recording_type: text,
  play_url: text,
  download_url: text,
  file_size: count,
  file_extension: text,
})

const recordingSet = z.object({
  uuid: z.string().min(1),
  id: meetingId,
  topic: z.string().catch(''),
  total_size: count,
  recording_play_passcode: text,
  recording_files: z.array(recordingFile),
})
export type ZoomRecordingSet = z.infer<typeof recordingSet>

/** What was recorded of one run, or of the newest when asked by id. */
export const meetingRecordings = (idOrUuid: string): ZoomCall<ZoomRecordingSet> => ({
  name: 'get recordings',
  method: 'GET',
  path: `/meetings/${pathSegment(idOrUuid)}/recordings`,
  status: 200,
  schema: recordingSet,
  weight: 'light',
  repeat: 'safe',
})

/** The same, with a token that opens its files for an hour. */
export const recordingDownloads = (
  idOrUuid: string,
): ZoomCall<ZoomRecordingSet & { readonly download_access_token?: string | undefined }> => ({
  ...meetingRecordings(idOrUuid),
  path: `/meetings/${pathSegment(idOrUuid)}/recordings?include_fields=download_access_token&ttl=3600`,
  schema: recordingSet.extend({ download_access_token: text }),
})

/** A call that answers in pages. */
export interface PagedCall<T> {
  readonly page: (token: string | undefined) => ZoomCall<{
    readonly rows: readonly T[]
    readonly next: string | undefined
  }>
  /** What makes two rows the same one. */
  readonly keyOf: (row: T) => string
}

const PAGE_SIZE = '300'

function paged<T>(
  schema: z.ZodType<{ readonly rows: readonly T[]; readonly next: string | undefined }>,
  call: { readonly name: string; readonly path: string; readonly weight: ZoomCall<T>['weight'] },
  { query = {}, keyOf }: { readonly query?: Readonly<Record<string, string>>; readonly keyOf: (row: T) => string },
): PagedCall<T> {
  return {
    keyOf,
    page: token => ({
      ...call,
      method: 'GET',
      path: `${call.path}?${new URLSearchParams({
        ...query,
        page_size: PAGE_SIZE,
        ...(token !== undefined && { next_page_token: token }),
      })}`,
      status: 200,
      schema,
      repeat: 'safe',
    }),
  }
}

const listed = z.object({
  id: meetingId,
  agenda: z
    .string()
    .nullish()
    .transform(value => value ?? ''),
  created_at: text,
})
export type ListedMeeting = z.infer<typeof listed>

const meetingPage = z
  .object({ meetings: z.array(listed), next_page_token: text })
  .transform(({ meetings, next_page_token: next }) => ({ rows: meetings, next }))

/** `upcoming` is short; a class whose time has come is on the list of all that are scheduled. */
export const listMeetings = (host: string, type: 'upcoming' | 'scheduled'): PagedCall<ListedMeeting> =>
  paged(
    meetingPage,
    { name: 'list meetings', path: `/users/${pathSegment(host)}/meetings`, weight: 'medium' },
    { query: { type }, keyOf: ({ id }) => id },
  )

const listedRegistrant = z.object({ id: z.string().min(1), email: text, join_url: text })
export type ListedRegistrant = z.infer<typeof listedRegistrant>

const registrantPage = z
  .object({ registrants: z.array(listedRegistrant), next_page_token: text })
  .transform(({ registrants, next_page_token: next }) => ({ rows: registrants, next }))

export const listRegistrants = (id: string): PagedCall<ListedRegistrant> =>
  paged(
    registrantPage,
    { name: 'list registrants', path: `/meetings/${pathSegment(id)}/registrants`, weight: 'medium' },
    { query: { status: 'approved' }, keyOf: row => row.id },
  )

const reportRow = z.object({
  user_id: z.union([z.string().min(1), z.int()]).transform(String),
  join_time: time,
  leave_time: timeIfAny,
  status: text,
  registrant_id: text,
  customer_key: text,
  participant_user_id: text,
  user_email: text,
  bo_mtg_id: text,
})
export type ZoomReportRow = z.infer<typeof reportRow>

const reportPage = z
  .object({ participants: z.array(reportRow), next_page_token: text })
  .transform(({ participants, next_page_token: next }) => ({ rows: participants, next }))

/** One row for each connection of one run. */
export const participantReport = (uuid: string): PagedCall<ZoomReportRow> =>
  paged(
    reportPage,
    { name: 'get participant report', path: `/report/meetings/${pathSegment(uuid)}/participants`, weight: 'heavy' },
    {
      query: { include_fields: 'registrant_id' },
      keyOf: row => [row.user_id, row.join_time, row.status ?? '', row.bo_mtg_id ?? ''].join('\n'),
    },
  )

/** How many pages there may be, and how often a list may be begun anew. */
const MAX_PAGES = 200
const MAX_STARTS = 3

/**
 * All pages, or an error: never a part. A page token that has expired (Zoom keeps them for 15 minutes, and then answers
 * code 300) means beginning anew; rows are told apart by key, so none is there twice.
 */
export async function allRows<T>(api: ZoomApi, call: PagedCall<T>, left: TimeLeft): Promise<readonly T[]> {
  const rows = new Map<string, T>()
  let token: string | undefined
  let starts = 1
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    try {
      const page = await api.call(call.page(token), left())
      for (const row of page.rows) rows.set(call.keyOf(row), row)
      if (page.next === undefined) return [...rows.values()]
      token = page.next
    } catch (error) {
      if (token === undefined || zoomCodeOf(error) !== '300' || starts++ >= MAX_STARTS) throw error
      token = undefined
    }
  }
  throw unavailable(call.page(undefined).name, 'a list without end', 'unknown')
}
