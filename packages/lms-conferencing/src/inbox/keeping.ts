import { randomUUID } from 'node:crypto'
import { type Clock, systemClock } from '../clock.ts'
import type { InboxSelection, PurgeCounts, Store, StoreTransaction } from '../store.ts'

/** What all that people do to the inbox has in common. */
export interface Upkeep {
  readonly store: Store
  readonly tenantId: string
  /** Who does it; noted with time and count. */
  readonly who: string
  /** @default the wall clock */
  readonly clock?: Clock | undefined
  /** Only count what would happen. @default false */
  readonly dryRun?: boolean | undefined
}

/** How long what came in is kept. */
export interface KeepDays {
  /** What callbacks say, and refused requests, in days. @default 30 */
  readonly keepBodiesDays?: number | undefined
  /** That they came, so that a repetition has no effect, in days; at least 30. @default 120 */
  readonly keepRowsDays?: number | undefined
}

export interface PurgeOptions extends Upkeep, KeepDays {}

const DAY = 86_400_000
/** Four times the age up to which callbacks are accepted, rounded up (T35). */
const shortestRowsDays = 30
/** Small enough that nobody has to wait for it. */
const BATCH = 500

/** With the defaults in place. Throws `TypeError` naming the option that cannot be, after `prefix`. */
export function keepDays(
  { keepBodiesDays = 30, keepRowsDays = 120 }: KeepDays = {},
  prefix = '',
): { readonly keepBodiesDays: number; readonly keepRowsDays: number } {
  if (!(keepRowsDays >= shortestRowsDays)) {
    throw new TypeError(`${prefix}keepRowsDays: must be ${shortestRowsDays} or more`)
  }
  if (!(keepBodiesDays >= 1 && keepBodiesDays <= keepRowsDays)) {
    throw new TypeError(`${prefix}keepBodiesDays: must be from 1 to keepRowsDays`)
  }
  return { keepBodiesDays, keepRowsDays }
}

/**
 * Forgets what is old, in many small transactions: bodies after 30 days, callbacks after 120. What waits to be applied
 * stays. Throws `TypeError` naming the option that cannot be.
 */
export async function purgeInbox(options: PurgeOptions): Promise<PurgeCounts> {
  const { store, tenantId, clock = systemClock } = options
  const { keepBodiesDays, keepRowsDays } = keepDays(options)
  const ago = (days: number): Date => new Date(Math.max(0, clock.now() - days * DAY))
  const before = { bodies: ago(keepBodiesDays), rows: ago(keepRowsDays), refused: ago(keepBodiesDays) }
  if (options.dryRun) return store.read(tx => tx.countPurgeable(tenantId, before))
  const total = { bodies: 0, rows: 0, refused: 0 }
  for (;;) {
    const { bodies, rows, refused } = await store.transaction(tx => tx.purge(tenantId, before, BATCH))
    if (bodies + rows + refused === 0) break
    total.bodies += bodies
    total.rows += rows
    total.refused += refused
  }
  await note(options, 'purge', total.bodies + total.rows + total.refused)
  return total
}

export interface EraseOptions extends Upkeep {
  /** The person's id in the learning platform. */
  readonly personId: string
  /** Stands in place of the id from now on. @default a random name that leads to nobody */
  readonly pseudonym?: string | undefined
}

export interface EraseCounts {
  /** Callbacks that named the person, and whose body is gone. */
  readonly callbacks: number
  /** Refused requests that did, gone as a whole. */
  readonly refused: number
  /** Attendance facts, kept results and marks that have the pseudonym now. */
  readonly facts: number
  /** Callbacks that name the person and are not applied yet: erase again once they are. */
  readonly waiting: number
}

/**
 * Makes a person nobody: bodies that name them are forgotten, and attendance goes on under a pseudonym, with the same
 * totals. Doing it again finds what has come since.
 */
