import type { AttendanceEvent, Meeting, Recording } from '../../model.ts'
import type { PastRunOptions } from '../../provider.ts'
import type { OpenAccount } from './account.ts'
import type { TimeLeft } from './api.ts'
import { allRows, meetingRecordings, participantReport, pastInstances, pastMeeting } from './calls.ts'
import { unlessMissing } from './errors.ts'
import { toAttendance, toRecording } from './map.ts'
import { type PersonOf, personResolver } from './person.ts'

/** What Zoom keeps of the runs of a meeting that are over. */

/** Ended runs by UUID, of those that are wanted; `null` when Zoom knows of none at all. */
export async function runsOf(
  { api }: OpenAccount,
  { meetingId }: Meeting,
  { left, wants = () => true }: Pick<PastRunOptions, 'wants'> & { readonly left: TimeLeft },
): Promise<readonly string[] | null> {
  if (meetingId === '') return null
  const found = (await unlessMissing(() => api.call(pastInstances(meetingId), left())))?.meetings ?? []
  if (found.length === 0) return null
  return [...new Set(found.filter(run => wants(run.start_time)).map(({ uuid }) => uuid))]
}

/** The recordings of every run. */
export async function recordingsOf(
  account: OpenAccount,
  meeting: Meeting,
  how?: PastRunOptions,
): Promise<readonly Omit<Recording, 'classId'>[]> {
  const left = account.api.timeLeft(how)
  if (meeting.meetingId === '') return []
  const found: Omit<Recording, 'classId'>[] = []
  // By id Zoom tells of the newest run only.
  for (const run of (await runsOf(account, meeting, { left, wants: how?.wants })) ?? [meeting.meetingId]) {
    const set = await unlessMissing(() => account.api.call(meetingRecordings(run), left()))
    if (set !== null && set.id === meeting.meetingId && set.recording_files.length > 0) found.push(toRecording(set))
  }
  return found
}

/** Who was there, run by run; `null` until Zoom has the report of every run, so that what is missing is asked for again. */
export async function reportOf(
  account: OpenAccount,
  meeting: Meeting,
  { people, ...how }: PastRunOptions & { readonly people: PersonOf | undefined },
): Promise<readonly AttendanceEvent[] | null> {
  const left = account.api.timeLeft(how)
  const runs = await runsOf(account, meeting, { left, wants: how.wants })
  if (runs === null || runs.length === 0) return null
  const personOf = personResolver(account.addresses, people)
  return unlessMissing(async () => {
    const events: AttendanceEvent[] = []
    for (const uuid of runs) events.push(...(await reportOfRun(account, { meeting, uuid, personOf }, left)))
    return events
  })
}

async function reportOfRun(
  { api, registrants }: OpenAccount,
  { meeting, uuid, personOf }: { readonly meeting: Meeting; readonly uuid: string; readonly personOf: PersonOf },
  left: TimeLeft,
): Promise<readonly AttendanceEvent[]> {
  const run = await api.call(pastMeeting(uuid), left())
  const rows = await allRows(api, participantReport(uuid), left)
  // Some accounts leave addresses out of reports.
  const isNameless = rows.some(row => row.registrant_id !== undefined && row.user_email === undefined)
  const addresses = isNameless ? await registrants.addressesOf(meeting.meetingId, left) : new Map<string, string>()
  return [
    { type: 'started', instance: uuid, at: run.start_time },
    ...rows.flatMap(row => toAttendance(row, uuid, personOf, id => addresses.get(id))),
    ...(run.end_time === undefined ? [] : [{ type: 'ended' as const, instance: uuid, at: run.end_time }]),
  ]
}
