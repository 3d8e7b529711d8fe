import type { AttendanceInput, AttendanceResult, Interval, PersonAttendance } from '../../src/attendance/types.ts'
import type { AttendanceEvent } from '../../src/model.ts'

/**
 * The definition once more, by another method: time is cut at every instant that is mentioned anywhere, and each
 * elementary segment is asked by itself whether the class was held, who was there and who is credited.
 * Slow and plain on purpose; the package's fold must agree with it on everything.
 */
export function reference(input: AttendanceInput): AttendanceResult {
  const { scheduledStart, plannedMs, startedAt, endedAt, blind = [] } = input.class
  const now = input.now ?? null
  const {
    windowMode = 'planned',
    reconnectGraceMs = 120_000,
    lateAfterMs = 600_000,
    leftEarlyBeforeMs = 600_000,
    presentMinPercent = 75,
    absentBelowPercent = 10,
    supersede = true,
    attendanceWeight = 70,
  } = input.options ?? {}
  const { talkMs = 120_000, messages = 5, raisedHands = 2, reactions = 5 } = input.options?.targets ?? {}

  const events = input.events.filter(
    event => (now === null || event.at <= now) && !('room' in event && event.room === 'waiting'),
  )
  const instances = [...new Set(events.map(event => event.instance))].map(id => {
    const own = events.filter(event => event.instance === id)
    const openers = own.filter(
      event =>
        event.type === 'started' || event.type === 'snapshot' || (event.type === 'joined' && roomOf(event) === 'main'),
    )
    const enders = own.filter(event => event.type === 'ended')
    return { id, own, start: earliest(openers), ended: earliest(enders) }
  })
  const spans = instances.map(instance => {
    const nextStart = Math.min(
      ...instances.flatMap(({ start }) =>
        start !== null && instance.start !== null && start > instance.start ? [start] : [],
      ),
    )
    const over = instance.ended ?? (Number.isFinite(nextStart) ? nextStart : null)
    const fallback = now ?? endedAt ?? Math.max(...events.map(e => e.at), (scheduledStart ?? -Infinity) + plannedMs)
    return { ...instance, end: over ?? fallback, running: now !== null && over === null }
  })
  const seen = spans.flatMap(({ start, end }) => (start === null ? [] : [{ start, end }]))

  // Section 3: the window.
  const hasPlan = scheduledStart !== null && plannedMs > 0
  const byPlan = windowMode === 'scheduled' && hasPlan
  const actualStart = startedAt ?? Math.min(...seen.map(({ start }) => start))
  const actualEnd = now ?? endedAt ?? Math.max(...seen.map(({ end }) => end))
  const window = (): Interval => {
    if (byPlan) return [scheduledStart, Math.min(scheduledStart + plannedMs, now ?? Infinity)]
    if (seen.length === 0) return [0, 0]
    if (windowMode === 'actual' || !hasPlan) return [actualStart, actualEnd]
    const from = Math.max(actualStart, scheduledStart)
    const to = Math.min(actualEnd, from + plannedMs)
    return to <= from && now === null ? [actualStart, Math.min(actualEnd, actualStart + plannedMs)] : [from, to]
  }
  const [windowFrom, windowTo] = window()

  // Section 4: what each session says about every instant.
  const people = new Map<string, Track[]>()
  const unclosed: string[] = []
  for (const span of spans) {
    const snapshots = span.own.filter(event => event.type === 'snapshot')
    for (const session of sessionsOf(span.own)) {
      const person = personOf(span.own, session)
      if (person === null) continue
      for (const room of roomsOf(span.own, session)) {
        const track = readTrack(span.own, session, room, blind)
        const { open, evidence } = track
        people.set(person, [...(people.get(person) ?? []), track])
        if (open === null) continue
        const omitted = room === 'main' ? earliest(snapshots.filter(({ at }) => at > evidence)) : null
        if (span.running && omitted === null) {
          track.stretches.push({ from: open, to: now ?? 0, proven: now ?? 0 })
          track.inClassNow = true
          continue
        }
        track.anomalies.push('unclosed')
        unclosed.push(person)
        const lost = blind
          .filter(([from, to]) => from < to && to > evidence && from < span.end && from < (omitted ?? Infinity))
          .map(([from]) => from)
        const rejoin = earliest(
          span.own.filter(
            event =>
              event.type === 'joined' &&
              !(event.session === session && roomOf(event) === room) &&
              (room !== 'main' || roomOf(event) === 'main') &&
              personOf(span.own, event.session) === person &&
              event.at > evidence &&
              event.at < span.end,
          ),
        )
        if (lost.length > 0) {
          const end = Math.max(Math.min(...lost), evidence)
          track.stretches.push({ from: open, to: end, proven: end })
        } else if (omitted !== null) {
          track.stretches.push({ from: open, to: evidence, proven: evidence })
        } else if (supersede && rejoin !== null) {
          track.anomalies.push('superseded')
          track.stretches.push({ from: open, to: rejoin, proven: evidence })
        } else {
          track.stretches.push({ from: open, to: span.end, proven: evidence })
        }
      }
    }
  }

  // The elementary segments.
  const instants = new Set([windowFrom, windowTo, ...blind.flat(), ...seen.flatMap(({ start, end }) => [start, end])])
  for (const tracks of people.values()) {
    for (const { from, to, proven } of tracks.flatMap(track => track.stretches)) {
      for (const at of [from, to, proven]) instants.add(at)
    }
  }
  const cuts = [...instants].filter(Number.isFinite).sort((a, b) => a - b)
  const segments = cuts.slice(1).map((to, index) => ({ from: cuts[index] ?? to, to }))
  const inWindow = segments.filter(
    ({ from, to }) =>
      from >= windowFrom && to <= windowTo && (byPlan || seen.some(({ start, end }) => from >= start && to <= end)),
  )
  const isBlind = ({ from, to }: Segment) => blind.some(([begin, end]) => from >= begin && to <= end)
  const held = inWindow.filter(segment => !isBlind(segment))
  const heldMs = length(held)

  /** Which held segments are credited, walking them in order. */
  const creditOf = (present: readonly boolean[]) => {
    const credited = [...present]
    let reconnects = 0
    let gaps = 0
    let last = -1
    for (let i = 0; i < held.length; i++) {
      if (!present[i]) continue
      const between = held.slice(last + 1, i)
      if (last >= 0 && between.length > 0) {
        if (length(between) <= reconnectGraceMs) {
          reconnects++
          credited.fill(true, last + 1, i)
        } else gaps++
      }
      last = i
    }
    return { credited, reconnects, gaps }
  }

  const row = (person: string): PersonAttendance => {
    const tracks = people.get(person) ?? []
    const stretches = tracks.flatMap(track => track.stretches)
    const there = held.map(segment => stretches.some(({ from, to }) => segment.from >= from && segment.to <= to))
    const sure = held.map(segment =>
      stretches.some(({ from, to, proven }) => segment.from >= from && segment.to <= Math.min(to, proven)),
    )
    const { credited, reconnects, gaps } = creditOf(there)
    const certain = creditOf(sure).credited
    const pick = (wanted: (index: number) => boolean | undefined) => held.filter((_, index) => wanted(index))
    const creditedSegments = pick(index => credited[index])
    const creditedMs = length(creditedSegments)
    const observedMs = length(pick(index => there[index]))
    const imputed = pick(index => credited[index] && !certain[index])
    const first = credited.indexOf(true)
    const last = credited.lastIndexOf(true)
    const lateByMs = first < 0 ? null : length(held.slice(0, first))
    const leftEarlyByMs = first < 0 || now !== null ? null : length(held.slice(last + 1))
    const late = lateByMs !== null && lateByMs > lateAfterMs
    const leftEarly = leftEarlyByMs !== null && leftEarlyByMs > leftEarlyBeforeMs
    const anomalies = [...new Set(tracks.flatMap(track => track.anomalies))].sort()
    const tenth = heldMs === 0 ? null : Number((BigInt(creditedMs) * 2000n + BigInt(heldMs)) / (2n * BigInt(heldMs)))
    const status = () => {
      if (!input.roster.includes(person)) return null
      if (now !== null) return creditedMs === 0 ? null : late ? 'late' : 'present'
      if (heldMs === 0) return 'not_held'
      if (creditedMs === 0 || creditedMs * 100 < absentBelowPercent * heldMs) return 'absent'
      if (creditedMs * 100 < presentMinPercent * heldMs || (late && leftEarly)) return 'partial'
      return late ? 'late' : leftEarly ? 'left_early' : 'present'
    }
    const score = () => {
      if (tenth === null || !input.roster.includes(person)) return null
      if (creditedMs === 0) return 0
      if (!input.activity) return Math.floor((tenth + 5) / 10)
      const own = input.activity[person]
      const polls = input.pollsPublished ?? 0
      const r = [
        ((own?.talkMs ?? 0) * 1000) / talkMs,
        ((own?.messages ?? 0) * 1000) / messages,
        ((own?.raisedHands ?? 0) * 1000) / raisedHands,
        ((own?.reactions ?? 0) * 1000) / reactions,
        ...(polls > 0 ? [((own?.pollAnswers ?? 0) * 1000) / polls] : []),
      ].map(share => Math.min(1000, Math.floor(share)))
      const a = Math.floor(r.reduce((sum, share) => sum + share) / r.length)
      return Math.floor((attendanceWeight * tenth + (100 - attendanceWeight) * a + 500) / 1000)
    }
    const participationScore = score()
    return {
      status: status(),
      percentage: tenth === null ? null : tenth / 10,
      minutes: Math.floor(creditedMs / 60_000),
      observedMs,
      bridgedMs: creditedMs - observedMs,
      creditedMs,
      firstJoin: held[first]?.from ?? null,
      lastLeave: held[last]?.to ?? null,
      late,
      leftEarly,
      lateByMs,
      leftEarlyByMs,
      reconnects,
      gaps,
      imputedMs: length(imputed),
      confidence: anomalies.includes('orphan_left') ? 'incomplete' : length(imputed) > 0 ? 'imputed' : 'exact',
      anomalies,
      inClassNow: tracks.some(track => track.inClassNow),
      participationScore,
      participationBasis: participationScore === null ? null : input.activity ? 'attendance+activity' : 'attendance',
      intervals: joined(creditedSegments),
      bridged: joined(pick(index => certain[index] && !there[index])),
      imputed: joined(imputed),
    }
  }

  const others = [...people.keys()].filter(person => !input.roster.includes(person)).sort()
  return {
    final: now === null,
    heldMs,
    blindMs: length(inWindow) - heldMs,
    held: joined(held),
    blind: joined(inWindow.filter(isBlind)),
    people: Object.fromEntries([...input.roster, ...others].map(person => [person, row(person)])),
  }
}

