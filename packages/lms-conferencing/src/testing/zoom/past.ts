import { notFound } from './meetings.ts'
import { type FakeZoomResponse, json, problem, timeText } from './message.ts'
import { findRun, type Meeting, type Row, type Run, type World } from './world.ts'

/** Calls about runs that are over. */

/** The run that a past call is about, once there is word of it. */
function endedRun(world: World, idOrUuid: string): { meeting: Meeting; run: Run; endedAt: number } | undefined {
  const found = findRun(world, idOrUuid)
  const run = found?.run
  if (!found || !run || run.endedAt === undefined) return undefined
  if (world.clock.now() < run.endedAt + world.reportDelayMs) return undefined
  return { meeting: found.meeting, run, endedAt: run.endedAt }
}

export function instances(world: World, id: string): FakeZoomResponse {
  const meeting = world.meetings.get(id)
  if (!meeting) return notFound(id)
  const ended = meeting.runs.filter(run => run.endedAt !== undefined)
  return json(200, { meetings: ended.map(run => ({ uuid: run.uuid, start_time: timeText(run.startedAt) })) })
}

export function pastMeeting(world: World, idOrUuid: string): FakeZoomResponse {
  const found = endedRun(world, idOrUuid)
  if (!found) return notFound(idOrUuid)
  const { meeting, run, endedAt } = found
  return json(200, {
    uuid: run.uuid,
    id: meeting.id,
    host_id: meeting.hostId,
    type: meeting.type,
    topic: meeting.topic,
    user_email: meeting.hostEmail,
    start_time: timeText(run.startedAt),
    end_time: timeText(endedAt),
    duration: Math.ceil((endedAt - run.startedAt) / 60_000),
    participants_count: run.rows.length,
  })
}

/** Rows of the report, or why there are none. */
export function reportRows(
  world: World,
  idOrUuid: string,
  includeRegistrants: boolean,
): FakeZoomResponse | readonly object[] {
  const found = endedRun(world, idOrUuid)
  if (!found) return notFound(idOrUuid)
  const present = new Set(found.run.rows.map(row => row.email || row.participantUuid))
  // A meeting with one participant has no report.
  return present.size < 2 ? [] : found.run.rows.map(row => reportRow(world, row, found.endedAt, includeRegistrants))
}

function reportRow(world: World, row: Row, endedAt: number, includeRegistrants: boolean): object {
  const leftAt = row.leftAt ?? endedAt
  return {
    id: row.zoomUserId ?? '',
    user_id: row.userId,
    name: world.blankReports ? '' : row.name,
    user_email: world.blankReports ? '' : row.email,
    join_time: timeText(row.joinedAt),
    leave_time: timeText(leftAt),
    duration: Math.round((leftAt - row.joinedAt) / 1000),
    failover: false,
    status: row.status,
    customer_key: row.customerKey ?? '',
    bo_mtg_id: row.breakout ?? '',
    participant_user_id: row.zoomUserId ?? '',
    ...(includeRegistrants && { registrant_id: row.registrantId ?? '' }),
  }
}

/** What a recording's answer and its event have in common. `take` makes the URLs of one telling. */
export function recordingObject(
  world: World,
  meeting: Meeting,
  run: Run,
  take: string,
): Record<string, unknown> | undefined {
  if (!run.recording) return undefined
  const { from, to } = run.recording
  const base = `https://${world.recordingHost}/rec`
  const file = (type: string, kind: string): Record<string, unknown> => ({
    id: `${run.uuid}-${type}`,
    meeting_id: run.uuid,
    recording_start: timeText(from),
    recording_end: timeText(to),
    file_type: type,
    file_extension: type,
    file_size: 5_000_000,
    play_url: `${base}/play/${type}-${meeting.id}`,
    download_url: `${base}/download/${type}-${take}`,
    status: 'completed',
    recording_type: kind,
  })
  return {
    uuid: run.uuid,
    id: meeting.id,
    account_id: world.accountId,
    host_id: meeting.hostId,
    topic: meeting.topic,
    type: meeting.type,
    start_time: timeText(run.startedAt),
    duration: Math.ceil((to - from) / 60_000),
    total_size: 10_000_000,
    recording_count: 3,
    share_url: `${base}/share/${take}`,
    password: 'p@ss1',
    recording_play_passcode: `play-${meeting.id}`,
    recording_files: [
      file('MP4', 'shared_screen_with_speaker_view'),
      file('M4A', 'audio_only'),
      // A time line lacks id, size and status.
      { meeting_id: run.uuid, recording_start: timeText(from), recording_end: timeText(to), file_type: 'TIMELINE' },
    ],
  }
}

export function recordings(world: World, idOrUuid: string, withToken: boolean): FakeZoomResponse {
  const found = findRun(world, idOrUuid)
  if (!found) return notFound(idOrUuid)
  const object = found.run && recordingObject(world, found.meeting, found.run, world.random.word())
  const token = withToken ? { download_access_token: `files-of-${found.meeting.id}` } : {}
  return object ? json(200, { ...object, ...token }) : problem(404, 3301, 'There is no recording for this meeting.')
}
