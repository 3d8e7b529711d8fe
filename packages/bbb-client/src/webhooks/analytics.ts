import { isUtf8 } from 'node:buffer'
import { BbbWebhookError, readVerified } from './errors.ts'
import { bareRecord, Fields } from './fields.ts'
import { type JsonLimits, parseJson } from './json.ts'
import { requireFresh, verifyJwt } from './jwt.ts'
import { prepareSecrets, type SecretOptions } from './options.ts'
import { bearerToken, rawBody, requireMethod, type WebhookRequest } from './request.ts'

/** What BigBlueButton counted about one meeting (its "learning analytics", after the meeting). */
export interface AnalyticsReport {
  readonly version: string | null
  /** The external id of the meeting. */
  readonly meetingID: string
  readonly internalMeetingID: string
  /** Keys with underscores, as this callback writes them. */
  readonly metadata: Readonly<Record<string, string>>
  readonly durationSeconds: number | null
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
  readonly attendees: readonly AnalyticsAttendee[]
  readonly files: readonly string[]
  readonly polls: readonly AnalyticsPoll[]
  /** Fields that this version does not know, by path. */
  readonly extra: Readonly<Record<string, unknown>>
}

/** One person, all their connections together. */
export interface AnalyticsAttendee {
  /** The `userID` of `join`. */
  readonly externalUserID: string | null
  readonly name: string | null
  readonly moderator: boolean | null
  readonly joins: readonly Date[]
  readonly leaves: readonly Date[]
  readonly durationSeconds: number | null
  readonly recentTalkingAt: Date | null
  readonly engagement: AnalyticsEngagement
  /** Empty from older servers. */
  readonly sessions: readonly AnalyticsSession[]
}

export interface AnalyticsEngagement {
  readonly chats: number
  readonly talks: number
  readonly raisedHands: number
  readonly emojis: number
  readonly pollVotes: number
  readonly talkTimeSeconds: number
}

/** One connection of a person. */
export interface AnalyticsSession {
  readonly joins: readonly AnalyticsMoment[]
  readonly leaves: readonly AnalyticsMoment[]
}

export interface AnalyticsMoment {
  readonly at: Date
  readonly internalUserID: string | null
  readonly externalUserID: string | null
  /** `join` or `left`. */
  readonly event: string | null
}

export interface AnalyticsPoll {
  readonly id: string
  readonly type: string | null
  readonly question: string | null
  readonly published: boolean | null
  readonly options: readonly string[]
  readonly startedAt: Date | null
  /** Internal user id → what they chose. */
  readonly votes: Readonly<Record<string, readonly string[]>>
}

export interface ReceivedAnalytics extends AnalyticsReport {
  readonly secretIndex: number
  readonly secretId: string | null
  /** The token does not cover the body and is good for a day: whoever has seen it can send another report. */
  readonly forgeable: true
}

const MAX_BODY_BYTES = 8 * 1_048_576
/** A report grows with the class: about 40 values per attendee and connection. */
const LIMITS: JsonLimits = { maxDepth: 32, maxNodes: 500_000, maxStringBytes: 65_536 }

/**
 * Verifies the callback that `meta_analytics-callback-url` asks for, a Bearer JWT under HS512 with an end time
 * (upstream `post_events_analytics_callback.rb`), without reading the report.
 *
 * @throws {@link BbbWebhookError}
 */
export function verifyAnalytics(
  request: WebhookRequest,
  options: SecretOptions,
): Pick<ReceivedAnalytics, 'secretIndex' | 'secretId' | 'forgeable'> {
  const secrets = prepareSecrets(options)
  requireMethod(request.method, 'POST')
  rawBody(request.body, options.maxBodyBytes ?? MAX_BODY_BYTES)
  const token = bearerToken(request.headers)
  if (token === null) throw new BbbWebhookError('missing', 'The request has no Authorization: Bearer header.')
  const { claims, secretIndex, secretId } = verifyJwt(token, 'HS512', secrets)
  if (!claims.has('exp')) throw new BbbWebhookError('expired', 'The token has no end time (exp).')
  requireFresh(claims, options.now)
  return { secretIndex, secretId, forgeable: true }
}

/**
 * Verified bytes → report. Pure.
 * @throws {@link BbbWebhookError} `malformed` with `verified: true`, as for `parseWebhook`.
 */
