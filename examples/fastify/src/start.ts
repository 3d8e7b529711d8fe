import { randomBytes } from 'node:crypto'
import { school } from '@examples/school'
import { BbbClient, bbbOptionsFromEnv } from 'bbb-client'
import { FakeBbb, type FakeBbbServer } from 'bbb-client/testing'
import type { FastifyInstance, FastifyServerOptions } from 'fastify'
import { type Clock, type Conferencing, createConferencing, systemClock } from 'lms-conferencing'
import { bbbProvider, bbbSettingsFromEnv } from 'lms-conferencing/bbb'
import { openStore } from 'lms-conferencing/sql'
import { buildApp, conferencingLogger } from './app.ts'

export interface StartOptions {
  /** See the README. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** The time of the LMS and of the fake server. @default the wall clock */
  readonly clock?: Clock | undefined
  readonly logger?: FastifyServerOptions['logger']
}

/** The example as it runs. */
export interface Running {
  /** `http://127.0.0.1:3000` */
  readonly url: string
  readonly app: FastifyInstance
  readonly conferencing: Conferencing
  /** The fake BigBlueButton; `null` when a real one is configured. */
  readonly bbb: FakeBbbServer | null
  /** Answers what is being asked, then lets go of everything. */
  close(): Promise<void>
}

/** Starts everything, in an order in which nothing is asked before it can answer. */
export async function start({ env = process.env, clock = systemClock, logger }: StartOptions = {}): Promise<Running> {
  const opened: (() => Promise<unknown>)[] = []
  const close = async (): Promise<void> => {
    for (const closeOne of opened.splice(0).reverse()) await closeOne()
  }
  try {
    const store = await openStore(env.DATABASE_URL ?? 'sqlite:lms.db')
    opened.push(() => store.close())
    const bbb = env.BBB_SERVER_URL ? null : await startFake(clock)
    if (bbb) opened.push(() => bbb.close())
    const bbbOptions = bbb ? { url: bbb.url, secret: bbb.secret } : bbbOptionsFromEnv(env)
    const client = new BbbClient(bbbOptions)
    const settings = bbbSettingsFromEnv(env)

    const ready = Promise.withResolvers<Conferencing>()
    const app = await buildApp({ conferencing: ready.promise, logger })
    opened.push(() => app.close())
    const url = await app.listen({ port: Number(env.PORT ?? 3000), host: env.HOST ?? '127.0.0.1' })

    // A real server needs an address it can reach; without one it cannot call back, and attendance stays empty.
    const callbackUrl = bbb
      ? `${url}/api/v1/classes/bbb-webhook/${randomBytes(16).toString('hex')}`
      : env.BBB_WEBHOOK_URL
    if (!callbackUrl) app.log.warn('BBB_WEBHOOK_URL is not set: no callbacks, so no attendance')
    const conferencing = createConferencing({
      providers: {
        bbb: bbbProvider({
          client,
          callbacks: callbackUrl ? { url: callbackUrl, secrets: bbbOptions.secret } : undefined,
          settings,
        }),
      },
      store,
      clock,
      roster: school.roster,
      logger: conferencingLogger(app.log),
    })
    // Before the app in the list, so after it in time: what is being asked still needs it.
    opened.splice(-1, 0, () => conferencing.stop())
    ready.resolve(conferencing)
    // The fake answers at once, and nothing is missed; a real server is asked in the background, and may be down.
    if (bbb) await conferencing.rounds.keepCallbacks()
    conferencing.start()
    return { url, app, conferencing, bbb, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** A BigBlueButton of one's own on loopback, forgotten at the end. */
const startFake = (clock: Clock): Promise<FakeBbbServer> =>
  new FakeBbb({ secret: randomBytes(32).toString('hex'), clock }).serve()
