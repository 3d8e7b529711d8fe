import { createServer, type Server } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { BbbClient } from 'bbb-client'
import { FakeBbb, type FakeBbbOptions, ManualClock } from 'bbb-client/testing'
import { onTestFinished } from 'vitest'
import { type Conferencing, createConferencing } from '../../src/conferencing.ts'
import { ConferencingError } from '../../src/errors.ts'
import type { LiveClass, Participant } from '../../src/model.ts'
import { bbbProvider } from '../../src/providers/bbb/index.ts'
import { openStore } from '../../src/sql/index.ts'
import type { Notice } from '../../src/use-cases/notice.ts'

const secret = 'a-secret-of-thirty-two-characters'
const path = '/api/v1/classes/bbb-webhook/9f2c4e'
const teacher: Participant = { userId: 'tea', displayName: 'Tea', role: 'moderator' }
const minuteMs = 60_000

/**
 * A school on a BigBlueButton server that calls back over sockets, on one clock that a test moves by hand. What a running
 * process does by itself is done minute by minute, as long as it is up.
 */
export async function bbbSchool(options: Partial<FakeBbbOptions> & { readonly reports?: boolean } = {}) {
  const { reports = true, ...fakeOptions } = options
  const clock = new ManualClock()
  const fake = new FakeBbb({ secret, clock, ...fakeOptions })
  const served = await fake.serve()
  const client = new BbbClient({ url: served.url, secret, retry: { attempts: 1 } })
  const store = await openStore('sqlite::memory:')
  const notices: Notice[] = []
  const startsAt = clock.now()
  let process: Conferencing | undefined
  let door: Server | undefined
  let port = 0
  let isRefusing = false

  /** A new process with its open door; the store is all it knows of the one before. */
  async function up(): Promise<void> {
    const listening = createServer(async (request, response) => {
      const { method = '', url = '', headers } = request
      if (isRefusing) {
        response.writeHead(401).end()
        return
      }
      try {
        await running().receiveCallback('bbb', { method, target: url, headers, body: await buffer(request) })
        response.writeHead(200).end()
      } catch (error) {
        response.writeHead(error instanceof ConferencingError && error.code === 'CALLBACK_REJECTED' ? 401 : 503).end()
      }
    })
    await new Promise<void>(resolve => listening.listen(port, '127.0.0.1', resolve))
    door = listening
    const address = listening.address()
    if (typeof address !== 'object' || address === null) throw new Error('no port')
    port = address.port
    process = createConferencing({
      providers: {
        bbb: bbbProvider({
          client,
          callbacks: { url: `http://127.0.0.1:${port}${path}`, secrets: secret, ...(!reports && { baseUrl: null }) },
          clock,
        }),
      },
      store,
      clock,
      random: () => 0,
      roster: () => ['ana', 'bob', 'cho'].map(userId => ({ userId, displayName: userId })),
      notify: notice => void notices.push(notice),
    })
    await process.rounds.heartbeat()
  }

  async function down(): Promise<void> {
    process = undefined
    const closing = door
    if (!closing) return
    door = undefined
    const closed = new Promise<void>(resolve => closing.close(() => resolve()))
    closing.closeAllConnections()
    await closed
  }

  const running = (): Conferencing => {
    if (!process) throw new Error('no process runs')
    return process
  }

  /** What the background does in one minute. */
  async function work({ looks = true }: { readonly looks?: boolean } = {}): Promise<void> {
    await fake.idle()
    if (!process) return
    const { rounds } = process
    await rounds.callbacks()
    await rounds.heartbeat()
    if (((clock.now() - startsAt) / minuteMs) % 5 === 0) await rounds.keepCallbacks()
    if (looks) await rounds.snapshots()
    await rounds.close()
    await rounds.reconcile()
  }

  /** Moves time on to so many minutes after the start of the class. */
  async function goTo(minutes: number, how: { readonly looks?: boolean } = {}): Promise<void> {
    while (clock.now() < startsAt + minutes * minuteMs) {
      await clock.advance(minuteMs - ((clock.now() - startsAt) % minuteMs))
      await work(how)
    }
  }

  async function lesson(durationMinutes = 60): Promise<LiveClass> {
    const { id } = await running().createClass({
      courseId: 'physics',
      teacherId: 'tea',
      title: 'Waves',
      startsAt: new Date(startsAt),
      durationMinutes,
      record: true,
    })
    const { liveClass } = await running().startClass(id, teacher)
    return liveClass
  }

  await up()
  await running().rounds.keepCallbacks()
  onTestFinished(async () => {
    await down()
    await fake.close()
    await store.close()
  })
  return {
    clock,
    fake,
    client,
    store,
    notices,
    running,
    up,
    down,
    work,
    goTo,
    lesson,
    /** What is called meanwhile is refused, which the sender takes for delivered. */
    async refuse(during: () => Promise<void>): Promise<void> {
      isRefusing = true
      await during()
      isRefusing = false
    },
    callbackUrl: `http://127.0.0.1:${port}${path}`,
    /** Minutes after the start of the class. */
    minute: (minutes: number): number => startsAt + minutes * minuteMs,
    join: (liveClass: LiveClass, userID: string) =>
      fake.simulate.join(liveClass.meetingId, { userID, fullName: userID }),
  }
}