export function parseAnalytics(body: Uint8Array | string): AnalyticsReport {
  return readVerified(() => {
    const bytes = rawBody(body, Number.MAX_SAFE_INTEGER)
    if (!isUtf8(bytes)) throw new BbbWebhookError('malformed', 'The report is not UTF-8.')
    return readReport(new Fields(parseJson(bytes.toString('utf8'), 'The report', LIMITS), ''))
  })
}

/** {@link verifyAnalytics}, then {@link parseAnalytics}. */
export function receiveAnalytics(request: WebhookRequest, options: SecretOptions): ReceivedAnalytics {
  const verified = verifyAnalytics(request, options)
  return { ...verified, ...parseAnalytics(request.body) }
}

function readReport(root: Fields): AnalyticsReport {
  const data = root.fields('data')
  const extra = bareRecord<unknown>()
  const report: AnalyticsReport = {
    version: root.maybeText('version'),
    meetingID: root.text('meeting_id'),
    internalMeetingID: root.text('internal_meeting_id'),
    metadata: data.map('metadata'),
    durationSeconds: data.maybeNumber('duration'),
    startedAt: isoDate(data.take('start')),
    finishedAt: isoDate(data.take('finish')),
    attendees: data.list('attendees').map((value, index) => readAttendee(data.item('attendees', index, value))),
    files: texts(data.maybeList('files')),
    polls: data.maybeList('polls').map((value, index) => readPoll(data.item('polls', index, value))),
    extra,
  }
  root.collectUnread(extra)
  return report
}

function readAttendee(attendee: Fields): AnalyticsAttendee {
  const engagement = attendee.maybeFields('engagement')
  const count = (key: string) => engagement?.maybeNumber(key) ?? 0
  return {
    externalUserID: attendee.maybeText('ext_user_id'),
    name: attendee.maybeText('name'),
    moderator: attendee.maybeFlag('moderator'),
    joins: dates(attendee, 'joins'),
    leaves: dates(attendee, 'leaves'),
    durationSeconds: attendee.maybeNumber('duration'),
    recentTalkingAt: isoDate(attendee.take('recent_talking_time')),
    engagement: {
      chats: count('chats'),
      talks: count('talks'),
      raisedHands: count('raisehand'),
      emojis: count('emojis'),
      pollVotes: count('poll_votes'),
      talkTimeSeconds: count('talk_time'),
    },
    sessions: attendee.maybeList('sessions').map((value, index) => {
      const session = attendee.item('sessions', index, value)
      return { joins: moments(session, 'joins'), leaves: moments(session, 'lefts') }
    }),
  }
}

function moments(session: Fields, key: string): AnalyticsMoment[] {
  return session.maybeList(key).map((value, index) => {
    const moment = session.item(key, index, value)
    return {
      at: isoDate(moment.take('timestamp')) ?? moment.missing('timestamp'),
      internalUserID: moment.maybeText('userid'),
      externalUserID: moment.maybeText('ext_userid'),
      event: moment.maybeText('event'),
    }
  })
}

function readPoll(poll: Fields): AnalyticsPoll {
  const votes = bareRecord<readonly string[]>()
  const given = poll.take('votes')
  if (typeof given === 'object' && given !== null) {
    for (const [user, answer] of Object.entries(given)) votes[user] = texts(Array.isArray(answer) ? answer : [answer])
  }
  return {
    id: poll.text('id'),
    type: poll.maybeText('type'),
    question: poll.maybeText('question'),
    published: poll.maybeFlag('published'),
    options: texts(poll.maybeList('options')),
    startedAt: isoDate(poll.take('start')),
    votes,
  }
}

function texts(values: readonly unknown[]): string[] {
  return values.filter(value => typeof value === 'string' || typeof value === 'number').map(String)
}

/** A time that is there but cannot be read would make attendance wrong without a sign. */
function dates(attendee: Fields, key: string): Date[] {
  return attendee.maybeList(key).map(value => isoDate(value) ?? attendee.missing(key))
}

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/

function isoDate(value: unknown): Date | null {
  if (typeof value !== 'string' || !ISO.test(value)) return null
  const date = new Date(value)
  return Number.isNaN(date.getTime()) ? null : date
}
