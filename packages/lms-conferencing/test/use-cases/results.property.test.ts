import fc from 'fast-check'
import { openStore } from 'lms-conferencing/sql'
import { expect, test } from 'vitest'
import type { ClassRow } from '../../src/attendance/index.ts'
import type { Provenance } from '../../src/model.ts'
import { resolveOptions } from '../../src/options.ts'
import type { ClassPatch } from '../../src/store.ts'
import type { NewResult } from '../../src/store-results.ts'
import { sampleClass } from '../../src/testing/store/samples.ts'
import { classAttendance } from '../../src/use-cases/attendance.ts'
import { createResultsRound, settleResults } from '../../src/use-cases/results.ts'
import { anyInput } from '../attendance/arbitrary.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { PlainProvider } from '../support/plain-provider.ts'

const step = 20_000
const time = fc.integer({ min: 0, max: 40 }).map(steps => steps * step)
const provenance = fc.constantFrom<Provenance>('webhook', 'report', 'snapshot', 'lms')

const happening = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('facts' as const),
      from: fc.nat(),
      many: fc.integer({ min: 1, max: 4 }),
      provenance,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('gap' as const), from: time, to: time }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('plan' as const),
      startsAt: time,
      minutes: fc.integer({ min: 1, max: 12 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('counted' as const), messages: fc.nat(8) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('over' as const), startedAt: time, endedAt: time }) },
)
/** What happens, and what is then done about it. */
const steps = fc.array(fc.tuple(happening, fc.constantFrom('nothing', 'settle', 'settle', 'round')), {
  minLength: 6,
  maxLength: 10,
})

const figures = (row: NewResult): NewResult => ({
  person: row.person,
  status: row.status,
  creditedMs: row.creditedMs,
  heldMs: row.heldMs,
  minutes: row.minutes,
  percentage: row.percentage,
  participationScore: row.participationScore,
  late: row.late,
  leftEarly: row.leftEarly,
  confidence: row.confidence,
  provenance: row.provenance,
  onRoster: row.onRoster,
})

const byPerson = (rows: readonly (NewResult | ClassRow)[]): readonly NewResult[] =>
  rows.map(figures).sort((a, b) => (a.person < b.person ? -1 : 1))

test('whatever comes in whatever order, results that are current are what all facts together say', async () => {
  await fc.assert(
    fc.asyncProperty(anyInput, steps, async ({ events, roster, options }, happenings) => {
      const store = await openStore('sqlite::memory:')
      try {
        const context = resolveOptions({
          providers: { bbb: new PlainProvider() },
          store,
          tenantId: 'school',
          clock: new ManualClock('2027-03-01T08:30:00Z'),
          roster: () => [...new Set([...roster, 'ana'])].map(userId => ({ userId, displayName: userId })),
          attendance: options,
        })
        const round = createResultsRound(context)
        await store.transaction(tx => tx.insertClass(sampleClass({ provider: 'bbb', startsAt: new Date(0) })))
        const patch = (change: ClassPatch) =>
          store.transaction(async tx => {
            const row = await tx.getClass('school', 'class-1')
            if (row) await tx.updateClass(row, change, new Date(0))
          })
        const check = async (): Promise<boolean> => {
          const state = await store.read(tx => tx.getResultsState('school', 'class-1'))
          const isCurrent = state !== null && state.resultsVersion === state.factsVersion
          const kept = await store.read(tx => tx.listResults('school', 'class-1'))
          if (isCurrent)
            expect(byPerson(kept)).toEqual(byPerson((await classAttendance(context, 'class-1')).report.rows))
          return isCurrent
        }
        await patch({ status: 'completed', startedAt: new Date(0), endedAt: new Date(40 * step) })
        const early = events.filter((_, index) => index % 2 === 0)
        await store.transaction(tx =>
          tx.addEvents(
            'school',
            'class-1',
            early.map(event => ({ event, provenance: 'webhook' as const })),
          ),
        )
        await settleResults(context, 'class-1')
        expect(await check()).toBe(true)
        for (const [one, then] of happenings) {
          if (one.kind === 'facts') {
            const from = one.from % Math.max(1, events.length)
            const some = events.slice(from, from + one.many)
            const stored = some.map(event => ({ event, provenance: one.provenance }))
            await store.transaction(tx => tx.addEvents('school', 'class-1', stored))
          } else if (one.kind === 'gap') {
            const gap = {
              from: Math.min(one.from, one.to),
              to: Math.max(one.from, one.to),
              cause: 'receiver_down',
            } as const
            const where = { tenantId: 'school', provider: 'bbb', serverId: null, foundAt: new Date(0) } as const
            await store.transaction(tx => tx.addGap({ ...where, ...gap }))
          } else if (one.kind === 'plan') {
            await patch({ startsAt: new Date(one.startsAt), durationMinutes: one.minutes })
          } else if (one.kind === 'counted') {
            const { messages } = one
            const activity = { talkMs: 0, messages, raisedHands: 0, reactions: 0, pollAnswers: 0 }
            const people = [{ person: 'ana', activity }]
            const run = { instance: 'i1', pollsPublished: 0, people }
            await store.transaction(tx => tx.putActivity('school', 'class-1', [run]))
          } else {
            const [startedAt, endedAt] = [one.startedAt, one.endedAt].sort((a, b) => a - b)
            await patch({ status: 'completed', startedAt: new Date(startedAt ?? 0), endedAt: new Date(endedAt ?? 0) })
          }
          const isCurrent = await check()
          if (then === 'nothing') continue
          if (then === 'settle') await settleResults(context, 'class-1')
          else expect(await round.run()).toBe(isCurrent ? 0 : 1)
          expect(await check()).toBe(true)
        }
      } finally {
        await store.close()
      }
    }),
    { numRuns: 40 },
  )
})
