import { inspect } from 'node:util'
import { type Clock, systemClock } from '../../clock.ts'
import { type FakeZoomFault, Faults } from './faults.ts'
import { Limits, secondIsSpent, type Weight } from './limits.ts'
import { create, notFound } from './meetings.ts'
import { type FakeZoomRequest, type FakeZoomResponse, json, problem, type ReadRequest, readRequest } from './message.ts'
import { Pager } from './paging.ts'
import { meetingsInstead, type RouteContext, type Routed, routeOf } from './routes.ts'
import { type FakeZoomServer, listen } from './serve.ts'
import { Tokens } from './tokens.ts'
import { type FakeZoomVisit, type FakeZoomVisitor, Visits } from './visits.ts'
import { type FakeZoomDelivery, fetchSender, type WebhookSender, Webhooks } from './webhooks.ts'
import { currentRun, Identifiers, type Meeting, type UuidStyle, type World } from './world.ts'

/** How the fake behaves. */
export interface FakeZoomOptions {
  readonly accountId: string
  readonly clientId: string
  readonly clientSecret: string
  /** Signs webhooks. */
  readonly webhookSecret: string
  /** Users who can host, by mail address. @default ['teacher@school.example'] */
  readonly hosts?: readonly string[] | undefined
  /** @default the wall clock */
  readonly clock?: Clock | undefined
  /** Delivers webhooks. @default the global fetch */
  readonly send?: WebhookSender | undefined
  /** @default 85000000001, of eleven digits */
  readonly firstMeetingId?: bigint | undefined
  /** `slashes`: every UUID begins with `/` and holds `//`. @default 'plain' */
  readonly uuids?: UuidStyle | undefined
  /** A new access token ends the one before it. @default false */
  readonly onlyNewestToken?: boolean | undefined
  /** What the token's answer calls the base of the API. @default 'https://api.zoom.us', or the address of `serve()` */
  readonly apiUrl?: string | undefined
  /** Retried webhooks carry a new time and signature; which of the two Zoom does is unknown. @default false */
  readonly restampRetries?: boolean | undefined
  /** Milliseconds from the end of a run to its report. @default 300000 */
  readonly reportDelayMs?: number | undefined
  /** Reports have no names and addresses. @default false */
  readonly blankReports?: boolean | undefined
  /** What ending a meeting answers that is not running: a status, or a code. @default 3000 */
  readonly endWhenIdle?: 204 | 3000 | 3001 | undefined
}

/**
 * A Zoom account that needs no network: tokens, meetings, registrants, reports and recordings with their limits, pages
 * and errors, people who follow links, and signed webhooks. Written from what Zoom's documents and real traffic say,
 * and independent of the provider beside it.
 *
 * @example
 * import { zoomProvider } from 'lms-conferencing/zoom'
 *
 * const account = { accountId: 'a', clientId: 'c', clientSecret: 'a-secret-for-tests', webhookSecret: 'another-one-for-tests' }
 * const zoom = await fakeZoom(account).serve()
 * const provider = zoomProvider({ ...account, host: 'teacher@school.example', url: zoom.url })
 */
export class FakeZoom {
  readonly #world: World
  readonly #tokens: Tokens
  readonly #limits: Limits
  readonly #pager: Pager
  readonly #faults = new Faults()
  readonly #webhooks: Webhooks
  readonly #visits: Visits
  readonly #requests: string[] = []
  #apiUrl: string
  #servers: FakeZoomServer[] = []

