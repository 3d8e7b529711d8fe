import { randomBytes, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { ChecksumAlgorithm } from '../checksum.ts'
import type { BbbClient } from '../client.ts'
import { BbbWebhookError } from '../webhooks/errors.ts'
import type { WebhookScheme } from '../webhooks/options.ts'
import type { WebhookRequest } from '../webhooks/request.ts'
import { verifyWebhook } from '../webhooks/verify.ts'
import { type Finding, fail, ok, warn } from './finding.ts'
import { attempt, clientOf, type Patient } from './patient.ts'
import { judgeClock, withoutCall } from './server.ts'

/** Where this process waits for the test callback. */
export interface ListenAddress {
  /** @default '127.0.0.1' */
  readonly host?: string | undefined
  /** 0 takes a free one, which then replaces port 0 of the callback URL. */
  readonly port: number
}

const WEBHOOKS_CONFIG = '/etc/bigbluebutton/bbb-webhooks/production.yml'

/** How long a callback may take: bbb-webhooks sends at once, and the way is short. */
const PATIENCE_MS = 15_000

/**
 * Registers a hook of its own, opens and ends a test meeting, and tells by the callback that comes how callbacks are
 * signed. Removes hook and meeting again, whatever happens.
 */
export async function checkTestCallback(
  patient: Patient,
  callbackUrl: string,
  address: ListenAddress,
): Promise<readonly Finding[]> {
  let receiver: Receiver
  try {
    receiver = await listen(address)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${error.code})` : ''
    return [fail('config-invalid', `Cannot listen at ${address.host ?? '127.0.0.1'}:${address.port}${code}.`)]
  }
  const client = clientOf(patient)
  const { signal } = patient
  const findings: Finding[] = []
  let hookID: string | undefined
  let meetingID: string | undefined
  try {
    const url = testUrl(callbackUrl, receiver.port)
    const hook = await attempt(client.hooks.create({ callbackURL: url, eventID: ['meeting-created'] }, { signal }))
    if (hook.error !== undefined)
      return [fail('test-meeting-failed', `No test hook: ${withoutCall(hook.error.message)}`)]
    hookID = hook.value.hookID
    const meeting = await openMeeting(client, patient)
    if (meeting.finding !== undefined) findings.push(meeting.finding)
    meetingID = meeting.meetingID
    if (meetingID === undefined) return findings
    const request = await receiver.firstRequest(patient)
    findings.push(request === undefined ? notReceived(callbackUrl) : judgeRequest(request, url, patient.options.secret))
    return findings
  } finally {
    // Without the signal: what was begun is cleared away also after Ctrl-C.
    if (meetingID !== undefined) await attempt(client.end({ meetingID }))
    const removed = hookID === undefined ? true : (await attempt(client.hooks.destroy({ hookID }))).value
    if (removed !== true)
      findings.push(
        warn('left-behind', `The test hook ${hookID} could not be removed.`, `\`bbb hooks destroy ${hookID}\``),
      )
    await receiver.close()
  }
}

/** Its own URL, because the URL is what identifies a hook. */
function testUrl(callbackUrl: string, port: number): string {
  const url = new URL(callbackUrl)
  if (url.port === '0') url.port = String(port)
  url.searchParams.set('bbb-doctor', randomBytes(16).toString('base64url'))
  return url.href
}

async function openMeeting(
  client: BbbClient,
  { resolved, signal }: Patient,
): Promise<{ readonly meetingID?: string; readonly finding?: Finding }> {
  const before = resolved.clock.now()
  const { value: meeting, error } = await attempt(
    client.create(
      {
        meetingID: `bbb-doctor-${randomUUID()}`,
        name: 'bbb doctor (test)',
        attendeePW: randomUUID(),
        moderatorPW: randomUUID(),
        meetingExpireIfNoUserJoinedInMinutes: 1,
      },
      { signal },
    ),
  )
  if (error !== undefined)
    return { finding: fail('test-meeting-failed', `No test meeting: ${withoutCall(error.message)}`) }
  const clock = judgeClock(meeting.createTime - (before + resolved.clock.now()) / 2)
  return { meetingID: meeting.meetingID, ...(clock.level !== 'ok' && { finding: clock }) }
}

function notReceived(callbackUrl: string): Finding {
  return fail(
    'callback-not-received',
    `No callback came within ${PATIENCE_MS / 1000} s, although the hook was registered and a meeting was created.`,
    `From the BigBlueButton server, try \`curl -i -X POST ${new URL(callbackUrl).origin}\`: name, firewall and certificate must work from there. \`journalctl -u bbb-webhooks\` tells what it saw.`,
  )
}

