import { type Finding, fail, ok, warn } from './finding.ts'
import { ask, type Patient } from './patient.ts'

const PRIVATE_HOST =
  /^(localhost|127(\.\d{1,3}){3}|10(\.\d{1,3}){3}|192\.168(\.\d{1,3}){2}|172\.(1[6-9]|2\d|3[01])(\.\d{1,3}){2}|169\.254(\.\d{1,3}){2}|\[(::1|f[cde][0-9a-f]{2}:.*)\]|.*\.(local|localhost|internal|lan|test))$/i
const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** Whether bbb-webhooks could call this URL, and we could check its signature. `isUsable`: nothing speaks against trying. */
export function checkCallbackUrl(
  callbackUrl: string,
  serverOrigin: string,
): { readonly findings: readonly Finding[]; readonly isUsable: boolean } {
  const problem = shapeProblem(callbackUrl)
  if (problem !== undefined)
    return {
      findings: [
        fail(
          'callback-url-invalid',
          `The callback URL ${problem}.`,
          'Register the URL exactly as new URL(url).href writes it.',
        ),
      ],
      isUsable: false,
    }
  const url = new URL(callbackUrl)
  const findings: Finding[] = []
  const isLocalServer = LOOPBACK_HOST.test(new URL(serverOrigin).hostname)
  if (PRIVATE_HOST.test(url.hostname) && !isLocalServer)
    findings.push(
      warn(
        'callback-url-private',
        `The callback URL is at ${url.hostname}, which only machines of the same network can reach.`,
        'BigBlueButton calls it from its own machine: use an address that is reachable from there.',
      ),
    )
  if (url.protocol === 'http:' && !(LOOPBACK_HOST.test(url.hostname) && isLocalServer))
    findings.push(
      warn(
        'callback-url-insecure',
        'The callback URL is plain http: names cross the network in the clear, and with Bearer the shared secret too.',
        'Use an https: address.',
      ),
    )
  return { findings, isUsable: true }
}

/** What bbb-webhooks and its signature cannot cope with. */
function shapeProblem(callbackUrl: string): string | undefined {
  const url = URL.parse(callbackUrl)
  if (url === null || !/^https?:$/.test(url.protocol)) return 'is no absolute http(s) URL'
  if (url.username !== '' || url.password !== '') return 'holds a user name or password, and is never called then'
  if (callbackUrl.includes('#')) return 'holds a fragment, in which the signature gets lost'
  if (url.searchParams.has('checksum')) return 'holds a parameter named checksum'
  if (url.href !== callbackUrl)
    return `is not written as URLs are normalised (${url.origin}…), so signatures cannot be checked`
  return undefined
}

/**
 * Sends the application what a stranger could send: a callback without a signature. Anything but 401 is trouble, because
 * bbb-webhooks takes 401 as delivered, and after five minutes of other refusals deletes the hook.
 */
export async function checkReceiver(patient: Patient, callbackUrl: string): Promise<Finding> {
  const url = new URL(callbackUrl)
  const outcome = await ask(patient, {
    method: 'POST',
    origin: url.origin,
    path: url.pathname + url.search,
    headers: { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8', 'user-agent': 'bbb-client doctor' },
    body: 'domain=bbb-doctor&event=%5B%5D&timestamp=0',
  })
  if (outcome.kind !== 'response')
    return fail(
      'callback-unreachable',
      `The callback URL does not answer from here (${outcome.kind === 'failure' ? outcome.failure.reason : 'no answer in time'}).`,
      'Start the application, and look at firewall, proxy and certificate in front of it. BigBlueButton must reach it too.',
    )
  const { status } = outcome.response
  if (status === 401)
    return ok('callback-refuses-strangers', 'The callback URL answers, and refuses what is not signed.')
  if (status >= 200 && status < 300)
    return fail(
      'callback-accepts-strangers',
      `The callback URL took a request without a signature (${status}): anybody can forge attendance.`,
      'Verify every callback: createWebhookHandler() of bbb-client/webhooks does.',
    )
  return fail(
    'callback-wrong-answer',
    `The callback URL answers a request without a signature with ${status} instead of 401${statusHint(status)}.`,
    'Give the very URL that your application answers, and answer refusals with 401: bbb-webhooks deletes a hook that keeps getting anything else.',
  )
}

function statusHint(status: number): string {
  if (status === 404) return ': there is nothing at this path'
  if (status === 403) return ': is there protection against forged requests (CSRF) or a firewall?'
  if (status === 405) return ': it does not take POST'
  if (status >= 300 && status < 400) return ': bbb-webhooks follows redirects without the body, and events get lost'
  return ''
}
