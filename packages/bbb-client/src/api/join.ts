import { flag, group, integer, meetingId, renamed, required, text, url, word } from '../codecs.ts'
import { byTable, type Codec, checkText, ownFields, paramTable, refuse } from '../params.ts'
import type { Bag } from '../reader.ts'
import { MEETING_LAYOUTS, type MeetingLayout } from './create-params.ts'
import { extra, type StringMap, userdata } from './maps.ts'
import type { Operation, ServerFailure } from './operation.ts'

/** Decided by the caller, never by the browser. */
export type JoinRole = 'MODERATOR' | 'VIEWER'

/**
 * Parameters of a join link. A link never expires by itself and does not bind its holder, so make it at the moment of
 * use, and give `userID` and `createTime` always. Source: BigBlueButton docs (join), its ApiController.
 */
export interface JoinParams {
  readonly meetingID: string
  /** Shown to others, 1 to 255 characters. Never identifies anybody. */
  readonly fullName: string
  readonly role: JoinRole
  /** Your id of the person; comes back in attendee lists and callbacks. @default an id of the server's own */
  readonly userID?: string | undefined
  /** Of the meeting; a link for an earlier run is then refused. */
  readonly createTime?: number | undefined
  /**
   * The meeting's passwords, for servers that know no `role` (before 2.4). Only the one of the role goes into the link,
   * so a viewer's link never holds the moderators' password.
   */
  readonly passwords?: { readonly attendeePW: string; readonly moderatorPW: string } | undefined
  /**
   * Whether the person waits for a moderator under some guest policies. No barrier against somebody who holds a link:
   * on some releases its optional parameters can be made to have no effect. @default false
   */
  readonly guest?: boolean | undefined
  /** Whether the person counts as known to you. @default the opposite of `guest` */
  readonly auth?: boolean | undefined
  /** Leaves the person out of the learning dashboard. Since 2.4. @default false */
  readonly excludeFromDashboard?: boolean | undefined
  /** Since 3.0. */
  readonly enforceLayout?: MeetingLayout | undefined
  /** @deprecated since 3.0: `userdata: { bbb_default_layout: … }` */
  readonly defaultLayout?: MeetingLayout | undefined
  /** Not counted as a person. Since 3.0. @default false */
  readonly bot?: boolean | undefined
  /** Since 3.0. */
  readonly firstName?: string | undefined
  /** Since 3.0. */
  readonly lastName?: string | undefined
  /** Names a further session of the same person. Since 3.0. */
  readonly sessionName?: string | undefined
  /** @deprecated gone in 4.0 */
  readonly webVoiceConf?: string | undefined
  /** Settings of the client, for example `{ bbb_auto_join_audio: 'true' }`. Keys have no dash. */
  readonly userdata?: StringMap | undefined
  readonly privileged?: PrivilegedJoinParams | undefined
  /** Parameters newer than this release, by their name on the wire. */
  readonly extra?: StringMap | undefined
}

/** Only for values the operator controls: these load from elsewhere, redirect, or take over a session. */
export interface PrivilegedJoinParams {
  readonly avatarURL?: string | undefined
  /** Since 3.0. */
  readonly webcamBackgroundURL?: string | undefined
  readonly logoutURL?: string | undefined
  /** Where failures to join are shown. Since 2.7. */
  readonly errorRedirectUrl?: string | undefined
  /** CSS for the person's client (`userdata-bbb_custom_style`). */
  readonly customStyle?: string | undefined
  /** The same from elsewhere (`userdata-bbb_custom_style_url`). */
  readonly customStyleUrl?: string | undefined
  /** Joins as this user of the meeting again. Since 3.0; safe since 3.0.23 (CVE-2026-46355). */
  readonly existingUserID?: string | undefined
  /** The session that the new one replaces; with `existingUserID`. Since 3.0. */
  readonly replaceSessionToken?: string | undefined
}

const privilegedTable = paramTable<PrivilegedJoinParams>({
  avatarURL: url(),
  webcamBackgroundURL: url(),
  logoutURL: url(),
  errorRedirectUrl: url(),
  customStyle: renamed('userdata-bbb_custom_style', text()),
  customStyleUrl: url('userdata-bbb_custom_style_url'),
  existingUserID: text({ min: 1, max: 1024 }),
  replaceSessionToken: text({ min: 1, max: 1024 }),
})

