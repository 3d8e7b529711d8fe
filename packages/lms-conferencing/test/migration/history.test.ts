import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { folderSink, type HistoryOptions, importHistory } from '../../src/migration/index.ts'
import type { Meeting, MeetingSpec } from '../../src/model.ts'
import type { ZoomProviderOptions } from '../../src/providers/zoom/index.ts'
import { openStore } from '../../src/sql/index.ts'
import type { Store } from '../../src/store.ts'
import { sampleClass } from '../../src/testing/store/samples.ts'
import { temporaryDirectory } from '../sql/support.ts'
import { PlainProvider, unavailable } from '../support/plain-provider.ts'
import { timePassing, zoomWorld } from '../support/zoom-under-test.ts'

const DAY_MS = 86_400_000

/** An account with meetings that are over, and the classes in a store: two people came to each, one of them twice. */
async function pastMeetings(count: number, providerOptions: Partial<ZoomProviderOptions> = {}) {
  const zoom = zoomWorld(
    { reportDelayMs: 0 },
    {
      settings: { registration: false },
      ...providerOptions,
    },
  )
  const { clock, fake, provider } = zoom
  const store = await openStore('sqlite::memory:')
  onTestFinished(async () => {
    await fake.close()
    await store.close()
  })
  const letTimePass = timePassing(clock)
  const meetings: Meeting[] = []
  for (let index = 0; index < count; index++) {
    // A host may make a hundred a day.
    if (index % 90 === 0) await clock.advance(DAY_MS)
    const startsAt = new Date(clock.now() + 3_600_000)
    const spec: MeetingSpec = {
      classId: `class-${index}`,
      courseId: `course-${index % 7}`,
      title: 'Lesson',
      description: '',
      startsAt,
      durationMinutes: 60,
      record: true,
    }
    const meeting = await letTimePass(provider.openMeeting(provider.planMeeting(spec), spec))
    const link = await letTimePass(provider.joinLink(meeting, { userId: 't', displayName: 'T', role: 'moderator' }))
    const student = await letTimePass(provider.joinLink(meeting, { userId: 's', displayName: 'S', role: 'attendee' }))
    fake.visit(link)
    const visit = fake.visit(student, { name: 'S' })
    await clock.advance(600_000)
    visit.leave()
    fake.visit(student, { name: 'S' })
    await clock.advance(600_000)
    fake.end(meeting.meetingId)
    fake.finishRecording(meeting.meetingId)
    meetings.push(meeting)
    await store.transaction(tx =>
      tx.insertClass(
        sampleClass(
          {
            id: spec.classId,
            tenantId: 'default',
            status: 'completed',
            startsAt,
            provider: 'zoom',
            meetingId: meeting.meetingId,
          },
          meeting,
        ),
      ),
    )
  }
  const options: HistoryOptions = {
    store,
    provider,
    clock,
    who: 'ada',
    wait: async ms => {
      await clock.advance(ms)
    },
  }
  return { ...zoom, store, options, letTimePass, meetings }
}

const factsOf = (store: Store, id: string) => store.read(tx => tx.listEvents('default', id))

