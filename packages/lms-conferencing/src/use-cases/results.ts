import { hash } from 'node:crypto'
import type { ClassRow } from '../attendance/index.ts'
import { resolveOptions } from '../attendance/options.ts'
import type { AttendanceOptions } from '../attendance/types.ts'
import { faultFields } from '../fault.ts'
import type { NewResult, ResultsState } from '../store-results.ts'
import { type ClassAttendance, classAttendance } from './attendance.ts'
import type { Context } from './context.ts'

/** One more when the fold gives other figures for the same facts. */
const rulesVersion = 1

/** What results were computed by: other rules, or other options, make other results of the same facts. */
export const rulesOf = (options: AttendanceOptions): string =>
  `${rulesVersion}-${hash('sha256', JSON.stringify(resolveOptions(options))).slice(0, 16)}`

/** The figures people look at. */
export type AttendanceFigures = Pick<NewResult, 'status' | 'minutes' | 'percentage' | 'participationScore'>

/** What one person's attendance was said to be, and what it is now; `null` where the person was or is not in it. */
export interface AttendanceCorrection {
  readonly userId: string
  readonly before: AttendanceFigures | null
  readonly after: AttendanceFigures | null
}

/**
 * The attendance of a class, computed from the facts in the store each time it is asked for, so that a late callback
 * is in it as soon as it is applied. What is kept of it is brought up to date by the way.
 * Throws `CLASS_NOT_FOUND`.
 */
export async function attendanceOf(context: Context, id: string): Promise<ClassAttendance> {
  // Read before the facts: what comes in between makes the results stale, never wrong and unnoticed.
  const state = await stateOf(context, id)
  const found = await classAttendance(context, id)
  // Whoever asks gets the figures also when they cannot be kept now: the next round will.
  if (isStale(state, found.options)) await keep(context, state, found).catch(error => logUnkept(context, id, error))
  return found
}

/**
 * Brings what is kept of a class up to date; answers whether it is. A failure is logged: the class stays stale, and the
 * next round tries again.
 */
export async function settleResults(context: Context, id: string): Promise<boolean> {
  try {
    const state = await stateOf(context, id)
    if (isStale(state, context.sameForAll)) await keep(context, state, await classAttendance(context, id))
    return true
  } catch (error) {
    logUnkept(context, id, error)
    return false
  }
}

const stateOf = ({ store, tenantId }: Context, id: string): Promise<ResultsState | null> =>
  store.read(tx => tx.getResultsState(tenantId, id))

/** Never for a class that is not over. `null`: by whatever options. */
const isStale = (state: ResultsState | null, options: AttendanceOptions | null): state is ResultsState =>
  state !== null &&
  (state.resultsVersion < state.factsVersion || (options !== null && state.rules !== rulesOf(options)))

const logUnkept = ({ logger }: Context, id: string, error: unknown): void =>
  logger.warn('attendance not kept yet', { class_id: id, ...faultFields(error) })

/** Writes down what is new, and tells whose figures were others before. */
async function keep(context: Context, { factsVersion, rules: oldRules }: ResultsState, found: ClassAttendance) {
  const { tenantId, store, clock } = context
  const { liveClass } = found
  const rules = rulesOf(found.options)
  const results = found.report.rows.map(resultOf)
  const at = new Date(clock.now())
  const before = await store.transaction(tx =>
    tx.saveResults(tenantId, liveClass.id, { factsVersion, rules, results, at }),
  )
  // The first results correct nothing, and other rules are the school's decision, not news about a person.
  if (!before || oldRules !== rules) return
  const corrections = correctionsOf(before, results)
  if (corrections.length > 0) context.notify({ type: 'attendance-corrected', liveClass, corrections })
}

/** How many classes one round brings up to date, for each reason to. */
const roundSize = 200

/** Finds what is stale, whoever made it so: another process, a report, a change of the rules. */
export function createResultsRound(context: Context): { run(): Promise<number> } {
  const reasons = ['facts' as const, ...(context.sameForAll ? [{ rules: rulesOf(context.sameForAll) }] : [])]
  const all = reasons.map(by => ({ by, afterClassId: '' }))
  return {
    async run() {
      let settled = 0
      for (const one of all) {
        const { by, afterClassId } = one
        const ids = await context.store.read(tx =>
          tx.listStaleResults({ tenantId: context.tenantId, by, limit: roundSize, afterClassId }),
        )
        // One class that always fails keeps no other from its turn.
        one.afterClassId = ids.length < roundSize ? '' : (ids.at(-1) ?? '')
        for (const id of ids) if (await settleResults(context, id)) settled++
      }
      return settled
    },
  }
}

const resultOf = (row: ClassRow): NewResult => ({
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

/** Whose figures are others now. */
function correctionsOf(before: readonly NewResult[], after: readonly NewResult[]): readonly AttendanceCorrection[] {
  const old = new Map(before.map(result => [result.person, figures(result)]))
  const now = new Map(after.map(result => [result.person, figures(result)]))
  return [...new Set([...old.keys(), ...now.keys()])].flatMap(userId => {
    const correction = { userId, before: old.get(userId) ?? null, after: now.get(userId) ?? null }
    return JSON.stringify(correction.before) === JSON.stringify(correction.after) ? [] : [correction]
  })
}

const figures = ({ status, minutes, percentage, participationScore }: NewResult): AttendanceFigures => ({
  status,
  minutes,
  percentage,
  participationScore,
})
