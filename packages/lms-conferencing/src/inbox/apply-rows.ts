import { ConferencingError } from '../errors.ts'
import type { AttendanceEvent, ConferenceEvent } from '../model.ts'
import type { ConferenceProvider } from '../provider.ts'
import type { InboxMark, InboxRow, MeetingAlias, ServerName, StoredClass, StoreTransaction } from '../store.ts'
import {
  breakoutsOf,
  type ClassFacts,
  type Consequence,
  decide,
  keysOf,
  type ReadCallback,
  type Target,
} from './decide.ts'

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
 * Writes what callbacks of a tenant say and marks their rows, in the caller's transaction. Doing it twice is the same as
 * once: facts are a set, and so are aliases. What it costs grows with the servers and rooms in the callbacks, hardly with
 * their number.
 */
export async function applyRows(
  tx: StoreTransaction,
  tenantId: string,
  callbacks: readonly ReadCallback[],
): Promise<readonly ClassChange[]> {
  const classes: ClassFacts[] = []
  const marks: InboxMark[] = []
  for (const ofServer of byServer(callbacks)) {
    const decision = decide(ofServer.callbacks, await findTargets(tx, ofServer.server, ofServer.callbacks))
    classes.push(...decision.classes)
    marks.push(...decision.consequences.map(markOf))
  }
  const changes = await writeFacts(tx, tenantId, classes)
  await tx.markInboxRows(marks)
  return changes
}

function byServer(
  callbacks: readonly ReadCallback[],
): readonly { readonly server: ServerName; readonly callbacks: readonly ReadCallback[] }[] {
  const servers = new Map<string, { readonly server: ServerName; readonly callbacks: ReadCallback[] }>()
  for (const callback of callbacks) {
    const { tenantId, provider, serverId } = callback.row
    const name = JSON.stringify([provider, serverId])
    const one = servers.get(name) ?? { server: { tenantId, provider, serverId }, callbacks: [] }
    one.callbacks.push(callback)
    servers.set(name, one)
  }
  return [...servers.values()]
}

/**
 * The classes of each meeting key that callbacks of one server name. The rooms they announce become known first: what
 * happens in them counts whichever callback came first, and none waits for what another of them has just made known.
 */
async function findTargets(
  tx: StoreTransaction,
  server: ServerName,
  callbacks: readonly ReadCallback[],
): Promise<ReadonlyMap<string, Target>> {
  const breakouts = breakoutsOf(callbacks)
  const keys = keysOf(callbacks)
  const targets = new Map<string, Target>()
  const known = await tx.findClassesByMeetingKeys(server, [...keys, ...breakouts.map(one => one.parentKey)])
  for (const [meetingKey, sharing] of known) targets.set(meetingKey, { sharing, alias: null })
  for (const { meetingKey, parentKey, parentInstance, room } of breakouts) {
    if (targets.has(parentKey)) await tx.addAlias({ ...server, meetingKey, parentKey, parentInstance, room })
  }

  const aliases: MeetingAlias[] = []
  for (const meetingKey of keys) {
    // A class's own key always wins, so that no alias can draw its callbacks away.
    const alias = targets.has(meetingKey) ? null : await tx.findAlias({ ...server, meetingKey })
    if (alias) aliases.push(alias)
  }
  const parents = await tx.findClassesByMeetingKeys(
    server,
    aliases.map(({ parentKey }) => parentKey),
  )
  for (const alias of aliases) {
    const sharing = parents.get(alias.parentKey)
    if (sharing) targets.set(alias.meetingKey, { sharing, alias })
  }
  return targets
}

async function writeFacts(
  tx: StoreTransaction,
  tenantId: string,
  classes: readonly ClassFacts[],
): Promise<readonly ClassChange[]> {
  const byClass = new Map(classes.map(({ stored, events }) => [stored.liveClass.id, events]))
  const newFacts = await tx.addEventsByClass(tenantId, byClass)
  const changes: ClassChange[] = []
  for (const { stored, events, activity, recordings, maybeEnded } of classes) {
    const { id } = stored.liveClass
    const newActivity = await tx.putActivity(tenantId, id, activity)
    const facts = events.map(({ event }) => event)
    changes.push({
      stored,
      newFacts: (newFacts.get(id) ?? 0) + newActivity,
      started: facts.filter(event => event.type === 'started'),
      ended: facts.filter(event => event.type === 'ended'),
      maybeEnded,
      recordings: [...recordings],
    })
  }
  return changes
}

function markOf({ row, hasEffect, unknown }: Consequence): InboxMark {
  return {
    row,
    outcome: {
      state: hasEffect ? 'applied' : 'ignored',
      attempts: row.attempts,
      waitingFor: [...unknown],
      ...(unknown.size > 0 ? { reason: 'unknown_meeting' } : !hasEffect && { reason: 'no_effect' }),
    },
  }
}
