import { BbbWebhookError, type SignedWebhook, type SignWebhookOptions, signWebhook } from 'bbb-client/webhooks'

export const SECRET = 'quiet-otter-7f3a9c41d2'
export const OTHER_SECRET = 'other-server-51e8b0c6aa'
export const URL = 'https://lms.example.org/hooks/bbb?school=north'
export const MEETING = {
  'internal-meeting-id': '1f0c5b3e9d7a2846b0c1d2e3f405162738495a6b-1700000000000',
  'external-meeting-id': 'class-7',
}
export const USER = { 'internal-user-id': 'w_abc123', 'external-user-id': 'student-12' }

/** One event as bbb-webhooks writes it. */
export function wireEvent(id: string, attributes: Record<string, unknown> = {}, ts: unknown = 1_700_000_000_123) {
  return { data: { type: 'event', id, attributes: { meeting: MEETING, ...attributes }, event: { ts } } }
}

export const JOINED = wireEvent('user-joined', { user: { ...USER, name: 'Zoë', role: 'VIEWER', presenter: false } })

export function signed(options: Partial<SignWebhookOptions> = {}): SignedWebhook {
  return signWebhook({ callbackUrl: URL, secret: SECRET, events: [JOINED], ...options })
}

/** The refusal, for its reason and text; fails when there is none. */
export function refusal(act: () => unknown): BbbWebhookError {
  try {
    act()
  } catch (error) {
    if (error instanceof BbbWebhookError) return error
    throw error
  }
  throw new Error('was not refused')
}

/** A form body with any fields, unsigned. */
export function form(fields: readonly (readonly [string, string])[]): string {
  return fields.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')
}