interface Segment {
  readonly from: number
  readonly to: number
}

interface Track {
  readonly stretches: { readonly from: number; readonly to: number; readonly proven: number }[]
  readonly anomalies: ('orphan_left' | 'superseded' | 'unclosed')[]
  readonly open: number | null
  readonly evidence: number
  inClassNow: boolean
}

/** Sections 4.1 to 4.4, 4.6, 4.7: replays one session in one room. */
function readTrack(own: readonly AttendanceEvent[], session: string, room: string, blind: readonly Interval[]): Track {
  const facts = own.filter(event =>
    event.type === 'snapshot'
      ? room === 'main' && event.present.some(one => one.session === session)
      : 'session' in event && event.session === session && roomOf(event) === room,
  )
  const stretches: Track['stretches'] = []
  const anomalies: Track['anomalies'] = []
  let open: number | null = null
  let wasOpen = false
  let evidence = 0
  for (const at of [...new Set(facts.map(fact => fact.at))].sort((a, b) => a - b)) {
    const types = new Set(facts.filter(fact => fact.at === at).map(fact => fact.type))
    const blindEnds = blind.filter(([from, to]) => from < to && from < at).map(([, to]) => to)
    const lost = blindEnds.length === 0 ? null : Math.min(at, Math.max(...blindEnds))
    const steps = open === null ? ['joined', 'left'] : ['left', 'joined']
    for (const step of steps) {
      if (!types.has(step as 'joined')) continue
      if (step === 'joined' && open === null) {
        open = at
        evidence = at
        wasOpen = true
      } else if (step === 'left' && open !== null) {
        stretches.push({ from: open, to: at, proven: at })
        open = null
      } else if (step === 'left' && !wasOpen) {
        if (lost === null) anomalies.push('orphan_left')
        else {
          stretches.push({ from: lost, to: at, proven: at })
          wasOpen = true
        }
      }
    }
    if (!types.has('snapshot')) continue
    if (open !== null) evidence = at
    else if (!types.has('left')) {
      open = wasOpen ? at : (lost ?? at)
      evidence = at
      wasOpen = true
    }
  }
  return { stretches, anomalies, open, evidence, inClassNow: false }
}

