import { randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import { BbbClient, bbbOptionsFromEnv } from 'bbb-client'
import { FakeBbb, type FakeBbbServer } from 'bbb-client/testing'
import { type Clock, type Conferencing, createConferencing, type Logger, systemClock } from 'lms-conferencing'
import { bbbProvider, bbbSettingsFromEnv } from 'lms-conferencing/bbb'
import { createHttpApi, type FetchHandler } from 'lms-conferencing/http'
import { openDatabase } from './database.ts'
import { hangUpOnceAnswered } from './hang-up.ts'
import { serveLive } from './live.ts'
import { openMove } from './move.ts'
import { createPage } from './page.ts'
import { createSchool } from './school.ts'

/** What a framework is given to serve. */
export interface Address {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
}

/** A framework that listens. */
export interface Door {
  /** `http://127.0.0.1:3000` */
  readonly url: string
  /** What listens; without it nobody is told of changes, and closing waits for connections that are kept alive. */
  readonly server?: Server | undefined
  readonly logger: Logger
  /** Answers what is being asked, then stops listening. */
  close(): Promise<unknown>
  /** Hangs up on whoever still waits. */
  closeAllConnections(): void
}

export interface StartSchoolOptions {
  /** See the README. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** The time of the LMS and of the fake server. @default the wall clock */
  readonly clock?: Clock | undefined
  /** Names the framework on the start page. */
  readonly framework: string
  /** Serves the API, and the page at every other address; what is asked before all parts are there waits for them. */
  readonly listen: (api: FetchHandler, address: Address, page: FetchHandler) => Promise<Door>
}

/** The school as it runs. */
export interface RunningSchool extends Pick<Door, 'url' | 'logger' | 'closeAllConnections'> {
  readonly conferencing: Conferencing
  /** The fake BigBlueButton; `null` when a real one is configured. */
  readonly bbb: FakeBbbServer | null
  /** Answers what is being asked, then lets go of everything. */
  close(): Promise<void>
}

/** Starts everything, in an order in which nothing is asked before it can answer. */
export async function startSchool(options: StartSchoolOptions): Promise<RunningSchool> {
  const { env = process.env, clock = systemClock, framework, listen } = options
  const opened: (() => Promise<unknown>)[] = []
  const close = async (): Promise<void> => {
    for (const closeOne of opened.splice(0).reverse()) await closeOne()
  }
  try {
    const { store, jobs, closeDatabase } = await openDatabase(env)
    opened.push(closeDatabase)
    const { migration, closeMove } = await openMove(env, store)
    opened.push(closeMove)
    const bbb = env.BBB_SERVER_URL ? null : await startFake(clock)
    if (bbb) opened.push(() => bbb.close())
    const bbbOptions = bbb ? { url: bbb.url, secret: bbb.secret } : bbbOptionsFromEnv(env)
    const client = new BbbClient(bbbOptions)
    const settings = bbbSettingsFromEnv(env)
    const school = createSchool()

    // The address is known only once somebody listens, and the fake server wants to call back there.
    const api = Promise.withResolvers<FetchHandler>()
    const address = { host: env.HOST ?? '127.0.0.1', port: Number(env.PORT ?? 3000) }
    const page = createPage({ framework, people: school.people })
    const door = await listen(async request => (await api.promise)(request), address, page)
    opened.push(() => door.close())
    if (door.server) hangUpOnceAnswered(door.server)
    const { url, logger } = door

    // A real server needs an address it can reach; without one it cannot call back, and attendance stays empty.
    const callbackUrl = bbb
      ? `${url}/api/v1/classes/bbb-webhook/${randomBytes(16).toString('hex')}`
      : env.BBB_WEBHOOK_URL
    if (!callbackUrl) logger.warn('BBB_WEBHOOK_URL is not set: no callbacks, so no attendance')
    const conferencing = createConferencing({
      providers: {
        bbb: bbbProvider({
          client,
          callbacks: callbackUrl ? { url: callbackUrl, secrets: bbbOptions.secret } : undefined,
          settings,
        }),
      },
      store,
      jobs,
      clock,
      roster: school.roster,
      logger,
    })
    // Before the door in the list, so after it in time: what is being asked still needs it.
    opened.splice(-1, 0, () => conferencing.stop())
    const ports = { conferencing, authenticate: school.authenticate, lms: school.lms, logger }
    api.resolve(createHttpApi({ ...ports, clock, migration }))
    if (door.server) opened.push(serveLive(door.server, ports))
    // The fake answers at once, and nothing is missed; a real server is asked in the background, and may be down.
    if (bbb) await conferencing.rounds.keepCallbacks()
    conferencing.start()
    return { url, logger, conferencing, bbb, close, closeAllConnections: () => door.closeAllConnections() }
  } catch (error) {
    await close()
    throw error
  }
}

/** A BigBlueButton of one's own on loopback, forgotten at the end. */
const startFake = (clock: Clock): Promise<FakeBbbServer> =>
  new FakeBbb({ secret: randomBytes(32).toString('hex'), clock }).serve()