describe('the history', () => {
  test('F28 of 2,000 past meetings ends complete, with Zoom’s limits, expired tokens and pages, and errors all the way', async () => {
    const { fake, options, letTimePass, store } = await pastMeetings(2000)
    // Three rows in each report: one to a page.
    fake.maxPageSize = 1
    let looked = 0
    let limits = 0
    const result = await letTimePass(
      importHistory({
        ...options,
        onWait: () => {
          limits++
        },
        onProgress: () => {
          looked++
          if (looked % 50 === 0) fake.revokeTokens()
          if (looked % 31 === 0) fake.fail({ kind: 'status', status: 502, times: 2 })
          if (looked % 43 === 0) fake.expirePages()
          if (looked % 20 === 0) fake.maxPageSize = 1 + (looked % 3)
        },
      }),
    )
    expect(result).toMatchObject({
      isComplete: true,
      imported: 2000,
      empty: 0,
      already: 0,
      problems: [],
      resumeAt: null,
    })
    // More reports than Zoom gives in a day.
    expect(limits).toBeGreaterThan(0)
    // Per class: begun, three connections that came and went, ended; no gap, no duplicate.
    expect(result).toMatchObject({
      newFacts: 2000 * 8,
      recordings: 2000,
      after: { facts: 2000 * 8 },
      before: { facts: 0 },
    })
    for (const id of ['class-0', 'class-777', 'class-1999']) {
      const facts = await factsOf(store, id)
      expect(facts).toHaveLength(8)
      expect(new Set(facts.map(({ provenance }) => provenance))).toEqual(new Set(['report']))
      expect(await store.read(tx => tx.listRecordings('default', id))).toHaveLength(1)
    }
    const [operation] = await store.read(tx => tx.listOperations('default', 1))
    expect(operation).toMatchObject({ who: 'ada', what: 'history', count: 2000 })

    const asked = fake.requests.length
    expect(await importHistory(options)).toMatchObject({ isComplete: true, imported: 0, already: 2000, newFacts: 0 })
    expect(fake.requests.length).toBe(asked)
  }, 300_000)

  test('F28 where nobody waits it stops at the limit, says when to go on, and goes on there', async () => {
    const { fake, options, letTimePass, clock } = await pastMeetings(5)
    const { wait: _, ...rest } = options
    await letTimePass(importHistory({ ...rest, onProgress: ({ done }) => done === 3 && fake.spendDay('heavy') })).then(
      stopped => {
        expect(stopped).toMatchObject({ isComplete: false, imported: 2 })
        expect(stopped.resumeAt?.getTime()).toBe((Math.floor(clock.now() / DAY_MS) + 1) * DAY_MS)
      },
    )
    await clock.advance(DAY_MS)
    expect(await letTimePass(importHistory(rest))).toMatchObject({ isComplete: true, imported: 3, already: 2 })
  })

  test('a dry run asks nobody; a class whose provider fails is asked again by the next call; a signal stops it', async () => {
    const { fake, options, letTimePass, store } = await pastMeetings(4)
    const before = fake.requests.length
    expect(await importHistory({ ...options, dryRun: true })).toMatchObject({ imported: 4 })
    expect(fake.requests.length).toBe(before)
    fake.fail({ kind: 'status', status: 500, times: 100, call: 'GET /report/meetings/*/participants' })
    const failed = await letTimePass(importHistory(options))
    expect(failed).toMatchObject({ isComplete: false, imported: 0 })
    expect(failed.problems).toHaveLength(4)
    expect(failed.problems[0]).toMatchObject({ classId: 'class-0', code: 'UNAVAILABLE' })
    fake.recover()
    const stop = new AbortController()
    const stopped = await letTimePass(
      importHistory({ ...options, signal: stop.signal, onProgress: ({ done }) => done === 2 && stop.abort() }),
    )
    expect(stopped.isComplete).toBe(false)
    expect(await letTimePass(importHistory(options))).toMatchObject({ isComplete: true })
    expect(await factsOf(store, 'class-3')).toHaveLength(8)
  })

  test('what webhooks told stays, and totals are told before and after', async () => {
    const { options, letTimePass, store } = await pastMeetings(1)
    const [row] = await store.read(tx => tx.listClasses({ tenantId: 'default' }))
    const at = (row?.liveClass.startsAt.getTime() ?? 0) + 60_000
    await store.transaction(tx =>
      tx.addEvents('default', 'class-0', [
        { event: { type: 'joined', instance: 'i', session: 's', person: 'ana', at }, provenance: 'webhook' },
        {
          event: { type: 'left', instance: 'i', session: 's', person: 'ana', at: at + 600_000 },
          provenance: 'webhook',
        },
      ]),
    )
    const result = await letTimePass(importHistory(options))
    expect(result.before).toEqual({ facts: 2, people: 1, creditedMs: 600_000 })
    expect(result.after).toMatchObject({ facts: 10, people: 1, creditedMs: 600_000 })
    expect(result.lowered).toEqual([])
  })
})

