import type { ClassRow } from '../attendance/index.ts'
import type { LiveClass } from '../model.ts'
import { classAttendance } from './attendance.ts'
import { type Context, plannedEnd } from './context.ts'

/** Which classes of a person to show. */
export interface DashboardFilter {
  readonly userId: string
  /** The courses this person is in; the LMS knows. */
  readonly courseIds: readonly string[]
  /** @default 'all' */
  readonly status?: 'upcoming' | 'live' | 'completed' | 'all' | undefined
  /** For each list. @default 20 */
  readonly limit?: number | undefined
  /** @default 0 */
  readonly offset?: number | undefined
}

/** A class that is over, with what it was for this person; `null` for whoever was not expected and not there. */
export interface AttendedClass {
  readonly liveClass: LiveClass
  readonly attendance: ClassRow | null
}

export interface Dashboard {
  /** Not begun and not past its planned end, by start. */
  readonly upcoming: readonly LiveClass[]
  readonly live: readonly LiveClass[]
  /** The newest first. */
  readonly completed: readonly AttendedClass[]
  /** How many there are of each, on this page or not; `null` for those that were not asked for. */
  readonly counts: Readonly<Record<'upcoming' | 'live' | 'completed', number | null>>
}

const defaultDashboardSize = 20

/** The classes of one person: one query for each list, then the attendance of the completed ones shown. No provider asked. */
export async function dashboard(context: Context, filter: DashboardFilter): Promise<Dashboard> {
  const { userId, courseIds, status = 'all', limit = defaultDashboardSize, offset = 0 } = filter
  const { tenantId, store, clock } = context
  const page = <T>(list: readonly T[] | null): readonly T[] => list?.slice(offset, offset + limit) ?? []

  async function list(wanted: 'scheduled' | 'live' | 'completed', name: 'upcoming' | 'live' | 'completed') {
    if (status !== 'all' && status !== name) return null
    const rows = await store.read(tx => tx.listClasses({ tenantId, courseIds, status: wanted }))
    return rows.map(({ liveClass }) => liveClass)
  }

  const now = clock.now()
  const planned = await list('scheduled', 'upcoming')
  // A class whose hour has passed without a teacher is nothing to look forward to.
  const upcoming = planned?.filter(liveClass => plannedEnd(liveClass) > now) ?? null
  const live = await list('live', 'live')
  const completed = (await list('completed', 'completed'))?.reverse() ?? null
  const attended = page(completed).map(async liveClass => {
    const { report } = await classAttendance(context, liveClass.id)
    return { liveClass, attendance: report.rows.find(({ person }) => person === userId) ?? null }
  })
  return {
    upcoming: page(upcoming),
    live: page(live),
    completed: await Promise.all(attended),
    counts: {
      upcoming: upcoming?.length ?? null,
      live: live?.length ?? null,
      completed: completed?.length ?? null,
    },
  }
}