export async function erasePerson(options: EraseOptions): Promise<EraseCounts> {
  const { store, tenantId, personId, dryRun = false } = options
  if (personId === '') throw new TypeError('personId: must not be empty')
  const { pseudonym = `erased-${randomUUID()}` } = options
  const names = naming(personId)
  let callbacks = 0
  let waiting = 0
  for (let afterSeq = 0; ; ) {
    const rows = await store.read(tx => tx.listInbox({ tenantId, limit: BATCH, afterSeq }))
    const last = rows.at(-1)
    if (!last) break
    afterSeq = last.seq
    const found = rows.filter(row => !row.isStripped && names(row.body))
    const seqs = found.filter(({ state }) => state !== 'new').map(({ seq }) => seq)
    callbacks += seqs.length
    waiting += found.length - seqs.length
    if (!dryRun && seqs.length > 0) await store.transaction(tx => tx.eraseBodies(tenantId, seqs))
  }
  let refused = 0
  for (let afterId = 0; ; ) {
    const requests = await store.read(tx => tx.listRefused({ tenantId, limit: BATCH, afterId }))
    const last = requests.at(-1)
    if (!last) break
    afterId = last.id
    for (const { id } of requests.filter(
      ({ body, target }) => names(body) || names(new TextEncoder().encode(target)),
    )) {
      refused++
      if (!dryRun) await store.transaction(tx => tx.deleteRefused(tenantId, id))
    }
  }
  const rename = async (tx: StoreTransaction): Promise<number> => {
    await tx.deleteCalendarToken(tenantId, personId)
    return tx.renamePerson(tenantId, personId, pseudonym)
  }
  const facts = await (dryRun ? undone(store, rename) : store.transaction(rename))
  if (!dryRun) {
    await note(options, 'erase', callbacks + refused + facts)
    await store.scrub()
  }
  return { callbacks, refused, facts, waiting }
}

export interface ReplayOptions extends Upkeep {
  readonly which: InboxSelection
}

/** Puts callbacks back to be applied. Applying them again changes nothing that they have changed already. Answers how many. */
export async function replayInbox(options: ReplayOptions): Promise<number> {
  const { store, tenantId, which, dryRun = false } = options
  const requeue = (tx: StoreTransaction): Promise<number> => tx.requeueInbox(tenantId, which)
  if (dryRun) return undone(store, requeue)
  const count = await store.transaction(requeue)
  await note(options, 'replay', count)
  return count
}

/** Whether bytes name the person: as a word of its own, plain or in the encoding of a form. */
function naming(personId: string): (bytes: Uint8Array) => boolean {
  const inJson = JSON.stringify(personId).slice(1, -1)
  const spellings = new Set([personId, inJson, encodeURIComponent(personId), encodeURIComponent(inJson)])
  const escaped = [...spellings].map(text => text.replaceAll(/[\^$\\.*+?()[\]{}|/]/g, '\\$&'))
  const word = new RegExp(`(?<![\\p{L}\\p{N}_-])(?:${escaped.join('|')})(?![\\p{L}\\p{N}_-])`, 'iu')
  return bytes => {
    const text = new TextDecoder().decode(bytes)
    return word.test(text) || word.test(decoded(text))
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

class Undo extends Error {}

/** What the work would answer, in a transaction that is rolled back. */
async function undone(store: Store, work: (tx: StoreTransaction) => Promise<number>): Promise<number> {
  let answer = 0
  try {
    await store.transaction(async tx => {
      answer = await work(tx)
      throw new Undo()
    })
  } catch (error) {
    if (!(error instanceof Undo)) throw error
  }
  return answer
}

/** Notes who did what to how many. */
export function note(
  { store, tenantId, who, clock = systemClock }: Upkeep,
  what: string,
  count: number,
): Promise<void> {
  const at = new Date(clock.now())
  return store.transaction(tx => tx.addOperation({ tenantId, at, who, what, count }))
}
