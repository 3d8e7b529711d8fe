import { sourcesOfFact } from '../attendance/evidence.ts'
import {
  attendance,
  type ClassReport,
  classGaps,
  classReport,
  contradictions,
  nameSessions,
} from '../attendance/index.ts'
import type { AttendanceOptions, AttendanceResult } from '../attendance/types.ts'
import type { LiveClass, Provenance } from '../model.ts'
import type { StoredEvent } from '../store.ts'
import type { AttendanceMark, StoredResult } from '../store-results.ts'
import { type Context, loadClass, type RosterEntry } from './context.ts'

/** Who was there, for how long and how sure. */
export interface ClassAttendance {
  readonly liveClass: LiveClass
  /** What the figures were computed by. */
  readonly options: AttendanceOptions
  /** The bare figures; `final` is false while the class may still go on. */
  readonly result: AttendanceResult
  /** A row for everybody on the roster, in its order, then for the others who were there; and the class as a whole. */
  readonly report: ClassReport
  /** Connections the provider could not tie to a user of the LMS: they count for nobody. */
  readonly unattributedSessions: number
  /** What the teacher says, by person: beside the figures, and never changed by them. */
  readonly marks: ReadonlyMap<string, AttendanceMark>
}

/**
 * The attendance of a class, computed from the facts in the store each time it is asked for, so that a late callback
 * is in it as soon as it is applied. Throws `CLASS_NOT_FOUND`.
 */
export async function classAttendance(context: Context, id: string): Promise<ClassAttendance> {
  const { liveClass, meeting } = await loadClass(context, id)
  const [{ events, activity, kept, marks, gaps: lost, reconciled }, listed] = await Promise.all([
    context.store.read(async tx => ({
      events: await tx.listEvents(context.tenantId, id),
      activity: await tx.getActivity(context.tenantId, id),
      kept: await tx.listResults(context.tenantId, id),
      marks: await tx.listAttendanceMarks(context.tenantId, id),
      gaps: await tx.listGaps({
        tenantId: context.tenantId,
        provider: meeting.provider,
        serverId: meeting.serverId,
        from: 0,
        to: context.clock.now(),
      }),
      reconciled: await tx.getReconciliation(context.tenantId, id),
    })),
    context.roster(liveClass),
  ])
  const options = await context.attendanceOptions(liveClass)
  const roster = [...listed, ...erasedOf(kept, listed)]
  const isOver = liveClass.status === 'completed' || liveClass.status === 'cancelled'
  const now = isOver ? null : context.clock.now()
  const times = { startedAt: liveClass.startedAt?.getTime() ?? null, endedAt: liveClass.endedAt?.getTime() ?? null }
  const gaps = classGaps({ lost, evidence: events, watched: reconciled?.watched, ...times, now })
  const held = {
    scheduledStart: liveClass.startsAt.getTime(),
    plannedMs: liveClass.durationMinutes * 60_000,
    ...times,
    blind: gaps.flatMap(({ blind }) => blind),
  }
  const result = attendance({
    class: held,
    roster: roster.map(({ userId }) => userId),
    events: events.map(({ event }) => event),
    options,
    now,
    activity: activity?.people,
    pollsPublished: activity?.pollsPublished,
  })
  const { sourcesOf, unattributedSessions } = readSessions(events)
  const people = roster.map(({ userId, displayName }) => ({ person: userId, name: displayName }))
  return {
    liveClass,
    options,
    result,
    report: classReport(result, people, sourcesOf, {
      gaps,
      // While a class runs, some of what its sources know is still on its way.
      contradictions: isOver ? contradictions({ class: held, evidence: events, lost }) : [],
    }),
    unattributedSessions,
    marks: new Map(marks.map(mark => [mark.person, mark])),
  }
}

/** Those who were expected and are erased: the LMS knows them no more, and the totals of the class stay (T49). */
function erasedOf(kept: readonly StoredResult[], listed: readonly RosterEntry[]): readonly RosterEntry[] {
  const known = new Set(listed.map(({ userId }) => userId))
  return kept
    .filter(({ isErased, onRoster, person }) => isErased && onRoster && !known.has(person))
    .map(({ person }) => ({ userId: person, displayName: person }))
}

/** Which sources speak of each person; a `left` may name only its session. */
function readSessions(events: readonly StoredEvent[]) {
  const sessions = new Map<string, { person: string | undefined; sources: Set<Provenance> }>()
  const note = (instance: string, session: string, person: string | undefined, provenance: Provenance): void => {
    const key = JSON.stringify([instance, session])
    const known = sessions.get(key) ?? { person: undefined, sources: new Set<Provenance>() }
    known.person ??= person
    known.sources.add(provenance)
    sessions.set(key, known)
  }
  for (const one of events) {
    const { event } = one
    if ((event.type !== 'joined' && event.type !== 'left') || event.room === 'waiting') continue
    for (const source of sourcesOfFact(one)) note(event.instance, event.session, event.person, source)
  }
  for (const event of nameSessions(events.map(({ event }) => event))) {
    if (event.type !== 'snapshot') continue
    for (const { session, person } of event.present) note(event.instance, session, person, 'snapshot')
  }
  const sourcesOf = new Map<string, readonly Provenance[]>()
  let unattributedSessions = 0
  for (const { person, sources } of sessions.values()) {
    if (person === undefined) unattributedSessions++
    else sourcesOf.set(person, [...new Set([...(sourcesOf.get(person) ?? []), ...sources])])
  }
  return { sourcesOf, unattributedSessions }
}
