import { attendance } from '../attendance/index.ts'
import type { AttendanceResult, PersonAttendance } from '../attendance/types.ts'
import type { LiveClass, Provenance } from '../model.ts'
import type { StoredClass, StoredEvent } from '../store.ts'
import { type Context, loadClass, type RosterEntry } from './context.ts'

/** One line of a class's attendance. */
export interface AttendanceRecord extends PersonAttendance {
  readonly userId: string
  /** `null` for somebody who was there and is not on the roster: the LMS knows the name, or nobody does. */
  readonly displayName: string | null
  readonly onRoster: boolean
  /** Which sources the facts about this person came from, sorted; empty when there are none. */
  readonly provenance: readonly Provenance[]
}

/** Who was there, for how long and how sure. */
export interface ClassAttendance {
  readonly liveClass: LiveClass
  /** `false` while the class may still go on: figures are of the time so far, and nobody is absent yet. */
  readonly final: boolean
  readonly heldMs: number
  readonly blindMs: number
  readonly held: AttendanceResult['held']
  /** The roster in its own order, then the others. */
  readonly records: readonly AttendanceRecord[]
  /** Connections the provider could not tie to a user of the LMS: they count for nobody. */
  readonly unattributedSessions: number
}

/**
 * The attendance of a class, computed from the facts in the store each time it is asked for, so that a late callback
 * is in it as soon as it is applied. Throws `CLASS_NOT_FOUND`.
 */
export async function classAttendance(context: Context, id: string): Promise<ClassAttendance> {
  const row = await loadClass(context, id)
  const [events, roster] = await Promise.all([
    context.store.read(tx => tx.listEvents(context.tenantId, id)),
    context.roster(row.liveClass),
  ])
  return attendanceOf(context, row, { events, roster })
}

function attendanceOf(
  context: Context,
  { liveClass }: StoredClass,
  { events, roster }: { readonly events: readonly StoredEvent[]; readonly roster: readonly RosterEntry[] },
): ClassAttendance {
  const isOver = liveClass.status === 'completed' || liveClass.status === 'cancelled'
  const result = attendance({
    class: {
      scheduledStart: liveClass.startsAt.getTime(),
      plannedMs: liveClass.durationMinutes * 60_000,
      startedAt: liveClass.startedAt?.getTime() ?? null,
      endedAt: liveClass.endedAt?.getTime() ?? null,
    },
    roster: roster.map(({ userId }) => userId),
    events: events.map(({ event }) => event),
    options: context.attendanceOptions,
    now: isOver ? null : context.clock.now(),
  })
  const names = new Map(roster.map(({ userId, displayName }) => [userId, displayName]))
  const { provenanceOf, unattributedSessions } = readSessions(events)
  return {
    liveClass,
    final: result.final,
    heldMs: result.heldMs,
    blindMs: result.blindMs,
    held: result.held,
    records: Object.entries(result.people).map(([userId, person]) => ({
      ...person,
      userId,
      displayName: names.get(userId) ?? null,
      onRoster: names.has(userId),
      provenance: [...(provenanceOf.get(userId) ?? [])].sort(),
    })),
    unattributedSessions,
  }
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
  for (const { event, provenance } of events) {
    if (event.type === 'joined' || event.type === 'left') {
      if (event.room !== 'waiting') note(event.instance, event.session, event.person, provenance)
    } else if (event.type === 'snapshot') {
      for (const { session, person } of event.present) note(event.instance, session, person, provenance)
    }
  }
  const provenanceOf = new Map<string, Set<Provenance>>()
  let unattributedSessions = 0
  for (const { person, sources } of sessions.values()) {
    if (person === undefined) unattributedSessions++
    else provenanceOf.set(person, new Set([...(provenanceOf.get(person) ?? []), ...sources]))
  }
  return { provenanceOf, unattributedSessions }
}
