import type { InstanceFacts, SessionFacts, Track } from './facts.ts'
import type { Held, Span } from './held.ts'
import { firstAbove } from './search.ts'
import type { Anomaly, Interval } from './types.ts'

/** A time somebody was connected: `[from, to)`, of which `[from, proven)` is certain. */
export type Stretch = readonly [from: number, to: number, proven: number]

/** All that the events say of one person, before held time is applied. */
export interface Presence {
  readonly stretches: Stretch[]
  readonly anomalies: Set<Anomaly>
  inClassNow: boolean
}

interface Context {
  readonly now: number | null
  readonly blind: readonly Interval[]
  readonly supersede: boolean
}

/** From events to intervals, by person (section 4). Sessions whose person nobody named are nobody's. */
export function presences(held: Held, context: Omit<Context, 'blind'>): Map<string, Presence> {
  const people = new Map<string, Presence>()
  const limit = context.now ?? Infinity
  for (const [instance, span] of held.spans) {
    const walker = new Walker(instance, span, { ...context, blind: held.blind })
    for (const session of instance.sessions.values()) {
      if (session.person === undefined || session.personAt > limit) continue
      let presence = people.get(session.person)
      if (presence === undefined) {
        presence = { stretches: [], anomalies: new Set(), inClassNow: false }
        people.set(session.person, presence)
      }
      if (session.main !== undefined) walker.walk(session.main, session.person, presence)
      if (session.breakouts === undefined) continue
      for (const track of session.breakouts.values()) walker.walk(track, session.person, presence)
    }
  }
  return people
}

/** Reads the tracks of one instance. */
class Walker {
  readonly #instance: InstanceFacts
  readonly #span: Span
  readonly #context: Context
  readonly #limit: number
  readonly #snapshots: readonly number[]
  /** Who joined when, built only when a lost `left` asks for it. */
  #joins: JoinIndex | undefined

  constructor(instance: InstanceFacts, span: Span, context: Context) {
    this.#instance = instance
    this.#span = span
    this.#context = context
    this.#limit = context.now ?? Infinity
    this.#snapshots = instance.snapshots.filter(at => at <= this.#limit).sort((a, b) => a - b)
  }

