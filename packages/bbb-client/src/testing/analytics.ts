import { signJwt } from './jwt.ts'
import { javaBoolean, type Meeting, type Person } from './meeting.ts'
import type { World } from './world.ts'

/** The event archive is read a moment after the end. */
const delayMs = 1_000
const dayMs = 86_400_000

/**
 * The learning analytics of a meeting whose events are kept: JSON under an HS512 bearer token that does not cover the body.
 * Sent once (upstream: `post_events_analytics_callback.rb`, bbb-events).
 */
export function sendAnalytics(world: World, meeting: Meeting): void {
  const url = meeting.metadata.get('analytics-callback-url')
  if (!url || !(meeting.record || javaBoolean(meeting.parameters.get('meetingKeepEvents')))) return
  const body = JSON.stringify(analyticsOf(meeting))
  world.clock.setTimeout(() => {
    const exp = Math.floor((world.clock.now() + dayMs) / 1000)
    const token = signJwt({ typ: 'JWT', alg: 'HS512' }, { exp }, world.settings.secret)
    world.outbox.send({
      kind: 'analytics',
      url,
      request: {
        method: 'POST',
        url,
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${token}`,
          'user-agent': 'BigBlueButton Analytics Callback',
        },
        body,
      },
      redirects: 'none',
      waits: [],
      refusalIsFinal: false,
      timeoutMs: 60_000,
    })
  }, delayMs)
}

/** The body of the analytics callback. */
function analyticsOf(meeting: Meeting): object {
  const metadata: Record<string, string> = {
    is_breakout: String(meeting.breakout !== undefined),
    meeting_name: meeting.name,
  }
  for (const [name, value] of meeting.metadata) {
    const key = name.replaceAll('-', '_')
    if (!key.startsWith('gl_') && key !== 'meeting_id') metadata[key] = value
  }
  const byExternalId = new Map<string, Person[]>()
  for (const person of meeting.people.filter(({ visits }) => visits.length > 0)) {
    byExternalId.set(person.externalId, [...(byExternalId.get(person.externalId) ?? []), person])
  }
  return {
    version: '1.0',
    meeting_id: meeting.externalId,
    internal_meeting_id: meeting.internalId,
    data: {
      metadata,
      duration: seconds(meeting.endTime - meeting.createTime),
      start: iso(meeting.createTime),
      finish: iso(meeting.endTime),
      attendees: [...byExternalId.values()].map(sessions => attendeeOf(sessions, meeting.endTime)),
      files: meeting.documents.map(document => document.name),
      polls: meeting.polls.map(poll => ({
        id: poll.id,
        type: 'CUSTOM',
        question: poll.question,
        published: true,
        options: poll.options,
        start: iso(poll.startedAt),
        votes: Object.fromEntries(poll.votes),
      })),
    },
  }
}

function attendeeOf(sessions: readonly Person[], endTime: number): object {
  const visits = sessions.flatMap(({ visits }) => visits).sort((left, right) => left.joinedAt - right.joinedAt)
  const sum = (count: (engagement: Person['engagement']) => number) =>
    sessions.reduce((total, { engagement }) => total + count(engagement), 0)
  const lastTalk = Math.max(0, ...sessions.map(({ lastTalkedAt }) => lastTalkedAt ?? 0))
  const first = sessions[0]
  return {
    ext_user_id: first?.externalId,
    name: first?.fullName,
    moderator: sessions.some(({ role }) => role === 'MODERATOR'),
    joins: visits.map(({ joinedAt }) => iso(joinedAt)),
    leaves: visits.map(({ leftAt }) => iso(leftAt ?? endTime)),
    duration: seconds(visits.reduce((total, { joinedAt, leftAt }) => total + (leftAt ?? endTime) - joinedAt, 0)),
    recent_talking_time: lastTalk > 0 ? iso(lastTalk) : '',
    engagement: {
      chats: sum(({ chats }) => chats),
      talks: sum(({ talks }) => talks),
      raisehand: sum(({ raisehand }) => raisehand),
      emojis: sum(({ emojis }) => emojis),
      poll_votes: sum(({ pollVotes }) => pollVotes),
      talk_time: seconds(sum(({ talkMs }) => talkMs)),
    },
    sessions: sessions.map(session => {
      const entry = (at: number, event: 'join' | 'left') => ({
        timestamp: iso(at),
        userid: session.internalId,
        ext_userid: session.externalId,
        event,
      })
      return {
        joins: session.visits.map(({ joinedAt }) => entry(joinedAt, 'join')),
        lefts: session.visits.map(({ leftAt }) => entry(leftAt ?? endTime, 'left')),
      }
    }),
  }
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '+00:00')
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000)
}
