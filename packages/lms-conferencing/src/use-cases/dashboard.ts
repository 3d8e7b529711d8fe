import type { LiveClass } from '../model.ts'
import type { DashboardEntry, DashboardListName, Mark, StoredResult } from '../store-results.ts'
import type { Context } from './context.ts'
import { rulesOf } from './results.ts'

/** Which classes of a person to show. */
export interface DashboardFilter {
  readonly userId: string
  /** The courses this person is in; the LMS knows. */
  readonly courseIds: readonly string[]
  /** @default 'all' */
  readonly status?: DashboardListName | 'all' | undefined
  /** For each list. @default 20 */
  readonly limit?: number | undefined
  /** @default 0 */
  readonly offset?: number | undefined
}

/** A class that is over, with what it was for this person. */
export interface AttendedClass {
  readonly liveClass: LiveClass
  /** `null` for whoever was not expected and not there, and as long as `isFinal` is false perhaps for others. */
  readonly attendance: StoredResult | null
  /** `false`: something has come that is not counted yet, and will be in a moment. */
  readonly isFinal: boolean
  /** What the teacher says of this person's attendance, whatever the figures are. */
  readonly mark: Mark | null
}

export interface Dashboard {
  /** Not begun and not past its planned end, by start. */
  readonly upcoming: readonly LiveClass[]
  /** Those past their planned end too, until they are over. */
  readonly live: readonly LiveClass[]
  /** The newest first. */
  readonly completed: readonly AttendedClass[]
  /** How many there are of each, on this page or not; `null` for those that were not asked for. */
  readonly counts: Readonly<Record<DashboardListName, number | null>>
}

const defaultDashboardSize = 20

/** The classes of one person: one statement, with attendance as it is kept. No provider asked, nothing computed. */
export async function dashboard(context: Context, filter: DashboardFilter): Promise<Dashboard> {
  const { userId, courseIds, status = 'all', limit = defaultDashboardSize, offset = 0 } = filter
  const { tenantId, store, clock, sameForAll } = context
  const { upcoming, live, completed } = await store.read(tx =>
    tx.readDashboard({
      tenantId,
      person: userId,
      courseIds,
      lists: status === 'all' ? ['upcoming', 'live', 'completed'] : [status],
      now: new Date(clock.now()),
      rules: sameForAll && rulesOf(sameForAll),
      limit,
      offset,
    }),
  )
  return {
    upcoming: upcoming?.entries.map(({ liveClass }) => liveClass) ?? [],
    live: live?.entries.map(({ liveClass }) => liveClass) ?? [],
    completed: completed?.entries.map(attended) ?? [],
    counts: {
      upcoming: upcoming?.total ?? null,
      live: live?.total ?? null,
      completed: completed?.total ?? null,
    },
  }
}

const attended = ({ liveClass, result, isCurrent, mark }: DashboardEntry): AttendedClass => ({
  liveClass,
  attendance: result,
  isFinal: isCurrent,
  mark,
})
