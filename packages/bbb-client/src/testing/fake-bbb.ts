import { inspect } from 'node:util'
import { answerCall, callNameOf } from './calls/index.ts'
import { StoppableClock } from './clock.ts'
import { FakeFaults } from './faults.ts'
import { HookRegistry } from './hooks.ts'
import { tomcatPage } from './html.ts'
import { Meetings } from './meetings.ts'
import { type FakeRequest, type FakeResponse, readRequest } from './message.ts'
import { type FakeBbbOptions, settingsOf } from './options.ts'
import { type Delivery, Outbox } from './outbox.ts'
import { Identifiers } from './random.ts'
import { Recordings } from './recordings.ts'
import { answerPage } from './room-routes.ts'
import { type FakeBbbServer, listen, type ServeOptions } from './serve.ts'
import { Simulation } from './simulate.ts'
import { type MeetingSnapshot, snapshotOf } from './snapshot.ts'
import type { World } from './world.ts'

/**
 * A BigBlueButton server that needs no machine: the whole API with its checksums, keys and texts, rooms to click through,
 * recordings, and signed callbacks. Written from what real servers do and independent of the client beside it.
 *
 * @example
 * const server = await new FakeBbb({ secret }).serve()
 * const bbb = new BbbClient({ url: server.url, secret: server.secret })
 * await bbb.create({ meetingID: 'algebra', name: 'Algebra' })
 * server.fake.simulate.join('algebra', { fullName: 'Ada', role: 'MODERATOR' })
 * await server.close()
 */
export class FakeBbb {
  /** Plays people and machinery. */
  readonly simulate: Simulation
  /** Trouble on demand. */
  readonly faults: FakeFaults
  readonly #world: World
  readonly #clock: StoppableClock
  readonly #servers: FakeBbbServer[] = []
  #origin = 'https://bbb.example.org'
  #closed = false

  constructor(options: FakeBbbOptions) {
    const settings = settingsOf(options)
    const { secret, webhooks } = settings
    const clock = new StoppableClock(settings.clock)
    const identifiers = new Identifiers(settings.random)
    const outbox = new Outbox(clock, settings.onDelivery)
    const publicUrl = () => settings.publicUrl ?? this.#origin
    const context = { secret, clock, identifiers, outbox, publicUrl }
    const hooks = webhooks ? new HookRegistry({ ...context, settings: webhooks }) : undefined
    this.#world = {
      settings,
      clock,
      identifiers,
      meetings: new Meetings(),
      recordings: new Recordings(),
      hooks,
      outbox,
      publicUrl,
      emit: event => hooks?.dispatch(event),
    }
    this.#clock = clock
    this.simulate = new Simulation(this.#world)
    this.faults = new FakeFaults(clock)
  }

  /** Every attempt to deliver a callback so far, oldest first. */
  get deliveries(): readonly Delivery[] {
    return this.#world.outbox.deliveries
  }

  /** Answers one request. Needs no socket; `serve()` is this on one. */
  async handle(request: FakeRequest): Promise<FakeResponse> {
    const read = readRequest(request)
    if (read.origin && this.#servers.length === 0) this.#origin = read.origin
    const call = callNameOf(read.path)
    if (call !== undefined) return this.faults.apply(call, () => answerCall(this.#world, call, read))
    return answerPage(this.#world, read) ?? tomcatPage(404)
  }

  /** Listens on a socket until closed. */
  async serve(options: ServeOptions = {}): Promise<FakeBbbServer> {
    if (this.#closed) throw new Error('this FakeBbb is closed')
    const { origin, server } = await listen(this, this.#world.settings.secret, options)
    this.#origin = origin
    this.#servers.push(server)
    return server
  }

  /** What is known of a live meeting, without passwords and tokens; `undefined` when there is none. */
  meeting(meetingID: string): MeetingSnapshot | undefined {
    const meeting = this.#world.meetings.byExternalId(meetingID)
    return meeting && snapshotOf(meeting)
  }

  /** Resolves when no callback is on the wire. Tries that wait for their time do not count. */
  idle(): Promise<void> {
    return this.#world.outbox.idle()
  }

  /** Stops timers, deliveries and sockets. May be called twice. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#clock.stop()
    await Promise.all([this.#world.outbox.close(), ...this.#servers.map(server => server.close())])
  }

  /** Holds secrets, so it shows none of its inside. */
  [inspect.custom](): string {
    const { release } = this.#world.settings
    return `FakeBbb { version: '${release.text}', meetings: ${this.#world.meetings.list().length} }`
  }

  toJSON(): object {
    return { version: this.#world.settings.release.text, meetings: this.#world.meetings.list().length }
  }
}