  /** Sections 4.1 to 4.4, 4.6 and 4.7. */
  walk(track: Track, person: string, presence: Presence): void {
    const joined = track.joins[0] ?? Infinity
    const left = track.lefts[0] ?? -Infinity
    const facts = track.joins.length + track.lefts.length + track.listings.length
    // Nearly every connection: it came, then it went, and both were heard.
    if (facts === 2 && joined < left && left <= this.#limit) presence.stretches.push([joined, left, left])
    else this.#replay(track, person, presence)
  }

  #replay(track: Track, person: string, presence: Presence): void {
    const joins = new Cursor(track.joins, this.#limit)
    const lefts = new Cursor(track.lefts, this.#limit)
    const listings = new Cursor(track.listings, this.#limit)
    let open: number | null = null
    let evidence = 0
    let everOpen = false
    for (;;) {
      const at = Math.min(joins.at, lefts.at, listings.at)
      if (at === Infinity) break
      const joined = joins.take(at)
      const left = lefts.take(at)
      const listed = listings.take(at)
      if (open !== null) {
        if (left) {
          presence.stretches.push([open, at, at])
          open = joined ? at : null
        }
        if (left || listed) evidence = at
      } else if (joined) {
        everOpen = true
        // Joined and left in the same millisecond: came and went, unless it was open before (4.3).
        if (!left) open = evidence = at
      } else if (left) {
        const begin: number | null = everOpen ? null : this.#lostBeginning(at)
        if (begin !== null) presence.stretches.push([begin, at, at])
        else if (!everOpen) presence.anomalies.add('orphan_left')
        everOpen ||= begin !== null
      } else {
        open = everOpen ? at : (this.#lostBeginning(at) ?? at)
        evidence = at
        everOpen = true
      }
    }
    if (open !== null) this.#settle({ track, person, open, evidence }, presence)
  }

  /** Where a session begins whose `joined` fell into blind time; `null` if none can have (4.7). */
  #lostBeginning(at: number): number | null {
    const { blind } = this.#context
    const last = blind[firstAbove(at - 1, blind.length, i => blind[i]?.[0]) - 1]
    return last === undefined ? null : Math.min(last[1], at)
  }

  /** A session still open after its last event (4.5). */
  #settle(session: OpenSession, presence: Presence): void {
    const { track, open, evidence } = session
    const snapshots = this.#snapshots
    const omitted = track.main ? snapshots[firstAbove(evidence, snapshots.length, i => snapshots[i])] : undefined
    if (this.#span.running && omitted === undefined) {
      presence.stretches.push([open, this.#span.end, this.#span.end])
      presence.inClassNow = true
      return
    }
    presence.anomalies.add('unclosed')
    const { blind } = this.#context
    const lost = blind[firstAbove(evidence, blind.length, i => blind[i]?.[1])]
    if (lost !== undefined && lost[0] < Math.min(this.#span.end, omitted ?? Infinity)) {
      const end = Math.max(lost[0], evidence)
      presence.stretches.push([open, end, end])
      return
    }
    if (omitted !== undefined) {
      presence.stretches.push([open, evidence, evidence])
      return
    }
    const rejoined = this.#context.supersede ? this.#rejoined(session) : undefined
    if (rejoined !== undefined) presence.anomalies.add('superseded')
    const end = rejoined ?? this.#span.end
    presence.stretches.push([open, end, Math.min(evidence, end)])
  }

  /** The first join of the same person elsewhere after the last evidence (third rule of 4.5b). */
  #rejoined({ track, person, evidence }: OpenSession): number | undefined {
    this.#joins ??= new JoinIndex(this.#instance.sessions.values())
    const at = this.#joins.next(person, { after: evidence, other: track })
    return at !== undefined && at < this.#span.end ? at : undefined
  }
}

interface OpenSession {
  readonly track: Track
  readonly person: string
  readonly open: number
  readonly evidence: number
}

/** Steps through times in order, repeats skipped. */
class Cursor {
  /** The next time; `Infinity` at the end. */
  at: number
  readonly #times: number[]
  readonly #limit: number
  #index = 0

  constructor(times: number[], limit: number) {
    this.#times = times.length > 1 ? times.sort((a, b) => a - b) : times
    this.#limit = limit
    this.at = this.#read()
  }

  /** Whether this is the next time; if so, moves past it. */
  take(at: number): boolean {
    if (this.at !== at) return false
    while (this.at === at) {
      this.#index++
      this.at = this.#read()
    }
    return true
  }

  #read(): number {
    const at = this.#times[this.#index] ?? Infinity
    return at <= this.#limit ? at : Infinity
  }
}

interface Join {
  readonly at: number
  readonly track: Track
}

/** The joins of each person of one instance, in order. */
class JoinIndex {
  readonly #main = new Map<string, Join[]>()
  readonly #all = new Map<string, Join[]>()

  constructor(sessions: Iterable<SessionFacts>) {
    for (const { person, main, breakouts } of sessions) {
      if (person === undefined) continue
      for (const track of main === undefined ? [] : [main]) this.#add(person, track)
      for (const track of breakouts?.values() ?? []) this.#add(person, track)
    }
    for (const index of [this.#main, this.#all]) {
      for (const joins of index.values()) joins.sort((a, b) => a.at - b.at)
    }
  }

  #add(person: string, track: Track): void {
    for (const index of track.main ? [this.#main, this.#all] : [this.#all]) {
      const joins = index.get(person) ?? []
      index.set(person, joins)
      for (const at of track.joins) joins.push({ at, track })
    }
  }

  /** The first join later than `after` that may end a session on `other`: a main-room one for the main room, else any. */
  next(person: string, { after, other }: { readonly after: number; readonly other: Track }): number | undefined {
    const joins = (other.main ? this.#main : this.#all).get(person) ?? []
    let index = firstAbove(after, joins.length, i => joins[i]?.at)
    while (joins[index]?.track === other) index++
    return joins[index]?.at
  }
}
