import type { AnalyticsAttendee, AnalyticsReport } from 'bbb-client/webhooks'
import type { Activity, AttendanceEvent, ConferenceEvent } from '../../model.ts'
import { isInternalId, runOf } from './map.ts'

/** What BigBlueButton counted about a meeting → evidence beside the callbacks, and what each person did. Pure. */
export function analyticsEvents(report: AnalyticsReport): readonly ConferenceEvent[] {
  const instance = report.internalMeetingID
  const run = runOf(instance)
  const facts: AttendanceEvent[] = []
  if (report.startedAt !== null) facts.push({ type: 'started', instance, at: report.startedAt.getTime() })
  if (report.finishedAt !== null) facts.push({ type: 'ended', instance, at: report.finishedAt.getTime() })
  for (const attendee of report.attendees) facts.push(...connectionsOf(attendee, instance))
  return [
    ...facts.map(event => ({ kind: 'attendance', ...run, event, provenance: 'report' }) as const),
    {
      kind: 'activity',
      ...run,
      instance,
      pollsPublished: report.polls.filter(({ published }) => published === true).length,
      people: report.attendees.flatMap(attendee => {
        const person = personOf(attendee)
        return person === undefined ? [] : [{ person, activity: activityOf(attendee) }]
      }),
    },
  ]
}

/** Someone who came without our user id stays unattributed, never guessed by name. */
const personOf = ({ externalUserID }: AnalyticsAttendee): string | undefined =>
  externalUserID === null || externalUserID === '' || isInternalId(externalUserID) ? undefined : externalUserID

function connectionsOf(attendee: AnalyticsAttendee, instance: string): AttendanceEvent[] {
  const person = personOf(attendee)
  const who = { instance, ...(person !== undefined && { person }) }
  if (attendee.sessions.length === 0) return presenceOf(attendee, who)
  return attendee.sessions
    .flatMap(({ joins, leaves }) => [
      ...joins.map(moment => ({ type: 'joined' as const, moment })),
      ...leaves.map(moment => ({ type: 'left' as const, moment })),
    ])
    .flatMap(({ type, moment: { at, internalUserID: session } }) =>
      session === null ? [] : [{ type, ...who, session, at: at.getTime() }],
    )
}

/** Older servers tell when somebody came and went, and not by which connection: from the first coming to the last leaving. */
function presenceOf(
  { externalUserID, name, joins, leaves }: AnalyticsAttendee,
  who: { readonly instance: string; readonly person?: string },
): AttendanceEvent[] {
  const session = `analytics:${externalUserID ?? name ?? ''}`
  const moments = [
    ...joins.map(at => ({ at: at.getTime(), step: 1 })),
    ...leaves.map(at => ({ at: at.getTime(), step: -1 })),
  ].sort((a, b) => a.at - b.at || b.step - a.step)
  let open = 0
  return moments.flatMap(({ at, step }): AttendanceEvent[] => {
    const before = open
    open = Math.max(0, open + step)
    if (before === 0 && open > 0) return [{ type: 'joined', ...who, session, at }]
    return before > 0 && open === 0 ? [{ type: 'left', ...who, session, at }] : []
  })
}

const count = (value: number): number => Math.max(0, Math.round(value))

const activityOf = ({ engagement }: AnalyticsAttendee): Activity => ({
  talkMs: count(engagement.talkTimeSeconds * 1000),
  messages: count(engagement.chats),
  raisedHands: count(engagement.raisedHands),
  reactions: count(engagement.emojis),
  pollAnswers: count(engagement.pollVotes),
})