describe('copies of recordings', () => {
  const bytes = Buffer.from(Array.from({ length: 50_000 }, (_, index) => index % 251))

  /** A class over with one file, whose download breaks off after so many bytes, as often as there are numbers. */
  async function oneFile(breaks: readonly number[], said: number | null = bytes.length) {
    const store = await openStore('sqlite::memory:')
    onTestFinished(() => store.close())
    await store.transaction(tx =>
      tx.insertClass(sampleClass({ tenantId: 'default', status: 'completed', provider: 'bbb' })),
    )
    const offsets: number[] = []
    const left = [...breaks]
    const provider = Object.assign(new PlainProvider(), {
      recordingFiles: async () => [
        {
          recordId: '/../run==',
          fileId: 'a/b',
          type: 'mp4',
          extension: 'mp4',
          sizeBytes: said,
          async open({ offset }: { offset: number }) {
            offsets.push(offset)
            const until = left.shift()
            return {
              offset,
              body: (async function* () {
                for (let at = offset; at < bytes.length; at += 1000) {
                  if (until !== undefined && at >= until) throw new Error('reset')
                  yield bytes.subarray(at, at + 1000)
                }
              })(),
            }
          },
        },
      ],
    })
    const folder = temporaryDirectory()
    const options: HistoryOptions = {
      store,
      provider,
      clock: { now: () => 0, setTimeout: () => ({ cancel() {} }), clearTimeout() {} },
      who: 'ada',
      copies: { sink: folderSink(folder) },
    }
    return { options, offsets, folder }
  }

  const pathIn = (folder: string): string => {
    const hashed = (text: string): string =>
      `${text.replaceAll(/[^A-Za-z0-9_-]/g, '_')}-${createHash('sha256').update(text).digest('hex').slice(0, 12)}`
    return join(folder, 'class-1', hashed('/../run=='), `${hashed('a/b')}.mp4`)
  }

  test('go on where they broke off, and have their checksum beside them', async () => {
    const { options, offsets, folder } = await oneFile([10_000, 30_000])
    const result = await importHistory(options)
    expect(result).toMatchObject({ isComplete: true, copies: { copied: 1, bytes: bytes.length, failed: 0 } })
    expect(offsets).toEqual([0, 10_000, 30_000])
    const path = pathIn(folder)
    expect(readFileSync(path).equals(bytes)).toBe(true)
    expect(readFileSync(`${path}.sha256`, 'utf8')).toMatch(
      new RegExp(`^${createHash('sha256').update(bytes).digest('hex')}  .+\\.mp4\\n$`),
    )
    expect(existsSync(`${path}.part`)).toBe(false)
  })

  test('one that never gets whole is asked for again by the next call, from where it is', async () => {
    const { options, offsets } = await oneFile([10_000, 10_000, 10_000])
    expect(await importHistory(options)).toMatchObject({ isComplete: false, copies: { failed: 1 } })
    expect(await importHistory(options)).toMatchObject({ isComplete: true, copies: { copied: 1 } })
    expect(offsets).toEqual([0, 10_000, 10_000, 10_000])
  })

  test('one that is too large stays where it is, also when its size was not told', async () => {
    const { options } = await oneFile([])
    const small = { ...options, copies: { sink: folderSink(temporaryDirectory()), maxBytes: 10_000 } }
    expect(await importHistory(small)).toMatchObject({ copies: { tooLarge: 1, copied: 0, failed: 0 } })
    const unknown = await oneFile([], null)
    const result = await importHistory({ ...unknown.options, copies: { ...small.copies } })
    expect(result.copies).toMatchObject({ copied: 0, failed: 1 })
  })

  test('no name leads out of the folder', async () => {
    const sink = folderSink(temporaryDirectory())
    await expect(sink.stat('../x')).rejects.toMatchObject({ code: 'INVALID' })
    await expect(sink.stat('a b')).rejects.toMatchObject({ code: 'INVALID' })
  })

  test('a provider without files says so', async () => {
    const { options } = await oneFile([])
    const plain = new PlainProvider()
    plain.failNext('report', unavailable('not-sent'))
    const result = await importHistory({ ...options, provider: plain })
    expect(result.problems).toMatchObject([{ code: 'UNAVAILABLE' }])
    const again = await importHistory({ ...options, provider: plain })
    expect(again.problems).toMatchObject([{ code: 'UNSUPPORTED' }])
  })
})

describe('T61 downloads from Zoom', () => {
  test('the token goes to Zoom and nowhere else, and a broken download goes on', async () => {
    const asked: { url: string; authorization: string | null; range: string | null }[] = []
    const { provider, letTimePass, meetings } = await pastMeetings(1, {
      fetch: async (url, init) => {
        const headers = new Headers(init.headers)
        asked.push({ url, authorization: headers.get('authorization'), range: headers.get('range') })
        if (url.includes('zoom.us/'))
          return new Response(null, { status: 302, headers: { location: 'https://storage.example/file?ticket=1' } })
        return new Response('rest', { status: 206, headers: { 'content-range': 'bytes 5-8/9' } })
      },
    })
    const [meeting] = meetings
    if (!meeting) throw new Error('no meeting')
    const files = await letTimePass(provider.recordingFiles?.(meeting) ?? Promise.resolve([]))
    expect(files.map(({ extension, sizeBytes }) => [extension, sizeBytes])).toEqual([
      ['mp4', 5_000_000],
      ['m4a', 5_000_000],
    ])
    expect(JSON.stringify(files)).not.toContain('files-of-')
    const opened = await files[0]?.open({ offset: 5 })
    expect(opened?.offset).toBe(5)
    expect(asked).toMatchObject([
      { authorization: `Bearer files-of-${meeting.meetingId}`, range: 'bytes=5-' },
      { url: 'https://storage.example/file?ticket=1', authorization: null, range: 'bytes=5-' },
    ])
  })
})
