import { ConferencingError } from '../errors.ts'
import type { AttendanceEvent, ConferenceEvent } from '../model.ts'
import type { ConferenceProvider } from '../provider.ts'
import type { InboxRow, MeetingName, StoredClass, StoreTransaction } from '../store.ts'
import { breakoutsOf, type ClassFacts, decide, type Target } from './decide.ts'

/** What callbacks have changed about one class, told after it is in the store. */
export interface ClassChange {
  readonly stored: StoredClass
  /** Facts that were not known before. */
  readonly newFacts: number
  /** Runs of the meeting that the callbacks say began or ended. */
  readonly started: readonly AttendanceEvent[]
  readonly ended: readonly AttendanceEvent[]
  /** Somebody who cannot prove it says that the meeting is over. */
  readonly maybeEnded: boolean
  /** Recordings to look up at the provider, by id; `null`: it did not say which. Nothing about them is stored yet. */
  readonly recordings: readonly (string | null)[]
}

/** The one thing of a provider that the inbox needs. */
export type EventSource = Pick<ConferenceProvider, 'events'>

/** Stored bytes → events. Throws what the provider throws, and `UNSUPPORTED` when the provider is not configured. */
export function eventsOf(row: InboxRow, providers: Readonly<Record<string, EventSource>>): readonly ConferenceEvent[] {
  const provider = Object.hasOwn(providers, row.provider) ? providers[row.provider] : undefined
  if (!provider) throw new ConferencingError('UNSUPPORTED', `No provider named "${row.provider}" is configured.`)
  return provider.events({ serverId: row.serverId, kind: row.kind, body: row.body })
}

/**
 * Writes what one callback says and marks its row, in the caller's transaction. Doing it twice is the same as once:
 * facts are a set, and so are aliases.
 */
export async function applyRow(
  tx: StoreTransaction,
  row: InboxRow,
  events: readonly ConferenceEvent[],
): Promise<readonly ClassChange[]> {
  const name = (meetingKey: string): MeetingName => ({
    tenantId: row.tenantId,
    provider: row.provider,
    serverId: row.serverId,
    meetingKey,
  })
  const unknown = new Set<string>()
  let aliases = 0
  for (const { meetingKey, parentKey, parentInstance, room } of breakoutsOf(events)) {
    if (await tx.findClassByMeetingKey(name(parentKey))) {
      await tx.addAlias({ ...name(meetingKey), parentKey, parentInstance, room })
      aliases++
    } else unknown.add(parentKey)
  }

  const targets = new Map<string, Target>()
  for (const event of events) {
    if (event.kind === 'other' || targets.has(event.meetingKey)) continue
    const target = await findTarget(tx, name(event.meetingKey))
    if (target) targets.set(event.meetingKey, target)
  }
  const decision = decide(events, targets)
  for (const key of decision.unknown) unknown.add(key)

  const changes: ClassChange[] = []
  for (const facts of decision.classes) changes.push(await writeFacts(tx, facts))

  const hasEffect = changes.length > 0 || aliases > 0
  await tx.markInbox(row, {
    state: hasEffect ? 'applied' : 'ignored',
    attempts: row.attempts,
    waitingFor: [...unknown],
    ...(unknown.size > 0 ? { reason: 'unknown_meeting' } : !hasEffect && { reason: 'no_effect' }),
  })
  return changes
}

/** A class's own key always wins, so that no alias can draw its callbacks away. */
async function findTarget(tx: StoreTransaction, name: MeetingName): Promise<Target | null> {
  const own = await tx.findClassByMeetingKey(name)
  if (own) return { stored: own, alias: null }
  const alias = await tx.findAlias(name)
  const parent = alias && (await tx.findClassByMeetingKey({ ...name, meetingKey: alias.parentKey }))
  return parent ? { stored: parent, alias } : null
}

async function writeFacts(
  tx: StoreTransaction,
  { stored, events, activity, recordings, maybeEnded }: ClassFacts,
): Promise<ClassChange> {
  const { tenantId, id } = stored.liveClass
  const newFacts = await tx.addEvents(tenantId, id, events)
  const newActivity = await tx.putActivity(tenantId, id, activity)
  const facts = events.map(({ event }) => event)
  return {
    stored,
    newFacts: newFacts + newActivity,
    started: facts.filter(event => event.type === 'started'),
    ended: facts.filter(event => event.type === 'ended'),
    maybeEnded,
    recordings,
  }
}
