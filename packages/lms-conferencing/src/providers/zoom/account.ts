import { CircuitBreaker, type HttpClock, RetryBudget, type ServerHealth, type Transport } from 'bbb-client/http'
import { ConferencingError } from '../../errors.ts'
import type { MeetingSpec } from '../../model.ts'
import { ZoomApi } from './api.ts'
import { RegistrantAddresses } from './person.ts'
import { Registrants } from './registrants.ts'
import { TokenSource } from './token.ts'

/** One Zoom account, through one server-to-server OAuth app of it. */
export interface ZoomAccount {
  readonly accountId: string
  readonly clientId: string
  readonly clientSecret: string
  /** Who hosts: the mail address or id of a licensed user, the same for all classes or chosen by class. */
  readonly host: string | ((spec: MeetingSpec) => string)
  /**
   * The app's secret token, which signs its webhooks; a list while it changes. Left out: no callbacks are taken, and
   * attendance rests on reports.
   */
  readonly webhookSecret?: string | readonly string[] | undefined
  /** The public address its webhooks are sent to, where several accounts have routes of their own. */
  readonly webhookUrl?: string | undefined
  /**
   * Marks the addresses under which students are registered. Once in use it stays: with another one, those who are
   * registered already are not known any more.
   * @default clientSecret
   */
  readonly registrantSecret?: string | undefined
}

/** Where Zoom is, and how it is reached. */
export interface ZoomNetwork {
  readonly transport: Transport
  readonly clock: HttpClock
  readonly domain: string
  readonly url: string | undefined
  readonly registrantDomain: string
  readonly timeoutMs: number
  readonly deadlineMs: number
}

/** An account, ready to be used. */
export interface OpenAccount {
  readonly serverId: string
  readonly api: ZoomApi
  readonly registrants: Registrants
  readonly addresses: RegistrantAddresses
  readonly hostOf: (spec: MeetingSpec) => string
  readonly webhookSecrets: readonly string[]
  readonly webhookPath: string | undefined
}

/** Throws `TypeError` naming the option that cannot be, never its value. */
export function openAccount(serverId: string, account: ZoomAccount, network: ZoomNetwork): OpenAccount {
  const { accountId, clientId, clientSecret, host, webhookSecret = [], webhookUrl } = account
  for (const [name, value] of Object.entries({ accountId, clientId, clientSecret })) requireText(name, value)
  if (typeof host === 'string') requireText('host', host)
  const webhookSecrets = typeof webhookSecret === 'string' ? [webhookSecret] : webhookSecret
  for (const secret of webhookSecrets) requireSecret('webhookSecret', secret)
  const registrantSecret = account.registrantSecret ?? clientSecret
  requireSecret('registrantSecret', registrantSecret)
  const { transport, clock, timeoutMs, deadlineMs } = network
  const token = new TokenSource({
    accountId,
    clientId,
    clientSecret,
    origin: network.url ?? `https://${network.domain}`,
    apiOrigin: told => network.url ?? apiOrigin(told, network.domain),
    transport,
    health: newHealth(),
    clock,
    timeoutMs,
  })
  const api = new ZoomApi({ token, transport, health: newHealth(), clock, timeoutMs, deadlineMs })
  const addresses = new RegistrantAddresses(registrantSecret, network.registrantDomain)
  return {
    serverId,
    api,
    addresses,
    registrants: new Registrants(api, addresses),
    hostOf: typeof host === 'string' ? () => host : host,
    webhookSecrets,
    webhookPath: webhookUrl === undefined ? undefined : new URL(webhookUrl).pathname,
  }
}

/** For a class of an account that is not set up here (any more), or of another provider. */
export const noAccount = (serverId: string): ConferencingError =>
  new ConferencingError('UNSUPPORTED', `No Zoom account named "${serverId}" is configured.`, {
    provider: 'zoom',
    outcome: 'not-sent',
    userMessage: 'This class is on a Zoom account that is not set up here any more. Please tell an administrator.',
  })

const newHealth = (): ServerHealth => ({ budget: new RetryBudget(), breaker: new CircuitBreaker() })

/** Whether a host is Zoom's own. */
export const isZoomHost = (hostname: string, domain: string): boolean =>
  hostname === domain || hostname.endsWith(`.${domain}`)

/** The region that the token's answer names: it decides where the token goes, so it is Zoom's or none. */
function apiOrigin(told: string | undefined, domain: string): string {
  const url = told === undefined ? null : URL.parse(told)
  const isZooms =
    url?.protocol === 'https:' && url.username === '' && url.port === '' && isZoomHost(url.hostname, domain)
  return url !== null && isZooms ? url.origin : `https://api.${domain}`
}

function requireText(name: string, value: unknown): void {
  if (typeof value !== 'string' || value === '' || value.trim() !== value) {
    throw new TypeError(`${name}: is needed, without white space around it`)
  }
}

function requireSecret(name: string, value: unknown): void {
  requireText(name, value)
  if (typeof value === 'string' && value.length < 16) throw new TypeError(`${name}: must have 16 characters or more`)
}
