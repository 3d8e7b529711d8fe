import { createHmac, timingSafeEqual } from 'node:crypto'
import type { WebhookSecret, WebhookSecrets } from 'bbb-client/webhooks'

/** The callbacks that belong to one meeting and are asked for when it is created. */
export const meetingCallbacks = ['recording-ready', 'analytics', 'meeting-ended'] as const
export type MeetingCallback = (typeof meetingCallbacks)[number]

/** Whose callback it is. */
interface Owner {
  readonly serverId: string
  readonly meetingId: string
}

/**
 * The secret end of a callback's address: 256 bits that only this server's secret gives, another for each meeting and
 * kind. It is all that speaks for the end callback, which nobody signs, and ties the learning analytics, whose token
 * does not cover the body, to the meeting they are about.
 *
 * No token of BigBlueButton has a line break in what it signs, so this is never one of those.
 */
const tokenOf = (secret: string, kind: MeetingCallback, { serverId, meetingId }: Owner): string =>
  createHmac('sha256', secret).update(['lms-conferencing', kind, serverId, meetingId].join('\n')).digest('base64url')

/** The address to register for one meeting, under the newest secret. */
export function callbackUrl(baseUrl: string, secrets: WebhookSecrets, kind: MeetingCallback, owner: Owner): string {
  const [newest = ''] = secretsOf(secrets)
  return `${baseUrl}bbb-${kind}/${tokenOf(newest, kind, owner)}/`
}

/** Whether the token is that of the meeting under one of the secrets; always compared with all. */
export function isTokenOf(token: string, secrets: WebhookSecrets, kind: MeetingCallback, owner: Owner): boolean {
  const given = Buffer.from(token)
  let matches = 0
  for (const secret of secretsOf(secrets)) {
    const expected = Buffer.from(tokenOf(secret, kind, owner))
    if (expected.length === given.length && timingSafeEqual(expected, given)) matches++
  }
  return matches > 0
}

const path = new RegExp(`/bbb-(${meetingCallbacks.join('|')})/([\\w-]{43})/?$`)

/** Which kind of callback a target is for, and the token in it; `null` for the hook's own address. */
export function readTarget(target: string): { readonly kind: MeetingCallback; readonly token: string } | null {
  const [, name, token] = path.exec(target.split('?', 1)[0] ?? '') ?? []
  const kind = meetingCallbacks.find(one => one === name)
  return kind !== undefined && token !== undefined ? { kind, token } : null
}

/**
 * Where the callbacks of meetings go when nothing else is said: beside the hook, as the HTTP API lays them out. A server
 * that is asked by https: is not told to send a report of who was there by http:.
 */
export function baseUrlBeside(hookUrl: string, serverUrl: string): string | null {
  const end = hookUrl.split(/[?#]/, 1)[0]?.lastIndexOf('/bbb-webhook/') ?? -1
  if (end < 0 || (!/^https:/i.test(hookUrl) && /^https:/i.test(serverUrl))) return null
  return hookUrl.slice(0, end + 1)
}

function secretsOf(secrets: WebhookSecrets): readonly string[] {
  const isList = (value: WebhookSecrets): value is readonly (string | WebhookSecret)[] => Array.isArray(value)
  return (isList(secrets) ? secrets : [secrets]).map(one => (typeof one === 'string' ? one : one.secret))
}