function roomOf(event: AttendanceEvent): string {
  return ('room' in event ? event.room : undefined) ?? 'main'
}

function earliest(events: readonly { readonly at: number }[]): number | null {
  return events.length === 0 ? null : Math.min(...events.map(event => event.at))
}

function sessionsOf(own: readonly AttendanceEvent[]): string[] {
  return [
    ...new Set(
      own.flatMap(event =>
        event.type === 'snapshot' ? event.present.map(one => one.session) : 'session' in event ? [event.session] : [],
      ),
    ),
  ]
}

function roomsOf(own: readonly AttendanceEvent[], session: string): string[] {
  const rooms = own.flatMap(event => {
    if (event.type === 'snapshot') return event.present.some(one => one.session === session) ? ['main'] : []
    return 'session' in event && event.session === session ? [roomOf(event)] : []
  })
  return [...new Set(rooms)]
}

function personOf(own: readonly AttendanceEvent[], session: string): string | null {
  const named = own.flatMap(event => {
    const entries = event.type === 'snapshot' ? event.present : 'session' in event ? [event] : []
    return entries.flatMap(entry =>
      entry.session === session && typeof entry.person === 'string' ? [{ at: event.at, person: entry.person }] : [],
    )
  })
  const first = earliest(named)
  return (
    named
      .filter(({ at }) => at === first)
      .map(({ person }) => person)
      .sort()[0] ?? null
  )
}

function length(segments: readonly Segment[]): number {
  return segments.reduce((sum, { from, to }) => sum + to - from, 0)
}

function joined(segments: readonly Segment[]): Interval[] {
  const whole: [number, number][] = []
  for (const { from, to } of segments) {
    const last = whole.at(-1)
    if (last?.[1] === from) last[1] = to
    else whole.push([from, to])
  }
  return whole
}
