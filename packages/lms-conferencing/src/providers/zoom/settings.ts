import { z } from 'zod'

/** How meetings are set up, the same for every class. What is left out is for the account to decide. */
export interface ZoomMeetingSettings {
  /**
   * Registers every student, so that attendance knows who was there by our user id. Needs a host with a licence.
   * Without it everybody gets the same link, and only {@link ZoomProviderOptions.people} can tell who came.
   * @default true
   */
  readonly registration?: boolean | undefined
  readonly joinBeforeHost?: boolean | undefined
  /** Switches {@link joinBeforeHost} off, as Zoom has it. */
  readonly waitingRoom?: boolean | undefined
  readonly muteUponEntry?: boolean | undefined
  readonly hostVideo?: boolean | undefined
  readonly participantVideo?: boolean | undefined
}

/** The part of the provider's options that an environment can hold. */
export interface ZoomEnvironment {
  readonly enabled: boolean
  readonly accountId: string
  readonly clientId: string
  readonly clientSecret: string
  readonly webhookSecret: string | undefined
  readonly host: string
}

const environment = z.object({
  ZOOM_SUPPORT_ENABLED: z.enum(['true', 'false']).default('false'),
  ZOOM_ACCOUNT_ID: z.string().min(1),
  ZOOM_CLIENT_ID: z.string().min(1),
  ZOOM_CLIENT_SECRET: z.string().min(1),
  ZOOM_WEBHOOK_SECRET: z.string().min(1).optional(),
  ZOOM_HOST: z.string().min(1),
})

/**
 * Options from `ZOOM_ACCOUNT_ID`, `ZOOM_CLIENT_ID`, `ZOOM_CLIENT_SECRET`, `ZOOM_WEBHOOK_SECRET`, `ZOOM_HOST` (the
 * licensed user who hosts, by mail address or id) and `ZOOM_SUPPORT_ENABLED`: unless that is `true`, no new meetings are
 * made, and old ones stay readable. Throws `TypeError` naming the variable that is missing or wrong, never its value.
 */
export function zoomOptionsFromEnv(env: Readonly<Record<string, string | undefined>> = process.env): ZoomEnvironment {
  const parsed = environment.safeParse(env)
  if (!parsed.success) {
    const name = String(parsed.error.issues[0]?.path[0])
    throw new TypeError(`${name}: ${name === 'ZOOM_SUPPORT_ENABLED' ? 'must be true or false' : 'is needed'}`)
  }
  const { data } = parsed
  return {
    enabled: data.ZOOM_SUPPORT_ENABLED === 'true',
    accountId: data.ZOOM_ACCOUNT_ID,
    clientId: data.ZOOM_CLIENT_ID,
    clientSecret: data.ZOOM_CLIENT_SECRET,
    webhookSecret: data.ZOOM_WEBHOOK_SECRET,
    host: data.ZOOM_HOST,
  }
}
