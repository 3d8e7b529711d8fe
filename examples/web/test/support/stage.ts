import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FakeBbb, type FakeBbbServer, ManualClock } from 'bbb-client/testing'
import { signWebhook } from 'bbb-client/webhooks'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import {
  preparePage,
  type RunningSchool,
  type StartSchoolOptions,
  tokenOf,
  type User,
} from '../../../school/src/index.ts'
import { chromiumPath, launch, listen, picture } from './browser.ts'

type Start = (options: Required<Pick<StartSchoolOptions, 'env' | 'clock'>>) => Promise<RunningSchool>

/** An example with its fake BigBlueButton, a browser, and time that passes as it does, and in leaps when told to. */
export interface Stage {
  readonly url: string
  readonly bbb: FakeBbbServer
  /** What pages have complained of. */
  readonly complaints: string[]
  /** A person's own browser, signed in, at a path of the page. */
  enter(who: User, path?: string, prepare?: (context: BrowserContext) => Promise<void>): Promise<Page>
  /** The page with nobody signed in. */
  arrive(): Promise<Page>
  /** Lets simulated time pass, here and in every browser; what is due has happened. */
  pass(minutes: number): Promise<void>
  now(): number
  /** A callback that is genuine and makes no sense: it is tried until it is given up. */
  sendNonsense(): Promise<void>
  /** Keeps what everybody sees now. */
  pictures(name: string): Promise<void>
  /** The server goes away, and comes back with what it had stored. */
  stop(): Promise<void>
  restart(): Promise<void>
  close(): Promise<void>
}

const secret = 'a-secret-of-the-stage-that-is-long-enough'
const startAt = Date.parse('2027-03-01T08:45:00Z')
const tickMs = 100
/** How finely simulated time leaps. */
const leapsPerMinute = 1
/** How long the browser looks for something before that is a failure. */
const patienceMs = 15_000

export async function openStage(start: Start): Promise<Stage> {
  if (chromiumPath === undefined) throw new Error('there is no Chromium')
  await preparePage(() => {})
  const folder = await mkdtemp(join(tmpdir(), 'lms-stage-'))
  const clock = new ManualClock({ startAt })
  const bbb = await new FakeBbb({ secret, clock }).serve()
  const port = await freePort()
  const callbackUrl = `http://127.0.0.1:${port}/api/v1/classes/bbb-webhook/4be1c7`
  const env = {
    PORT: String(port),
    DATABASE_URL: `sqlite:${join(folder, 'lms.db')}`,
    BBB_SERVER_URL: bbb.url,
    BBB_SHARED_SECRET: secret,
    BBB_WEBHOOK_URL: callbackUrl,
  }
  const open = async (): Promise<RunningSchool> => {
    const running = await start({ env, clock })
    await running.conferencing.rounds.keepCallbacks()
    return running
  }
  let running: RunningSchool | null = await open()
  const { url } = running
  const browser: Browser = await launch()
  const contexts = new Set<BrowserContext>()
  const complaints: string[] = []

  // Time goes on as it does in a school; the pages' clocks are set to it and run by themselves.
  let last = performance.now()
  const ticking = setInterval(() => {
    const elapsed = Math.round(performance.now() - last)
    last += elapsed
    void clock.advance(elapsed)
  }, tickMs)

  async function newContext(): Promise<BrowserContext> {
    const context = await browser.newContext({
      viewport: { width: 1180, height: 820 },
      locale: 'en-GB',
      timezoneId: 'Europe/Warsaw',
      colorScheme: 'light',
    })
    await context.clock.setSystemTime(clock.now())
    context.setDefaultTimeout(patienceMs)
    listen(context, url, complaints)
    contexts.add(context)
    context.once('close', () => contexts.delete(context))
    return context
  }

  /** What is due is done. */
  async function catchUp(): Promise<void> {
    await running?.conferencing.rounds.provision()
    await running?.conferencing.rounds.callbacks()
    await running?.conferencing.rounds.recordings()
  }
  const stop = async (): Promise<void> => {
    await running?.close()
    running = null
  }
  return {
    url,
    bbb,
    complaints,
    now: () => clock.now(),
    async arrive() {
      const page = await (await newContext()).newPage()
      await page.goto(url)
      return page
    },
    async enter(who, path = '/', prepare) {
      const context = await newContext()
      await prepare?.(context)
      const page = await context.newPage()
      await page.goto(`${url}/sign-in`)
      await page.evaluate(`sessionStorage.setItem('demo-token', '${tokenOf(who)}')`)
      await page.goto(url + path)
      return page
    },
    async pass(minutes) {
      await catchUp()
      for (let leaps = 0; leaps < minutes * leapsPerMinute; leaps++) {
        await clock.advance(60_000 / leapsPerMinute)
        // What has begun in the background reaches the fake server over a real socket: a request has its time too.
        await (await fetch(`${url}/healthz`)).text()
      }
      await catchUp()
      for (const context of contexts) await context.clock.setSystemTime(clock.now())
    },
    async sendNonsense() {
      const events = [{ data: { type: 'event', id: 'meeting-ended', attributes: {}, event: { ts: 1 } } }]
      const { target, headers, body } = signWebhook({ callbackUrl, secret, events, timestamp: 0.5 })
      const response = await fetch(url + target, { method: 'POST', headers, body })
      if (response.status !== 200) throw new Error(`the callback was answered with ${response.status}`)
    },
    async pictures(name) {
      const pages = [...contexts].flatMap(context => context.pages())
      for (const [index, page] of pages.entries()) await picture(page, `${name}/${index}`)
    },
    stop,
    async restart() {
      running = await open()
    },
    async close() {
      await browser.close()
      clearInterval(ticking)
      await stop()
      await bbb.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A port nobody has at the moment: the server must come back where it was. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  if (address === null || typeof address === 'string') throw new TypeError('no port')
  return address.port
}
