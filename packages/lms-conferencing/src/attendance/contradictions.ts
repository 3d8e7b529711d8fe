import type { AttendanceEvent, Provenance } from '../model.ts'
import { type Evidence, sourcesOfFact } from './evidence.ts'
import { createAttendanceFold } from './fold.ts'
import { type LostCallbacks, watchedTime, watchReachMs } from './gaps.ts'
import { intersect, measure, subtract, union } from './intervals.ts'
import type { AttendanceClass, Interval } from './types.ts'
import { nameSessions } from './unnamed.ts'

/** What one source says of one person, nothing assumed. */
export interface Statement {
  readonly source: Provenance
  readonly presentMs: number
  readonly intervals: readonly Interval[]
}

/** A person about whom the sources disagree. */
export interface Contradiction {
  readonly person: string
  /** How long one of them says "there" and another "not there". */
  readonly differenceMs: number
  /** Every source that could have known. */
  readonly says: readonly Statement[]
}

export interface ContradictionInput {
  readonly class: AttendanceClass
  readonly evidence: readonly Evidence[]
  /** Lost callbacks, repaired or not: about such times callbacks say nothing, so nothing contradicts them. @default [] */
  readonly lost?: readonly LostCallbacks[] | undefined
}

/**
 * Shorter differences are none, in milliseconds. Zoom tells whole seconds, and the two logs of BigBlueButton may write
 * the same moment a second apart. A room is looked at once a minute, so that what a look at it says of the time between
 * two is worth as much as their distance.
 */
export const toleranceMs: Readonly<Record<Provenance, number>> = {
  webhook: 2_000,
  report: 2_000,
  snapshot: watchReachMs,
  lms: 2_000,
}

interface Source {
  readonly name: Provenance
  /** When it can know anything at all. */
  readonly covers: readonly Interval[]
  readonly people: ReadonlyMap<string, Told>
}

interface Told {
  readonly certain: readonly Interval[]
  readonly unsure: readonly Interval[]
}

const nothing: Told = { certain: [], unsure: [] }

const compared = ['webhook', 'report', 'snapshot'] as const

/**
 * Where the sources of a class that is over disagree about a person: shown, so that a teacher can decide, and never
 * settled in silence. Compared is what each source says by itself; what it only leads us to assume is no statement. By
 * person.
 */
export function contradictions(input: ContradictionInput): readonly Contradiction[] {
  const speaking = compared.filter(name => input.evidence.some(one => speaks(one, name)))
  if (speaking.length < 2) return []
  const sources = speaking.map(name => sourceOf(name, input))
  const people = new Set(sources.flatMap(source => [...source.people.keys()]))
  return [...people].sort().flatMap(person => {
    const pieces = sources.flatMap((a, index) => sources.slice(index + 1).flatMap(b => differences(person, a, b)))
    const disputed = union(pieces)
    if (disputed.length === 0) return []
    const says = sources.map(({ name, people: told }): Statement => {
      const { certain } = told.get(person) ?? nothing
      return { source: name, presentMs: measure(certain), intervals: certain }
    })
    return [{ person, differenceMs: measure(disputed), says }]
  })
}

function differences(person: string, a: Source, b: Source): readonly Interval[] {
  const [one, two] = [a.people.get(person) ?? nothing, b.people.get(person) ?? nothing]
  const either = union([...subtract(one.certain, two.certain), ...subtract(two.certain, one.certain)])
  const open = subtract(either, union([...one.unsure, ...two.unsure]))
  const known = intersect(intersect(open, a.covers), b.covers)
  const tolerance = Math.max(toleranceMs[a.name], toleranceMs[b.name])
  return known.filter(([from, to]) => to - from > tolerance)
}

const always: Interval = [-8.64e15, 8.64e15]

const isBounds = ({ type }: AttendanceEvent): boolean => type === 'started' || type === 'ended'

/** Whether a fact is a word of this source about a person. */
const speaks = (one: Evidence, name: Provenance): boolean => !isBounds(one.event) && sourcesOfFact(one).includes(name)

function sourceOf(name: Provenance, { class: lmsClass, evidence, lost = [] }: ContradictionInput): Source {
  const all = evidence.map(({ event }) => event)
  const told =
    name === 'snapshot'
      ? nameSessions(all).filter(({ type }) => type === 'snapshot')
      : evidence.filter(one => speaks(one, name)).map(({ event }) => event)
  // When the class was held is common ground: each source is measured on the same hour.
  const bounds = all.filter(isBounds)
  const fold = createAttendanceFold()
  for (const event of [...bounds, ...told]) fold.add(event)
  const { people } = fold.result({
    class: { ...lmsClass, blind: [] },
    roster: [],
    options: { windowMode: 'actual', reconnectGraceMs: 0 },
  })
  const deaf = name === 'webhook' ? lost : []
  return {
    name,
    covers: coverage(name, told, { lmsClass, bounds }),
    people: new Map(
      Object.entries(people).map(([person, { intervals, imputed }]) => {
        const unsure = union([...imputed, ...deaf.map(gap => unheard(person, gap, told))])
        return [person, { certain: subtract(intervals, imputed), unsure }]
      }),
    ),
  }
}

function coverage(
  name: Provenance,
  told: readonly AttendanceEvent[],
  { lmsClass, bounds }: { readonly lmsClass: AttendanceClass; readonly bounds: readonly AttendanceEvent[] },
): readonly Interval[] {
  if (name === 'snapshot') return watchedTime([...bounds, ...told], lmsClass)
  if (name !== 'report') return [always]
  // A report of one run says nothing of the others; and Zoom's has no rows at all for somebody who was alone.
  const runs = new Map<string, [number, number]>()
  for (const { instance, at } of told) {
    const run = runs.get(instance) ?? [Infinity, -Infinity]
    runs.set(instance, [Math.min(run[0], at), Math.max(run[1], at)])
  }
  for (const { instance, at } of bounds) {
    const run = runs.get(instance)
    if (run) runs.set(instance, [Math.min(run[0], at), Math.max(run[1], at)])
  }
  return union([...runs.values()])
}

/** After lost callbacks they say nothing of a person until they name them again. */
function unheard(person: string, { from, to }: LostCallbacks, told: readonly AttendanceEvent[]): Interval {
  const next = told.reduce(
    (found, event) =>
      (event.type === 'joined' || event.type === 'left') && event.person === person && event.at >= to
        ? Math.min(found, event.at)
        : found,
    always[1],
  )
  return [from, next]
}
