import { attendance } from '../../../src/attendance/index.ts'
import type { AttendanceEvent } from '../../../src/model.ts'
import type { InboxRow, Store } from '../../../src/store.ts'
import { bbb, type Happening, instanceOf, tenantId, type Workload } from './workload.ts'

/** How the store differs from what must be in it. */
export interface Verdict {
  /** Acknowledged, but not in the inbox, or without its effect. */
  readonly lost: number
  /** More than once in the inbox, or with an effect nobody sent. */
  readonly doubled: number
  /** Classes whose attendance is not what a count by hand gives. */
  readonly wrong: number
}

/** What one person's attendance comes down to. */
interface Presence {
  observedMs: number
  firstJoin: number | null
  lastLeave: number | null
}

/**
 * Folds what happened by itself, without anything of the code under test: sums up each person's visits, time that is
 * covered twice once.
 */
function countByHand(happenings: readonly Happening[]): ReadonlyMap<string, Presence> {
  const visits = new Map<string, Map<string, { from?: number; to?: number }>>()
  for (const { type, person, session, at } of happenings) {
    if (type !== 'joined' && type !== 'left') continue
    const sessions = visits.get(person) ?? new Map<string, { from?: number; to?: number }>()
    visits.set(person, sessions)
    sessions.set(session, { ...sessions.get(session), ...(type === 'joined' ? { from: at } : { to: at }) })
  }
  const people = new Map<string, Presence>()
  for (const [person, sessions] of visits) {
    const presence: Presence = { observedMs: 0, firstJoin: null, lastLeave: null }
    let covered = Number.NEGATIVE_INFINITY
    const sorted = [...sessions.values()].sort((a, b) => (a.from ?? 0) - (b.from ?? 0))
    for (const { from, to } of sorted) {
      if (from === undefined || to === undefined) throw new RangeError('The workload has whole visits only.')
      presence.firstJoin ??= from
      presence.lastLeave = Math.max(presence.lastLeave ?? 0, to)
      presence.observedMs += Math.max(0, to - Math.max(from, covered))
      covered = Math.max(covered, to)
    }
    people.set(person, presence)
  }
  return people
}

const keyOf = ({ classId, type, person, session, at }: Happening): string =>
  JSON.stringify([classId, type, person, session, at])

function keyOfFact(classId: string, event: AttendanceEvent): string {
  if (event.type === 'snapshot' || event.instance !== instanceOf(classId)) return JSON.stringify([classId, event])
  const { person = '', session = '' } = event.type === 'joined' || event.type === 'left' ? event : {}
  return keyOf({ classId, type: event.type, person, session, at: event.at })
}

/** How often each happening is in the inbox. */
async function storedIn(store: Store, { classes }: Workload): Promise<ReadonlyMap<string, number>> {
  const classOfMeeting = new Map(classes.map(({ meeting, liveClass }) => [meeting.meetingKey, liveClass.id]))
  const provider = bbb()
  const stored = new Map<string, number>()
  for await (const row of rowsOf(store)) {
    // Of others, and what has been forgotten by plan.
    if (row.kind !== 'hook' || row.isStripped) continue
    for (const event of provider.events(row)) {
      if (event.kind !== 'attendance') continue
      const key = keyOfFact(classOfMeeting.get(event.meetingKey) ?? '', event.event)
      stored.set(key, (stored.get(key) ?? 0) + 1)
    }
  }
  return stored
}

/** How many of these callbacks are not in the inbox, applied or not. */
export async function notStored(store: Store, workload: Workload, indexes: Iterable<number>): Promise<number> {
  const stored = await storedIn(store, workload)
  let count = 0
  for (const index of indexes) if (!stored.has(keyOf(workload.happening(index)))) count++
  return count
}

/** Compares the store with the oracle's fold over the accepted callbacks, by their index in the workload. */
export async function compare(store: Store, workload: Workload, accepted: ReadonlySet<number>): Promise<Verdict> {
  const stored = await storedIn(store, workload)
  const facts = await compareFacts(store, workload, accepted)
  const missing = [...accepted].filter(index => !stored.has(keyOf(workload.happening(index)))).length
  const again = [...stored.values()].reduce((sum, count) => sum + count - 1, 0)
  return { lost: Math.max(facts.lost, missing), doubled: facts.doubled + again, wrong: facts.wrong }
}

/** The same without a look at the inbox, which may have been forgotten by plan. */
export async function compareFacts(store: Store, workload: Workload, accepted: ReadonlySet<number>): Promise<Verdict> {
  const expected = new Map<string, Happening[]>()
  for (const index of accepted) {
    const happening = workload.happening(index)
    const ofClass = expected.get(happening.classId)
    if (ofClass) ofClass.push(happening)
    else expected.set(happening.classId, [happening])
  }
  let lost = 0
  let doubled = 0
  let wrong = 0
  for (const { liveClass } of workload.classes) {
    const { id } = liveClass
    const events = (await store.read(tx => tx.listEvents(tenantId, id))).map(({ event }) => event)
    const facts = new Set(events.map(event => keyOfFact(id, event)))
    const mine = expected.get(id) ?? []
    const keys = new Set(mine.map(keyOf))
    for (const key of keys) if (!facts.has(key)) lost++
    for (const key of facts) if (!keys.has(key)) doubled++
    if (!isSame(countByHand(mine), events)) wrong++
  }
  return { lost, doubled, wrong }
}

function isSame(byHand: ReadonlyMap<string, Presence>, events: readonly AttendanceEvent[]): boolean {
  if (byHand.size === 0) return events.every(({ type }) => type === 'started' || type === 'ended')
  const { people } = attendance({
    class: { scheduledStart: null, plannedMs: 0, startedAt: null, endedAt: null },
    roster: [...byHand.keys()],
    events,
  })
  if (Object.keys(people).length !== byHand.size) return false
  return [...byHand].every(([person, { observedMs, firstJoin, lastLeave }]) => {
    const ours = people[person]
    return ours?.observedMs === observedMs && ours.firstJoin === firstJoin && ours.lastLeave === lastLeave
  })
}

async function* rowsOf(store: Store): AsyncGenerator<InboxRow> {
  for (let afterSeq = 0; ; ) {
    const page = await store.read(tx => tx.listInbox({ tenantId, limit: 2000, afterSeq }))
    const last = page.at(-1)
    if (!last) return
    afterSeq = last.seq
    yield* page
  }
}
