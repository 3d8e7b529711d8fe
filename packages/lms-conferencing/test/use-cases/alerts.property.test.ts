import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Alert, type AlertMemory, alertAdvice, alertKey, decideAlert } from '../../src/alert.ts'

const everyMs = 3_600_000

/** Plays raised keys, each so long after the one before, and answers what was told. */
function play(steps: readonly { readonly key: string; readonly afterMs: number }[]) {
  let memory: AlertMemory = new Map()
  let now = 0
  const told: { key: string; at: number; swallowed: number }[] = []
  for (const { key, afterMs } of steps) {
    now += afterMs
    const decided = decideAlert(memory, { key, now, everyMs })
    memory = decided.memory
    if (decided.swallowed !== null) told.push({ key, at: now, swallowed: decided.swallowed })
  }
  return { told, memory }
}

const steps = fc.array(
  fc.record({ key: fc.constantFrom('a', 'b', 'c'), afterMs: fc.integer({ min: 0, max: 2 * everyMs }) }),
  { maxLength: 60 },
)

describe('alerts', () => {
  it('the same is told at most once an hour, the first always, and none is forgotten', () => {
    fc.assert(
      fc.property(steps, given => {
        const { told, memory } = play(given)
        for (const key of ['a', 'b', 'c']) {
          const times = told.filter(one => one.key === key).map(({ at }) => at)
          for (const [index, at] of times.entries()) {
            const before = times[index - 1]
            if (before !== undefined) expect(at - before).toBeGreaterThanOrEqual(everyMs)
          }
          const raised = given.filter(one => one.key === key).length
          const swallowed = told.filter(one => one.key === key).reduce((sum, one) => sum + one.swallowed, 0)
          // Each was told, is counted in one that was told, or is counted for the next one.
          expect(times.length + swallowed + (memory.get(key)?.swallowed ?? 0)).toBe(raised)
          if (raised > 0) expect(times.length).toBeGreaterThan(0)
        }
      }),
    )
  })

  it('what one key says has no effect on another', () => {
    fc.assert(
      fc.property(steps, given => {
        const alone = (key: string) => {
          let skipped = 0
          const own: { key: string; afterMs: number }[] = []
          for (const step of given) {
            if (step.key === key) {
              own.push({ key, afterMs: step.afterMs + skipped })
              skipped = 0
            } else skipped += step.afterMs
          }
          return play(own).told
        }
        const { told } = play(given)
        for (const key of ['a', 'b', 'c']) expect(told.filter(one => one.key === key)).toEqual(alone(key))
      }),
    )
  })

  it('a clock that was set back does not silence it, and the memory does not grow for ever', () => {
    let memory: AlertMemory = new Map()
    memory = decideAlert(memory, { key: 'a', now: everyMs * 10, everyMs }).memory
    expect(decideAlert(memory, { key: 'a', now: 0, everyMs }).swallowed).toBe(0)
    for (let index = 0; index < 3000; index++)
      memory = decideAlert(memory, { key: `${index}`, now: index, everyMs }).memory
    expect(memory.size).toBe(1000)
    expect(memory.has('2999')).toBe(true)
  })

  it('each kind has advice and a key of its own', () => {
    const provider = 'bbb'
    const alerts: readonly Alert[] = [
      { type: 'meeting-failed', classId: 'c', courseId: 'k', provider },
      { type: 'meeting-ready', classId: 'c', courseId: 'k', provider },
      { type: 'dead-letter', provider, seq: 1, reason: 'INVALID' },
      { type: 'server-unreachable', provider, call: 'openMeeting' },
      { type: 'credentials-refused', provider, call: 'openMeeting' },
      { type: 'callbacks-refused', provider, reason: 'mismatch' },
      { type: 'callbacks-stale', provider },
      { type: 'hook-lost', provider, found: 'hook created' },
      { type: 'gap-found', classId: 'c', from: new Date(0), to: new Date(1) },
      { type: 'store-unavailable', reason: 'full' },
    ]
    expect(alerts.map(({ type }) => type).sort()).toEqual(Object.keys(alertAdvice).sort())
    expect(new Set(alerts.map(alertKey)).size).toBe(alerts.length)
  })
})
