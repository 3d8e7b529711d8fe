import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BbbClient } from 'bbb-client'
import { FakeBbb, ManualClock } from 'bbb-client/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createConferencing } from '../../src/index.ts'
import { bbbProvider } from '../../src/providers/bbb/index.ts'
import { openStore } from '../../src/sql/index.ts'

/** Callbacks that a real bbb-webhooks sent, one JSON object a line. */
const data = process.env.CONFORMANCE_DATA

interface Capture {
  readonly callbackURL: string
  readonly secret: string
  readonly method: string
  readonly target: string
  readonly rawHeaders: readonly (readonly [string, string])[]
  readonly bodyBase64: string
}

const readSeries = (name: string): readonly Capture[] =>
  readFileSync(join(data ?? '', 'bbb/webhook-captures', `${name}.jsonl`), 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))

const teacher = { userId: 'u-1001', displayName: 'Alice Müller', role: 'moderator' } as const
const roster = ['u-1001', 'u-1002', 'u-1003'].map(userId => ({ userId, displayName: userId }))

/** Plays a class of that meeting id, whose callbacks come as given, and returns who was there. */
async function replay(
  callbacks: readonly Capture[],
  classOf: { readonly meetingID: string; readonly startedAt: number },
) {
  const [first] = callbacks
  if (first === undefined) throw new Error('an empty series')
  const clock = new ManualClock({ startAt: classOf.startedAt })
  const server = await new FakeBbb({ secret: 'the-secret-of-the-fake-server', clock }).serve({ port: 0 })
  const store = await openStore('sqlite::memory:')
  const client = new BbbClient({ url: server.url, secret: server.secret })
  const conferencing = createConferencing({
    providers: {
      bbb: bbbProvider({ client, idPrefix: 'room-', callbacks: { url: first.callbackURL, secrets: first.secret } }),
    },
    store,
    clock,
    newId: () => classOf.meetingID.slice('room-'.length),
    roster: () => roster,
  })
  try {
    const { id } = await conferencing.createClass({
      courseId: 'algebra',
      teacherId: 'u-1001',
      title: 'Algebra',
      startsAt: new Date(classOf.startedAt),
      durationMinutes: 60,
    })
    await conferencing.startClass(id, teacher)
    for (const { method, target, rawHeaders, bodyBase64 } of callbacks) {
      await conferencing.receiveCallback('bbb', {
        method,
        target,
        headers: Object.fromEntries(rawHeaders),
        body: Buffer.from(bodyBase64, 'base64'),
      })
    }
    await conferencing.rounds.callbacks()
    // Nobody pressed "end": the class is over once its room has stayed closed for a while.
    await clock.advance(2 * 3_600_000)
    await conferencing.rounds.close()
    const { result, report, liveClass } = await conferencing.attendance(id)
    const { final, heldMs, held } = result
    return {
      final,
      heldMs,
      held,
      status: liveClass.status,
      endedAt: liveClass.endedAt?.getTime(),
      records: report.rows,
    }
  } finally {
    await conferencing.stop()
    await store.close()
    await server.close()
  }
}

const person = (userId: string, facts: object) =>
  expect.objectContaining({ person: userId, confidence: 'exact', anomalies: [], gaps: 0, ...facts })

describe.skipIf(data === undefined)(
  'captures of a real bbb-webhooks, through the inbox (needs CONFORMANCE_DATA)',
  () => {
    // A meeting of 606 ms: Bob's connection broke for 60 ms, and his join and leave were each told twice.
    const t = 1_795_370_308_000
    const reconnects = {
      final: true,
      status: 'completed',
      endedAt: t + 723,
      heldMs: 606,
      held: [[t + 117, t + 723]],
      records: [
        person('u-1001', {
          status: 'present',
          percentage: 80,
          firstJoin: t + 177,
          lastLeave: t + 662,
          observedMs: 485,
          creditedMs: 485,
          reconnects: 0,
        }),
        person('u-1002', {
          status: 'partial',
          percentage: 49.8,
          firstJoin: t + 237,
          lastLeave: t + 539,
          observedMs: 242,
          bridgedMs: 60,
          creditedMs: 302,
          reconnects: 1,
        }),
        person('u-1003', { status: 'absent', percentage: 0, firstJoin: null, lastLeave: null, creditedMs: 0 }),
      ],
    }

    // A whole life: Alice on two devices, one of which and Chandra were still there at the end.
    const s = 1_795_370_291_000
    const life = {
      final: true,
      status: 'completed',
      endedAt: s + 2845,
      heldMs: 2202,
      held: [[s + 643, s + 2845]],
      records: [
        person('u-1001', {
          status: 'present',
          percentage: 97.3,
          firstJoin: s + 703,
          lastLeave: s + 2845,
          observedMs: 2142,
          creditedMs: 2142,
          reconnects: 0,
        }),
        person('u-1002', {
          status: 'present',
          percentage: 80.7,
          firstJoin: s + 825,
          lastLeave: s + 2601,
          observedMs: 1776,
          creditedMs: 1776,
        }),
        person('u-1003', {
          status: 'partial',
          percentage: 16.6,
          firstJoin: s + 2479,
          lastLeave: s + 2845,
          observedMs: 366,
          creditedMs: 366,
        }),
      ],
    }

    const series = [
      {
        name: 'v34-sha256-reconnects',
        meetingID: 'room-algebra-107',
        startedAt: t + 115,
        expected: reconnects,
        runs: 60,
      },
      { name: 'v34-sha256-query', meetingID: 'room-algebra-102', startedAt: s + 640, expected: life, runs: 20 },
    ]

    it.each(series)(
      '$name gives the attendance a person works out by hand',
      async ({ name, meetingID, startedAt, expected }) => {
        expect(await replay(readSeries(name), { meetingID, startedAt })).toEqual(expected)
      },
    )

    it.each(series)(
      '$name gives the same in any order, each callback one to three times (F7, F8)',
      async ({ name, meetingID, startedAt, expected, runs }) => {
        const callbacks = readSeries(name)
        const delivery = fc
          .tuple(
            ...callbacks.map((_, n) =>
              fc.integer({ min: 1, max: 3 }).map(times => Array.from({ length: times }, () => n)),
            ),
          )
          .map(copies => copies.flat())
          .chain(all => fc.shuffledSubarray(all, { minLength: all.length }))
        await fc.assert(
          fc.asyncProperty(delivery, async order => {
            const delivered = order.flatMap(n => callbacks[n] ?? [])
            expect(await replay(delivered, { meetingID, startedAt })).toEqual(expected)
          }),
          { numRuns: runs },
        )
      },
    )
  },
)