/** Who signed a callback, and what that is worth. */
export function judgeRequest(request: WebhookRequest, url: string, secrets: string | readonly string[]): Finding {
  try {
    const { scheme, algorithm } = verifyWebhook(request, {
      callbackUrl: url,
      secrets,
      accept: ['url+body', 'bearer', 'url+json', 'url+braces'],
      allowInsecureBearer: true,
    })
    return judgeScheme(scheme, algorithm, url)
  } catch (error) {
    if (error instanceof BbbWebhookError && error.reason === 'missing')
      return fail(
        'callback-secret-wrong',
        'A callback came without any signature.',
        'Something between the servers drops the query or the Authorization header of requests.',
      )
    return fail(
      'callback-secret-wrong',
      'A callback came, signed with another secret or for another URL.',
      `Set bbb.sharedSecret in ${WEBHOOKS_CONFIG} on the server to the secret of \`bbb-conf --secret\`, then \`systemctl restart bbb-webhooks\`.`,
    )
  }
}

/** T23, T28, T34: what the way a callback is signed is worth. */
export function judgeScheme(scheme: WebhookScheme, algorithm: ChecksumAlgorithm | null, url: string): Finding {
  switch (scheme) {
    case 'bearer':
      return bearer(url)
    case 'url+json':
      return warn(
        'callback-old-scheme',
        "Callbacks are signed as bbb-webhooks 2.x does, which has to be named: accept: ['url+json'].",
        'Update bbb-webhooks to 3.4 or later.',
      )
    case 'url+braces':
      return fail(
        'callback-body-blind',
        'Callbacks carry a checksum that does not cover their content (bbb-webhooks 3.0.0 to 3.3.1): who saw one can forge all.',
        'Update bbb-webhooks to 3.4 or later (apt-get dist-upgrade on the server).',
      )
    default:
      if (algorithm !== 'sha1')
        return ok('callback-signed', `Callbacks arrive, and are signed with their content (${algorithm}).`)
      return warn(
        'callback-sha1',
        'Callbacks arrive, and are signed with their content, by SHA-1, which is weak.',
        `Set hookChecksumAlgorithm: sha256 for its webhooks module in ${WEBHOOKS_CONFIG} on the server, then \`systemctl restart bbb-webhooks\`.`,
      )
  }
}

function bearer(url: string): Finding {
  const fix = `Set bbb.auth2_0: false in ${WEBHOOKS_CONFIG} on the server (2.x: /usr/local/bigbluebutton/bbb-webhooks/config/default.yml), then \`systemctl restart bbb-webhooks\`.`
  const isLocal = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname)
  if (url.startsWith('http:') && !isLocal)
    return fail('callback-bearer', 'Callbacks carry the shared secret itself (Bearer) over plain http.', fix)
  return warn(
    'callback-bearer',
    'Callbacks arrive, and carry the shared secret itself instead of a signature (Bearer, as packages configure it): whoever reads one rules the server.',
    fix,
  )
}

interface Receiver {
  readonly port: number
  /** The first callback, or `undefined` when none comes in time. Rejects when the diagnosis is aborted. */
  firstRequest(patient: Patient): Promise<WebhookRequest | undefined>
  close(): Promise<void>
}

const MAX_BODY = 1_048_576

async function listen({ host = '127.0.0.1', port }: ListenAddress): Promise<Receiver> {
  const arrived = Promise.withResolvers<WebhookRequest>()
  const server = createServer((request, response) => {
    response.on('error', () => {})
    readBody(request).then(
      body => {
        const { method = '', url: target = '', headers } = request
        // Anything else that finds this port gets what strangers get.
        const isOurs = method === 'POST' && target.includes('bbb-doctor=')
        response.writeHead(isOurs ? 200 : 401, { 'content-type': 'text/plain' }).end()
        if (isOurs) arrived.resolve({ method, target, headers, body })
      },
      () => response.destroy(),
    )
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
  const bound = server.address()
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    firstRequest: ({ resolved: { clock }, signal }) => {
      const { promise, resolve, reject } = Promise.withResolvers<WebhookRequest | undefined>()
      const timer = clock.setTimeout(() => resolve(undefined), PATIENCE_MS)
      const onAbort = (): void => reject(signal?.reason)
      signal?.addEventListener('abort', onAbort, { once: true })
      if (signal?.aborted) onAbort()
      arrived.promise.then(resolve, reject)
      return promise.finally(() => {
        clock.clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
      })
    },
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > MAX_BODY) throw new Error('too large')
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}
