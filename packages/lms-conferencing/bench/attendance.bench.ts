import { performance } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type AttendanceEvent, attendance, createAttendanceFold } from 'lms-conferencing/attendance'

/** One measured figure beside the limit measured in the same run. */
export interface Figure {
  readonly name: string
  readonly ours: number
  readonly limit: number
  readonly unit: string
  readonly ratio: number
  readonly note?: string
}

const HOUR = 3_600_000

setFlagsFromString('--expose-gc')
/** Without it, memory figures count what is already dead. */
const collectGarbage: () => void = runInNewContext('gc')
const held = { scheduledStart: 0, plannedMs: HOUR, startedAt: null, endedAt: null }

/** The fold against one sort of the same events, at three sizes, and a million events of 500 classes in one pass. */
export default async function attendanceBench(): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const people of [200, 2000, 20_000]) figures.push(foldAgainstSort(people, 20))
  figures.push(growth(figures))
  figures.push(onePass())
  return figures
}

/** A class as it arrives: shuffled, fresh strings as a database or `JSON.parse` gives them. */
function lesson(people: number, eventsEach: number): AttendanceEvent[] {
  const events: AttendanceEvent[] = [
    { type: 'started', instance: 'i1', at: 0 },
    { type: 'ended', instance: 'i1', at: HOUR },
  ]
  const visits = eventsEach / 2
  for (let n = 0; n < people; n++) {
    for (let visit = 0; visit < visits; visit++) {
      const from = Math.floor((HOUR / visits) * visit) + ((n * 7919) % 60_000)
      const who = { instance: 'i1', session: `w_${n}_${visit}`, person: `student-${n}` }
      events.push({ type: 'joined', ...who, at: from })
      events.push({ type: 'left', ...who, at: from + 200_000 + ((n * 104_729) % 100_000) })
    }
  }
  const shuffled: AttendanceEvent[] = JSON.parse(JSON.stringify(events))
  let state = 1
  for (let i = shuffled.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    const j = state % (i + 1)
    const [a, b] = [shuffled[i], shuffled[j]]
    if (a !== undefined && b !== undefined) [shuffled[i], shuffled[j]] = [b, a]
  }
  return shuffled
}

function foldAgainstSort(people: number, eventsEach: number): Figure {
  const events = lesson(people, eventsEach)
  const roster = Array.from({ length: people }, (_, n) => `student-${n}`)
  const ours: number[] = []
  const limit: number[] = []
  const rounds = Math.min(101, Math.max(9, 100_000 / people))
  // Both in turn, so that a noisy moment hits both; the first third only warms up.
  for (let round = -Math.ceil(rounds / 3); round < rounds; round++) {
    if (round === 0) ours.length = limit.length = 0
    limit.push(timed(() => [...events].sort((a, b) => a.at - b.at)))
    ours.push(timed(() => attendance({ class: held, roster, events })))
  }
  return figure(`fold of ${people} people × ${eventsEach} events`, median(ours), median(limit), {
    note: 'limit: one sort of the same events; target ≤ 4 ×, and ≤ 100 ms for 2000 people',
  })
}

/** How cost grows: the exponent between the smallest and the largest size. */
function growth(figures: readonly Figure[]): Figure {
  const [small, , large] = figures
  const exponent = (pick: (figure: Figure) => number) =>
    small === undefined || large === undefined ? Number.NaN : Math.log10(pick(large) / pick(small)) / 2
  const ours = exponent(({ ours }) => ours)
  const limit = exponent(({ limit }) => limit)
  return {
    name: 'growth of the fold',
    ours,
    limit,
    unit: 'exponent',
    ratio: ours / limit,
    note: '200 to 20,000 people',
  }
}

const STREAM = { classes: 500, people: 100, total: 1_000_000 }

/** A mixed stream of 500 classes of 100 people, everything delivered five times, each event a fresh object. */
function* stream(): Generator<{ readonly classId: string; readonly event: AttendanceEvent }> {
  const ticks = 4
  const { classes, people, total } = STREAM
  for (let delivery = 0; delivery < total / (classes * people * ticks); delivery++) {
    for (let tick = 0; tick < ticks; tick++) {
      for (let n = 0; n < people; n++) {
        for (let c = 0; c < classes; c++) {
          const event: AttendanceEvent = {
            type: tick % 2 === 0 ? 'joined' : 'left',
            instance: `i-${c}`,
            session: `w_${n}_${tick >> 1}`,
            person: `student-${n}`,
            at: tick * 900_000 + n * 1000,
          }
          yield { classId: `class-${c}`, event }
        }
      }
    }
  }
}

/** What stays in memory: a fold per class beside the events themselves. */
function onePass(): Figure {
  const before = heapUsed()
  const folds = new Map<string, ReturnType<typeof createAttendanceFold>>()
  const ms = timed(() => {
    for (const { classId, event } of stream()) {
      const fold = folds.get(classId) ?? createAttendanceFold()
      folds.set(classId, fold)
      fold.add(event)
    }
  })
  const ours = (heapUsed() - before) / 2 ** 20
  const present = [...folds.values()].map(fold => fold.result({ class: held, roster: [] }))
  folds.clear()
  const empty = heapUsed()
  const events = [...stream()]
  const limit = (heapUsed() - empty) / 2 ** 20
  const perPerson = ((ours * 1024) / (STREAM.classes * STREAM.people)).toFixed(1)
  return {
    name: `${events.length} events of ${present.length} classes in one pass: memory kept`,
    ours,
    limit,
    unit: 'MiB',
    ratio: ours / limit,
    note: `${Math.round(ms)} ms; ${perPerson} KiB per person and class; limit: the events themselves, kept`,
  }
}

function figure(name: string, ours: number, limit: number, { note }: { readonly note: string }): Figure {
  return { name, ours, limit, unit: 'ms', ratio: ours / limit, note }
}

function timed(work: () => unknown): number {
  const start = performance.now()
  work()
  return performance.now() - start
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

function heapUsed(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}
