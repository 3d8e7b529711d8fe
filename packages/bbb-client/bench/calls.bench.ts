import { hash } from 'node:crypto'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { BbbClient } from 'bbb-client'
import { Agent, type Dispatcher } from 'undici'
import { type BenchRow, median } from './support/measure.ts'

const SECRET = 'a-secret-of-benches-only-0123456789'
const CALLS = 20_000
const ROUNDS = 5

/** So many at once, until so many are done; milliseconds in all, and of the slowest hundredth. */
async function run(
  call: () => Promise<unknown>,
  concurrency: number,
): Promise<{ ms: number; p99: number; cpu: number }> {
  const latencies: number[] = []
  let left = CALLS
  const cpu = process.cpuUsage()
  const began = performance.now()
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (left-- > 0) {
        const start = performance.now()
        await call()
        latencies.push(performance.now() - start)
      }
    }),
  )
  const ms = performance.now() - began
  const { user, system } = process.cpuUsage(cpu)
  latencies.sort((a, b) => a - b)
  return { ms, p99: latencies[Math.floor(latencies.length * 0.99)] ?? 0, cpu: (user + system) / CALLS }
}

/** The least that asks and understands: signs, dispatches, looks for one word. */
function dispatchOnce(dispatcher: Dispatcher, origin: string, meetingID: string): Promise<boolean> {
  const query = `meetingID=${encodeURIComponent(meetingID)}`
  const path = `/bigbluebutton/api/isMeetingRunning?${query}&checksum=${hash('sha256', `isMeetingRunning${query}${SECRET}`)}`
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    dispatcher.dispatch(
      { origin, path, method: 'GET' },
      {
        onRequestStart() {},
        onResponseStart() {},
        onResponseData(_controller, chunk) {
          chunks.push(chunk)
        },
        onResponseEnd() {
          resolve(Buffer.concat(chunks).toString().includes('<running>true</running>'))
        },
        onResponseError(_controller, error) {
          reject(error)
        },
      },
    )
  })
}

/** Calls per second against a server on loopback, in a thread of its own. */
export default async function bench(): Promise<readonly BenchRow[]> {
  const worker = new Worker(new URL('./support/server-thread.ts', import.meta.url))
  const [port] = await once(worker, 'message')
  const origin = `http://127.0.0.1:${port}`
  const agent = new Agent({ connections: 50 })
  const client = new BbbClient({ url: origin, secret: SECRET, dispatcher: agent })
  let number = 0
  const ours = (): Promise<unknown> => client.isMeetingRunning({ meetingID: `physics-room-${number++ % 1000}` })
  const limit = (): Promise<unknown> => dispatchOnce(agent, origin, `physics-room-${number++ % 1000}`)
  const rows: BenchRow[] = []
  for (const concurrency of [50, 500]) {
    const results: { ms: number; p99: number; cpu: number }[][] = [[], []]
    for (let round = -1; round < ROUNDS; round++)
      for (const [i, call] of [ours, limit].entries()) {
        const result = await run(call, concurrency)
        if (round >= 0) results[i]?.push(result)
      }
    const [mine = [], least = []] = results
    const perSecond = (list: readonly { ms: number }[]): number => (CALLS * 1000) / median(list.map(({ ms }) => ms))
    const p99 = [median(mine.map(result => result.p99)), median(least.map(result => result.p99))] as const
    if (concurrency === 50)
      rows.push({
        name: 'isMeetingRunning, 50 at once (>= 0.70)',
        ours: perSecond(mine),
        limit: perSecond(least),
        unit: 'calls/s',
        ratio: perSecond(mine) / perSecond(least),
        note: `${median(mine.map(({ cpu }) => cpu)).toFixed(0)} µs of CPU each (<= 30), limit ${median(least.map(({ cpu }) => cpu)).toFixed(0)}: undici dispatch`,
      })
    else
      rows.push({
        name: 'slowest hundredth, 500 at once (<= 40 ms)',
        ours: p99[0],
        limit: p99[1],
        unit: 'ms',
        ratio: p99[1] / p99[0],
      })
  }
  await agent.destroy()
  await worker.terminate()
  return rows
}
