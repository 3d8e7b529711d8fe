import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { BbbClient } from 'bbb-client'
import { type BenchRow, durations, median } from './support/measure.ts'

const SECRET = 'a-secret-of-benches-only-0123456789'

function meeting(attendees: number): string {
  const list = Array.from(
    { length: attendees },
    (_, i) => `<attendee>
<userID>user-${i}</userID>
<fullName>Jürgen Müller ${i} &amp; Söhne</fullName>
<role>${i === 0 ? 'MODERATOR' : 'VIEWER'}</role>
<isPresenter>false</isPresenter>
<isListeningOnly>false</isListeningOnly>
<hasJoinedVoice>true</hasJoinedVoice>
<hasVideo>false</hasVideo>
<clientType>HTML5</clientType>
<customdata>
<bbb_auto_join_audio>true</bbb_auto_join_audio>
</customdata>
</attendee>
`,
  )
  return `<response>
<returncode>SUCCESS</returncode>
<meetingName>Physics</meetingName>
<meetingID>physics</meetingID>
<internalMeetingID>c108d81d0c29c6f85efdde71fb3ebaeed0751a68-1704164645123</internalMeetingID>
<createTime>1704164645123</createTime>
<running>true</running>
<participantCount>${attendees}</participantCount>
<attendees>
${list.join('')}</attendees>
<metadata>
<bbb-origin>lms</bbb-origin>
</metadata>
<isBreakout>false</isBreakout>
</response>`
}

function recordings(count: number): string {
  const list = Array.from({ length: count }, (_, i) => {
    const id = `c108d81d0c29c6f85efdde71fb3ebaeed0751a68-${1704164645123 + i}`
    const format = (type: string): string =>
      `<format><type>${type}</type><url>https://bbb.example.org/playback/${type}/2.3/${id}</url><processingTime>25200000</processingTime><length>60</length><size>10800000</size><preview><images>${[1, 2, 3].map(n => `<image width="176" height="136" alt="Slide ${n} &amp; more">https://bbb.example.org/presentation/${id}/thumbnails/thumb-${n}.png</image>`).join('')}</images></preview></format>`
    return `<recording><recordID>${id}</recordID><meetingID>physics-${i}</meetingID><internalMeetingID>${id}</internalMeetingID><name>Physics ${i} &amp;amp; more</name><isBreakout>false</isBreakout><published>true</published><state>published</state><startTime>${1704164645123 + i}</startTime><endTime>${1704168245123 + i}</endTime><participants>30</participants><rawSize>493084</rawSize><metadata><meetingName>Physics ${i} &amp; more</meetingName><meetingId>physics-${i}</meetingId><bbb-origin>lms</bbb-origin><isBreakout>false</isBreakout></metadata><size>21600000</size><playback>${format('presentation')}${format('video')}</playback><data></data></recording>`
  })
  return `<response><returncode>SUCCESS</returncode><recordings>${list.join('')}</recordings></response>`
}

/** The least that finds every element once: one pass, no checks, no types. */
function scan(bytes: Buffer): number {
  const text = bytes.toString('utf8')
  let found = 0
  for (let at = text.indexOf('<'); at >= 0; ) {
    const end = text.indexOf('>', at)
    const next = text.indexOf('<', end)
    if (text.charCodeAt(at + 1) !== 47 && next > end) found += text.slice(end + 1, next).length
    at = next
  }
  return found
}

/** A client whose server gives this answer without a socket. */
function clientOf(body: Buffer): BbbClient {
  const headers = new Headers({ 'content-type': 'text/xml' })
  return new BbbClient({
    url: 'https://bbb.example.org',
    secret: SECRET,
    onWarning: () => {},
    fetch: async () => ({
      status: 200,
      headers,
      body: (async function* () {
        yield body
      })(),
    }),
  })
}

/** Longest time during which nothing else could run, while `work` did; median of several. */
async function longestBlock(work: () => Promise<unknown>): Promise<number> {
  const longest: number[] = []
  for (let round = 0; round < 12; round++) {
    let last = performance.now()
    let worst = 0
    let running = true
    const tick = (): void => {
      const now = performance.now()
      worst = Math.max(worst, now - last)
      last = now
      if (running) setImmediate(tick)
    }
    setImmediate(tick)
    await work()
    running = false
    await new Promise(resolve => setImmediate(resolve))
    if (round >= 3) longest.push(worst)
  }
  return median(longest)
}

/** MiB that a result keeps, once everything else is collected. */
async function held(work: () => Promise<unknown>): Promise<number> {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  const kept: unknown[] = []
  await work()
  collect()
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < 5; i++) kept.push(await work())
  collect()
  const { heapUsed } = process.memoryUsage()
  return (heapUsed - before) / kept.length / 2 ** 20
}

interface Case {
  readonly name: string
  readonly body: Buffer
  readonly read: (client: BbbClient) => Promise<unknown>
  /** Milliseconds. */
  readonly target: number
}

/** Answers → typed, checked results, and how long the process cannot do anything else meanwhile. */
export default async function bench(): Promise<readonly BenchRow[]> {
  const info = (client: BbbClient): Promise<unknown> => client.getMeetingInfo({ meetingID: 'physics' })
  const cases: readonly Case[] = [
    { name: 'getMeetingInfo, 100 attendees', body: Buffer.from(meeting(100)), read: info, target: 0.7 },
    { name: 'getMeetingInfo, 5,000 attendees', body: Buffer.from(meeting(5000)), read: info, target: 40 },
    {
      name: 'getRecordings, 1,000 recordings',
      body: Buffer.from(recordings(1000)),
      read: client => client.getRecordings(),
      target: 40,
    },
  ]
  const rows: BenchRow[] = []
  for (const { name, body, read, target } of cases) {
    const client = clientOf(body)
    const repeat = body.length < 100_000 ? 50 : 1
    const times = async (work: () => unknown): Promise<void> => {
      for (let i = 0; i < repeat; i++) await work()
    }
    const [ours, limit] = await durations([() => times(() => read(client)), () => times(() => scan(body))])
    rows.push({
      name: `${name} (<= ${target} ms)`,
      ours: ours / repeat,
      limit: limit / repeat,
      unit: 'ms',
      ratio: limit / ours,
      note: `${Math.round(body.length / 1024)} KiB; limit: one pass that finds the texts`,
    })
    if (repeat === 1) {
      const mebibytes = await held(() => read(client))
      rows.push({ name: '… memory (<= 20 MiB)', ours: mebibytes, limit: 20, unit: 'MiB', ratio: 20 / mebibytes })
      const block = await longestBlock(() => read(client))
      rows.push({ name: `… longest block (<= 15 ms)`, ours: block, limit: 15, unit: 'ms', ratio: 15 / block })
    }
  }
  return rows
}
