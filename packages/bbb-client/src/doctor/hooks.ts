import type { Hook } from '../api/hooks.ts'
import { CHECKSUM_ALGORITHMS } from '../checksum.ts'
import { type BbbError, BbbHttpError } from '../errors.ts'
import { type Finding, fail, ok, warn } from './finding.ts'
import { attempt, clientOf, type Patient } from './patient.ts'
import { withoutCall } from './server.ts'
import { isChecksumError } from './signature.ts'

const CONFIG = '/etc/bigbluebutton/bbb-webhooks/production.yml'

/** What is expected of bbb-webhooks. */
export interface HooksWish {
  /** The URL of the application's hook; it must be registered. */
  readonly callbackUrl: string | undefined
  /** Callbacks are wanted, so that without bbb-webhooks nothing works. */
  readonly isNeeded: boolean
  /** The server is a load balancer, which has no hooks. */
  readonly isBalanced: boolean
}

/** Whether bbb-webhooks is there, takes our calls, and has the hook. `isUsable`: hooks can be registered. */
export async function checkHooks(
  patient: Patient,
  wish: HooksWish,
): Promise<{ readonly findings: readonly Finding[]; readonly isUsable: boolean }> {
  const client = clientOf(patient)
  const { error: silent } = await attempt(client.hooks.ping({}, { signal: patient.signal }))
  if (silent !== undefined) return { findings: [notThere(silent, wish)], isUsable: false }
  const { value: hooks, error } = await attempt(client.hooks.list({}, { signal: patient.signal }))
  if (error !== undefined) {
    const finding = isChecksumError(error) ? await whyRefused(patient) : broken(error)
    return { findings: [finding], isUsable: false }
  }
  if (wish.callbackUrl !== undefined)
    return { findings: [healthy(hooks), ...judgeHook(hooks, wish.callbackUrl)], isUsable: true }
  return { findings: [hooks.length > 0 || wish.isNeeded ? healthy(hooks) : none()], isUsable: true }
}

function notThere(error: BbbError, { isNeeded, isBalanced }: HooksWish): Finding {
  if (!(error instanceof BbbHttpError) || error.status !== 404) return broken(error)
  const level = isNeeded ? fail : warn
  return level(
    'hooks-missing',
    'bbb-webhooks does not answer here (404), so nobody learns who came, when.',
    isBalanced
      ? 'A load balancer has no hooks: register them on each BigBlueButton server behind it.'
      : 'Install it on the server: `apt-get install bbb-webhooks`, then `bbb-conf --restart`.',
  )
}

function broken(error: BbbError): Finding {
  return fail(
    'hooks-broken',
    `bbb-webhooks is in trouble: ${withoutCall(error.message)}`,
    'On the server: `systemctl status bbb-webhooks`, `journalctl -u bbb-webhooks`.',
  )
}

/** The API took our secret, and bbb-webhooks does not: it has its own copy, and old ones know only SHA-1. */
async function whyRefused(patient: Patient): Promise<Finding> {
  for (const hooksChecksum of CHECKSUM_ALGORITHMS) {
    const client = clientOf(patient, { hooksChecksum })
    const { error } = await attempt(client.hooks.list({}, { signal: patient.signal }))
    if (error === undefined)
      return fail(
        'hooks-checksum-refused',
        `bbb-webhooks refuses ${patient.resolved.hooksChecksum} and takes ${hooksChecksum}, as its releases 2.x do.`,
        `Set the option hooksChecksum: '${hooksChecksum}', or update bbb-webhooks to 3.4 or later.`,
      )
  }
  return fail(
    'hooks-secret-wrong',
    'bbb-webhooks refuses the secret that the API accepts: it has an old copy of it.',
    `Set bbb.sharedSecret in ${CONFIG} on the server to the secret of \`bbb-conf --secret\`, then \`systemctl restart bbb-webhooks\`.`,
  )
}

function healthy(hooks: readonly Hook[]): Finding {
  return ok('hooks-healthy', `bbb-webhooks answers and has ${hooks.length} hook${hooks.length === 1 ? '' : 's'}.`)
}

function none(): Finding {
  return warn(
    'hooks-none',
    'bbb-webhooks answers, and no hook is registered: nobody learns who came, when.',
    'Register one with `bbb hooks ensure <url>`, and keep it with ensureHook() in your application.',
  )
}

function judgeHook(hooks: readonly Hook[], callbackUrl: string): readonly Finding[] {
  const hook = hooks.find(({ callbackURL }) => callbackURL === callbackUrl)
  if (hook === undefined)
    return [
      fail(
        'hook-missing',
        'No hook is registered for the callback URL. bbb-webhooks deletes a hook whose callbacks fail for five minutes.',
        'Register it with `bbb hooks ensure <url>`, and keep it with ensureHook() in your application.',
      ),
    ]
  const narrowed: string[] = []
  if (hook.meetingID !== null) narrowed.push(`the meeting ${hook.meetingID}`)
  if (hook.eventID !== null) narrowed.push(`the events ${hook.eventID.join(', ')}`)
  if (hook.rawData) narrowed.push('raw messages')
  if (narrowed.length === 0) return [ok('hook-registered', 'The hook of the callback URL is registered.')]
  return [
    warn(
      'hook-narrowed',
      `The hook of the callback URL is registered only for ${narrowed.join(' and ')}.`,
      'If that is meant: a restart of bbb-webhooks loses such hooks or their limits, so run ensureHook() every few minutes.',
    ),
  ]
}
