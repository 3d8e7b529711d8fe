import { connect, rootCertificates } from 'node:tls'
import type { ServerVersion } from '../api/meetings.ts'
import type { BbbClientOptions } from '../config.ts'
import type { BbbError } from '../errors.ts'
import { type Finding, fail, ok, warn } from './finding.ts'
import { ask, attempt, clientOf, type Patient } from './patient.ts'

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** Whether the way to the server keeps secrets. */
export function checkAddress(origin: string): Finding {
  const { protocol, hostname } = new URL(origin)
  if (protocol === 'https:') return ok('address-secure', `The address is ${origin}.`)
  if (LOOPBACK.test(hostname)) return ok('address-local', `The address is ${origin}, on this machine.`)
  return warn(
    'address-insecure',
    `The address is ${origin}: names, passwords and links cross the network in the clear.`,
    'Give the server a certificate (bbb-install sets one up) and use its https: address.',
  )
}

/** Whether something answers there, and whether it is BigBlueButton. Without a version there is nothing more to ask. */
export async function checkReachable(
  patient: Patient,
): Promise<{ readonly finding: Finding; readonly version?: ServerVersion }> {
  const { value: version, error } = await attempt(clientOf(patient).version({}, { signal: patient.signal }))
  if (error !== undefined) return { finding: unreachable(error, patient.resolved.origin) }
  return { finding: ok('server-answers', 'A BigBlueButton API answers.'), version }
}

const TLS_CAUSES: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired: renew it',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: check both clocks',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'its certificate is self-signed: get a real one, or trust it by the option ca or NODE_EXTRA_CA_CERTS',
  SELF_SIGNED_CERT_IN_CHAIN:
    'its certificate is from a private authority: trust it by the option ca or NODE_EXTRA_CA_CERTS',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate does not lead to a known authority: install the full chain there, or trust a private authority by the option ca or NODE_EXTRA_CA_CERTS',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its certificate is from an unknown authority: trust it by the option ca or NODE_EXTRA_CA_CERTS',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host name: use that name, or get one for this name',
}

function unreachable(error: BbbError, origin: string): Finding {
  if (error.code === 'BBB_NETWORK' && 'reason' in error && error.reason === 'tls') {
    const code = 'systemCode' in error ? String(error.systemCode) : ''
    const cause = TLS_CAUSES[code] ?? `TLS failed (${code}): it may speak only protocols before TLS 1.2`
    return fail('server-tls-refused', `${origin} is not trusted.`, `At ${new URL(origin).hostname}, ${cause}.`)
  }
  return fail('server-unreachable', withoutCall(error.message), hintFor(error))
}

function hintFor(error: BbbError): string {
  if (error.code === 'BBB_RESPONSE_INVALID' || error.code === 'BBB_HTTP_STATUS')
    return 'Compare the address with the one that `bbb-conf --secret` shows on the server.'
  return 'Try the address in a browser on this machine; on the server, `bbb-conf --status` shows what runs.'
}

/** The client begins its messages with the call, which a reader of a diagnosis has not made. */
export function withoutCall(message: string): string {
  const text = message.replace(/^[A-Za-z/]+: /, '')
  return text.startsWith('http') ? text : text.charAt(0).toUpperCase() + text.slice(1)
}

/** What is looked at in a certificate. */
export interface Certificate {
  readonly validTo: Date
  /** For example `TLSv1.3`. */
  readonly protocol: string
}

/** Looks at the certificate of an `https:` address, trusting and finding it as the client does. */
export type CertificateReader = (
  address: URL,
  options: Pick<BbbClientOptions, 'ca' | 'lookup'> & { readonly signal?: AbortSignal | undefined },
) => Promise<Certificate>

/** Asks for the certificate with a connection of its own, on which nothing is sent. */
export const readCertificate: CertificateReader = (address, { ca, lookup, signal }) =>
  new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const host = address.hostname.replace(/^\[|\]$/g, '')
    const isName = /[a-z]/i.test(host) && !host.includes(':')
    const socket = connect({
      host,
      port: Number(address.port || 443),
      ...(isName && { servername: host }),
      ...(lookup !== undefined && { lookup }),
      ...(ca !== undefined && { ca: [...rootCertificates, ...[ca].flat()] }),
    })
    const onAbort = (): void => {
      socket.destroy()
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    const done = (finish: () => void): void => {
      signal?.removeEventListener('abort', onAbort)
      socket.destroy()
      finish()
    }
    socket.setTimeout(10_000, () => done(() => reject(new Error('no TLS handshake in time'))))
    socket.once('error', error => done(() => reject(error)))
    socket.once('secureConnect', () => {
      const validTo = new Date(socket.getPeerCertificate().valid_to)
      const protocol = socket.getProtocol() ?? 'TLS'
      done(() => resolve({ validTo, protocol }))
    })
  })

const DAY_MS = 86_400_000
const SOON_DAYS = 14

/** How long the certificate lasts; nothing when it cannot be seen. */
export async function checkCertificate(
  { options: { ca, lookup }, resolved, signal }: Patient,
  read: CertificateReader,
): Promise<Finding | undefined> {
  if (!resolved.origin.startsWith('https:')) return undefined
  const certificate = await read(new URL(resolved.origin), { ca, lookup, signal }).catch(() => undefined)
  signal?.throwIfAborted()
  if (certificate === undefined || Number.isNaN(certificate.validTo.getTime())) return undefined
  const days = Math.floor((certificate.validTo.getTime() - resolved.clock.now()) / DAY_MS)
  const until = `${certificate.protocol}, certificate valid until ${certificate.validTo.toISOString().slice(0, 10)}`
  if (days >= SOON_DAYS) return ok('tls-valid', `${until}.`)
  return warn(
    'tls-expires-soon',
    `${until}: ${days} days from now.`,
    'Renew it on the server, and see why it is not renewed by itself (certbot renew --dry-run).',
  )
}

/** Beyond this, end times of tokens and the order of events cannot be trusted. */
const MAX_SKEW_MS = 60_000

/** Compares clocks by the `Date` header of an answer; nothing when there is none. */
export async function checkClock(patient: Patient): Promise<Finding | undefined> {
  const { clock, origin, basePath } = patient.resolved
  const before = clock.now()
  const outcome = await ask(patient, { method: 'GET', origin, path: basePath, headers: { accept: '*/*' } })
  const after = clock.now()
  const header = outcome.kind === 'response' ? Date.parse(outcome.response.headers.date ?? '') : Number.NaN
  // The header has whole seconds: on average it is half a second behind.
  return Number.isNaN(header) ? undefined : judgeClock(header + 500 - (before + after) / 2)
}

/** `skewMs`: how far the server is ahead. */
export function judgeClock(skewMs: number): Finding {
  if (Math.abs(skewMs) <= MAX_SKEW_MS) return ok('clock-agrees', 'The clocks of both machines agree to a minute.')
  const seconds = Math.round(Math.abs(skewMs) / 1000)
  return warn(
    'clock-skewed',
    `The server's clock is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} the one here.`,
    'Let both machines keep time by NTP (timedatectl shows it); attendance and tokens depend on it.',
  )
}
