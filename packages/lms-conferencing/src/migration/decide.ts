import type { ClassStatus } from '../model.ts'
import type { MigrationPlan } from './columns.ts'
import { idEvidence, linkEvidence } from './evidence.ts'
import { readTime } from './time.ts'

/** What decides about a row: its old columns as text. */
export interface SourceRow {
  readonly scheduledAt: string | null
  readonly durationMinutes: string | null
  readonly status: string | null
  readonly meetingId: string | null
  readonly joinUrl: string | null
  readonly startUrl: string | null
  readonly password: string | null
  readonly recordingUrl: string | null
  readonly timeZone: string | null
}

/** Why a row got its provider. */
export type ProviderReason =
  /** Zoom's meeting id, and nothing that says otherwise. */
  | 'zoom_id'
  | 'zoom_id_and_link'
  /** The column is empty; the id is the one in the Zoom link. */
  | 'zoom_link'
  /** Only the recording leads to Zoom. */
  | 'zoom_recording'
  | 'bbb_link'
  | 'bbb_recording'

/** Why a row got none: it stays as it is, and is listed. */
export type RejectionReason =
  /** Doubtful: nothing in the row says who holds the meeting. */
  | 'no_evidence'
  /** Doubtful: some texts say Zoom and some BigBlueButton. */
  | 'conflicting_evidence'
  /** Doubtful: a link to another service, or an id of no known form. */
  | 'unknown_service'
  /** Doubtful: the id and the links name different meetings. */
  | 'different_meetings'
  | 'unknown_status'
  | 'unreadable_time'
  /** The zone's clocks skip this time, or show it twice. */
  | 'ambiguous_time'
  | 'unreadable_duration'
  | 'meeting_id_too_long'
  | 'password_too_long'
  | 'unstorable_text'

export const doubtful: readonly RejectionReason[] = [
  'no_evidence',
  'conflicting_evidence',
  'unknown_service',
  'different_meetings',
]

/**
 * The one outcome of a row. `migrated`: decided, and a Zoom class among them may be moved to BigBlueButton; `kept`: a
 * Zoom class that stays one, because it is over or in progress; `rejected`: nothing was decided.
 */
export type Decision =
  | {
      readonly outcome: 'migrated' | 'kept'
      readonly provider: 'zoom' | 'bbb'
      readonly meetingId: string | null
      readonly moderatorPassword: string
      readonly attendeePassword: string | null
      readonly reason: ProviderReason
      readonly status: ClassStatus
      /** Epoch milliseconds. */
      readonly startsAt: number
    }
  | { readonly outcome: 'rejected'; readonly reason: RejectionReason }

/** As the store's keys. */
const MAX_MEETING_ID = 255
const MAX_PASSWORD = 255

/** Decides about one row by what stands in it: no default, no clock, no other row. Empty stays empty, NULL stays NULL. */
export function decide(row: SourceRow, plan: Pick<MigrationPlan, 'statuses' | 'timeZone'>): Decision {
  const status = row.status !== null && Object.hasOwn(plan.statuses, row.status) ? plan.statuses[row.status] : undefined
  if (status === undefined) return rejected('unknown_status')
  const start = readTime(row.scheduledAt ?? '', row.timeZone || plan.timeZone)
  if ('problem' in start) return rejected(start.problem === 'unreadable' ? 'unreadable_time' : 'ambiguous_time')
  if (row.durationMinutes !== null && !/^[1-9]\d{0,5}$/.test(row.durationMinutes))
    return rejected('unreadable_duration')
  if ((row.meetingId?.length ?? 0) > MAX_MEETING_ID) return rejected('meeting_id_too_long')
  if ((row.password?.length ?? 0) > MAX_PASSWORD) return rejected('password_too_long')
  if (isUnstorable(row.meetingId) || isUnstorable(row.password)) return rejected('unstorable_text')

  const found = providerOf(row)
  if ('rejected' in found) return rejected(found.rejected)
  const { provider, reason, meetingId } = found
  if ((meetingId?.length ?? 0) > MAX_MEETING_ID) return rejected('meeting_id_too_long')
  return {
    outcome: provider === 'zoom' && status !== 'scheduled' ? 'kept' : 'migrated',
    provider,
    meetingId,
    // Zoom knows its host by the link, never by a password.
    moderatorPassword: '',
    attendeePassword: row.password,
    reason,
    status,
    startsAt: start.at,
  }
}

type Found =
  | { readonly provider: 'zoom' | 'bbb'; readonly reason: ProviderReason; readonly meetingId: string | null }
  | { readonly rejected: RejectionReason }

function providerOf({ meetingId, joinUrl, startUrl, recordingUrl }: SourceRow): Found {
  const id = idEvidence(meetingId)
  const links = [linkEvidence(joinUrl), linkEvidence(startUrl)]
  const recording = linkEvidence(recordingUrl)
  const all = [...links, recording]
  const saysZoom = id === 'zoom-number' || id === 'zoom-uuid' || all.some(({ to }) => to === 'zoom')
  const saysBbb = all.some(({ to }) => to === 'bbb')
  if (saysZoom && saysBbb) return { rejected: 'conflicting_evidence' }
  // A recording may lie anywhere; a link to the room may not.
  if (links.some(({ to }) => to === 'other')) return { rejected: 'unknown_service' }
  const named = new Set(links.flatMap(link => ('meetingId' in link && link.meetingId !== null ? link.meetingId : [])))
  if (named.size > 1) return { rejected: 'different_meetings' }
  const [linked = null] = named
  const hasLink = links.some(({ to }) => to !== 'none')

  if (saysBbb) {
    if (id === 'other' && linked !== null && linked !== meetingId) return { rejected: 'different_meetings' }
    return {
      provider: 'bbb',
      reason: hasLink ? 'bbb_link' : 'bbb_recording',
      meetingId: meetingId || (linked ?? meetingId),
    }
  }
  if (id === 'other') return { rejected: 'unknown_service' }
  if (!saysZoom) return { rejected: 'no_evidence' }
  if (id === 'zoom-number' && linked !== null && linked !== meetingId) return { rejected: 'different_meetings' }
  if (id !== 'none') return { provider: 'zoom', reason: hasLink ? 'zoom_id_and_link' : 'zoom_id', meetingId }
  return { provider: 'zoom', reason: hasLink ? 'zoom_link' : 'zoom_recording', meetingId: linked ?? meetingId }
}

/** Text that no database keeps unchanged, or that was broken on its way into this one. */
export const isUnstorable = (text: string | null): boolean => text !== null && /\0|\p{Surrogate}|\ufffd/u.test(text)

const rejected = (reason: RejectionReason): Decision => ({ outcome: 'rejected', reason })