  constructor(options: FakeZoomOptions) {
    const clock = options.clock ?? systemClock
    const random = new Identifiers(options.firstMeetingId ?? 85_000_000_001n, options.uuids ?? 'plain')
    const { accountId, clientId, clientSecret } = options
    this.#apiUrl = options.apiUrl ?? 'https://api.zoom.us'
    this.#world = {
      accountId,
      clock,
      random,
      meetings: new Map(),
      hosts: new Map((options.hosts ?? ['teacher@school.example']).map(email => [email, random.word()])),
      recordingHost: 'school.zoom.us',
      reportDelayMs: options.reportDelayMs ?? 300_000,
      blankReports: options.blankReports ?? false,
      endWhenIdle: options.endWhenIdle ?? 3000,
    }
    this.#tokens = new Tokens({
      accountId,
      clientId,
      clientSecret,
      clock,
      random,
      apiUrl: () => this.#apiUrl,
      onlyNewest: options.onlyNewestToken ?? false,
    })
    this.#limits = new Limits(clock)
    this.#pager = new Pager(clock)
    this.#webhooks = new Webhooks({
      secret: options.webhookSecret,
      accountId,
      clock,
      send: options.send ?? fetchSender,
      restampRetries: options.restampRetries ?? false,
    })
    this.#visits = new Visits(this.#world, this.#webhooks)
  }

  /** Answers one request. Needs no socket; `serve()` is this on one. */
  async handle(request: FakeZoomRequest): Promise<FakeZoomResponse> {
    const answer = this.#answer(readRequest(request))
    return {
      ...answer,
      headers: { ...answer.headers, 'x-zm-trackingid': `v=2.0;clid=fake;rid=WEB_${this.#requests.length}` },
    }
  }

  /** Listens on this machine until closed. */
  async serve(options: { readonly port?: number | undefined } = {}): Promise<FakeZoomServer> {
    const server = await listen(this, options.port ?? 0)
    this.#apiUrl = server.url
    this.#servers.push(server)
    return server
  }

  /** Subscribes an endpoint to all events, if it passes its challenge; answers whether it did. */
  subscribe(url: string): Promise<boolean> {
    return this.#webhooks.subscribe(url)
  }

  /** Endpoints that are still sent to: one that fails its challenge six times in a row is not. */
  get subscriptions(): number {
    return this.#webhooks.enabled
  }

  /** Every attempt to deliver a webhook so far. */
  get deliveries(): readonly FakeZoomDelivery[] {
    return this.#webhooks.deliveries
  }

  /** Resolves when no webhook is on the wire. */
  idle(): Promise<void> {
    return this.#webhooks.idle()
  }

  /** Calls so far, as in `GET /meetings/{id}` with a star for the id, or `token`. */
  get requests(): readonly string[] {
    return this.#requests
  }

  /** How many meetings there are. */
  get meetings(): number {
    return this.#world.meetings.size
  }

  /** Arms trouble for the next requests. */
  fail(fault: FakeZoomFault): void {
    this.#faults.add(fault)
  }

  /** Takes all armed trouble back. */
  recover(): void {
    this.#faults.clear()
  }

  /** Uses up what the account may do today. */
  spendDay(weight: Weight): void {
    this.#limits.spendDay(weight)
  }

  /** No token given so far is good any more. */
  revokeTokens(): void {
    this.#tokens.revokeAll()
  }

  /** The app's administrator changed its secret. */
  changeClientSecret(clientSecret: string): void {
    this.#tokens.changeSecret(clientSecret)
  }

  get tokensIssued(): number {
    return this.#tokens.issued
  }

  /** Every page token given so far has expired. */
  expirePages(): void {
    this.#pager.expireAll()
  }

  /** Pages get no longer than this. */
  set maxPageSize(rows: number) {
    this.#pager.maxPageSize = rows
  }

  /** Follows a link. Throws when Zoom would not let this visitor in. */
  visit(link: string, visitor: FakeZoomVisitor = {}): FakeZoomVisit {
    return this.#visits.enter(link, visitor)
  }

  /** Ends the run of a meeting, as its host would; `ended-first`: the word of it overtakes that of the last to leave. */
  end(meetingId: string, order?: 'left-first' | 'ended-first'): void {
    this.#visits.end(this.#meeting(meetingId), order)
  }

  /** Makes a meeting as its host would at Zoom's own page; answers its id. Fields are those of the API. */
  plan(host: string, fields: Readonly<Record<string, unknown>>): string {
    const made = create(this.#world, host, fields)
    if ('uuid' in made) return String(made.id)
    throw new Error('Zoom refuses such a meeting')
  }

  /** Takes a meeting away, as an administrator would. */
  remove(meetingId: string): void {
    this.#world.meetings.delete(meetingId)
  }

  /** Has the recording of the newest run ready. */
  finishRecording(meetingId: string): void {
    this.#visits.finishRecording(this.#meeting(meetingId))
  }

  /** What is known of a meeting. */
  meeting(meetingId: string): {
    readonly topic: string
    readonly agenda: string
    /** Epoch milliseconds. */
    readonly startAt: number
    readonly running: boolean
    readonly registrants: number
    readonly settings: Readonly<Record<string, unknown>>
  } {
    const meeting = this.#meeting(meetingId)
    const { topic, agenda, startAt, registrants, settings } = meeting
    return {
      topic,
      agenda,
      startAt,
      running: currentRun(meeting) !== undefined,
      registrants: registrants.size,
      settings,
    }
  }

  /** Sends any event to the endpoints. */
  emit(event: string, object: Readonly<Record<string, unknown>>): void {
    this.#webhooks.emit(event, object)
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.splice(0).map(server => server.close()))
    await this.#webhooks.close()
  }

  /** Holds secrets, so it shows none of its inside. */
  [inspect.custom](): string {
    return 'FakeZoom {}'
  }

  toJSON(): object {
    return {}
  }

  #meeting(id: string): Meeting {
    const meeting = this.#world.meetings.get(id)
    if (!meeting) throw new Error('no such meeting')
    return meeting
  }

  #answer(request: ReadRequest): FakeZoomResponse {
    const [version, ...rest] = request.segments
    if (version === 'oauth' && rest.join('/') === 'token') {
      this.#requests.push('token')
      return this.#disturbed('token', () => this.#tokens.answer(request))
    }
    if (version !== 'v2') return problem(404, 404, 'Not found.')
    const routed = routeOf({ ...request, segments: rest })
    this.#requests.push(routed?.call ?? 'unknown')
    const refused = this.#tokens.refusal(request)
    if (refused) return refused
    if (!routed) return notFound('')
    return this.#disturbed(routed.call, () => this.#limits.take(routed.weight) ?? this.#run(routed, request))
  }

  #run(routed: Routed, request: ReadRequest): FakeZoomResponse {
    const context: RouteContext = {
      world: this.#world,
      limits: this.#limits,
      pager: this.#pager,
      end: meeting => this.#visits.end(meeting),
      changed: (event, meeting) => this.#tellPlan(event, meeting),
    }
    return routed.answer(context, request, routed.value)
  }

  #tellPlan(event: string, meeting: Meeting): void {
    const { id, uuid, hostId, hostEmail, type, topic, duration, timezone } = meeting
    this.#webhooks.emit(event, {
      operator: hostEmail,
      operator_id: hostId,
      operation: 'all',
      // The UUID of the plan, which no run has.
      ...{ id, uuid, host_id: hostId, topic, type, duration, timezone },
    })
  }

  #disturbed(call: string, answer: () => FakeZoomResponse): FakeZoomResponse {
    const fault = this.#faults.take(call)
    if (!fault) return answer()
    switch (fault.kind) {
      case 'drop-executed':
        answer()
        return { status: 200, headers: {}, body: '', damage: 'drop' }
      case 'drop':
      case 'hang':
        return { status: 200, headers: {}, body: '', damage: fault.kind }
      case 'redirect':
        return { status: 302, headers: { location: 'https://elsewhere.example/' }, body: '' }
      case 'xml':
        return { status: 200, headers: { 'content-type': 'text/xml' }, body: '<?xml version="1.0"?><fault/>' }
      case 'list': {
        answer()
        const newest = [...this.#world.meetings.values()].at(-1)
        return newest ? meetingsInstead(newest) : json(200, { meetings: [] })
      }
      case 'status':
        return { status: fault.status, headers: { 'content-type': 'text/html' }, body: '<html>gateway</html>' }
      case 'problem':
        return problem(fault.status, fault.code, fault.message)
      case 'per-second':
        return secondIsSpent(fault.weight)
    }
  }
}

/** A fake Zoom account; see {@link FakeZoom}. */
export const fakeZoom = (options: FakeZoomOptions): FakeZoom => new FakeZoom(options)