/** Written as `password`: that of the role, so that a server which knows passwords only comes to the same role. */
const passwords: Codec<NonNullable<JoinParams['passwords']>> = {
  encode(out, name, value, context) {
    const given = ownFields(value, ['attendeePW', 'moderatorPW'], name, context)
    const attendee = checkText(given.attendeePW, `${name}.attendeePW`, context)
    const moderator = checkText(given.moderatorPW, `${name}.moderatorPW`, context)
    if (attendee === moderator) refuse(context, name, 'are the same, which would make everybody a moderator')
    text({ min: 2, max: 64 }).encode(out, 'password', out.get('role') === 'MODERATOR' ? moderator : attendee, context)
  },
}

const joinTable = paramTable<JoinParams>({
  fullName: required(text({ min: 1, max: 255, shown: true })),
  meetingID: meetingId(),
  role: required(word(['MODERATOR', 'VIEWER'])),
  userID: text({ min: 1, max: 1024 }),
  createTime: integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  passwords,
  guest: flag(),
  auth: flag(),
  excludeFromDashboard: flag(),
  enforceLayout: word<MeetingLayout>(MEETING_LAYOUTS, { open: true }),
  defaultLayout: word<MeetingLayout>(MEETING_LAYOUTS, { open: true }),
  bot: flag(),
  firstName: text({ min: 1, max: 255 }),
  lastName: text({ min: 1, max: 255 }),
  sessionName: text({ min: 1, max: 255 }),
  webVoiceConf: text({ min: 1, max: 255 }),
  userdata: userdata(),
  privileged: group(privilegedTable),
  extra: extra(),
})

/** How a join link is written; `client.joinUrl` signs it and sends nothing. */
export const joinLink: Pick<Operation<JoinParams, never>, 'call' | 'encode'> = {
  call: 'join',
  encode: byTable(joinTable),
}

/** What a server-side join answers. The link carries credentials of the person and works for one browser. */
export interface JoinedSession {
  readonly internalMeetingID: string
  readonly userID: string
  readonly authToken: string | null
  readonly sessionToken: string | null
  /** `ALLOW`, `WAIT` or `DENY`. */
  readonly guestStatus: string
  readonly url: string
  readonly extra: Bag
}

const JOINED_FIELDS = new Set(
  'returncode messageKey message meeting_id user_id auth_token session_token guestStatus url'.split(' '),
)

/**
 * Failures to join are redirects on most releases, even when asked not to redirect: the target's query ends in `errors=`
 * and a JSON list, percent-encoded by java.net.URI (BigBlueButton's ApiController).
 */
function errorsIn(location: string): readonly ServerFailure[] {
  const at = location.search(/[?&]errors=/)
  if (at < 0) return []
  try {
    const list: unknown = JSON.parse(decodeURIComponent(location.slice(at + '?errors='.length)))
    if (!Array.isArray(list)) return []
    return list.map((item: unknown) => ({ key: said(item, 'key'), message: said(item, 'message') }))
  } catch {
    return []
  }
}

function said(item: unknown, name: string): string {
  const value: unknown = typeof item === 'object' && item !== null ? Reflect.get(item, name) : ''
  return typeof value === 'string' ? value : ''
}

/**
 * Joins from the back end (`redirect=false`). Usually wrong: the browser lacks the session's cookie, and nobody is in
 * the meeting until a browser is. Use `joinUrl`. Not offered by load balancers, which redirect. Never repeated once sent.
 */
export const join: Operation<JoinParams, JoinedSession> = {
  call: 'join',
  repeat: 'unsent',
  encode(out, params, context) {
    joinLink.encode(out, params, context)
    out.add('redirect', 'false')
  },
  decode: response => ({
    internalMeetingID: response.identity('meeting_id'),
    userID: response.identity('user_id'),
    authToken: response.filled('auth_token'),
    sessionToken: response.filled('session_token'),
    guestStatus: response.filled('guestStatus') ?? 'ALLOW',
    url: response.identity('url'),
    extra: response.extra(JOINED_FIELDS),
  }),
  failureInRedirect: errorsIn,
}
