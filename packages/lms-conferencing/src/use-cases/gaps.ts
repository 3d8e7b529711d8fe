import type { GapCause } from '../attendance/gaps.ts'
import { faultFields } from '../fault.ts'
import type { ConferenceProvider, KeptCallbacks } from '../provider.ts'
import type { Gap, StoredClass, StoreTransaction } from '../store.ts'
import type { Context } from './context.ts'

/**
 * How a time of lost callbacks becomes known. There are two ways, and what neither of them shows is no gap:
 *
 * - `receiver_down`: once a minute the process that works in the background writes down that it runs and that the store
 *   takes what it writes. A longer silence means that callbacks could not be stored. They are lost that the service has
 *   given up by the time we are back, so the gap ends that much earlier; for the rest the service calls again.
 * - `hook_lost`: every few minutes the provider is asked whether we are still registered. If not, everything may be lost
 *   since we last were, or since the last callback that came, until the registration is back.
 *
 * A service that calls an address where nobody listens is found by neither; then people are seen in rooms whom nobody
 * announced, and the snapshots count.
 */

/** How often the background writes down that it runs, in milliseconds. */
export const heartbeatMs = 60_000

/** A silence up to here is a slow round or a restart, and no gap. */
const silenceMs = 150_000

const heartbeat = 'heartbeat'
const registration = (provider: string, serverId: string): string => `callbacks ${provider} ${serverId}`

/** How many classes that a gap concerns are told of. */
const told = 500

/**
 * Writes down that callbacks can be stored now, and finds when they could not; to be called every minute, or not at
 * all. Answers how many gaps there were.
 */
export async function beat(context: Context): Promise<number> {
  const { tenantId, store, clock, providers } = context
  const now = clock.now()
  const found = await store.transaction(async tx => {
    const last = await tx.getLastWell(tenantId, heartbeat)
    await tx.setLastWell(tenantId, heartbeat, new Date(now))
    if (last === null || now - last.getTime() <= silenceMs) return []
    const gaps: Gap[] = []
    for (const [name, { capabilities }] of Object.entries(providers)) {
      const gap = gapOf(context, { provider: name, serverId: null, cause: 'receiver_down' }, [
        last.getTime(),
        now - (capabilities.redeliveryMs ?? 0),
      ])
      if (gap && (await noteGap(tx, gap))) gaps.push(gap)
    }
    return gaps
  })
  for (const gap of found) await tell(context, gap)
  return found.length
}

/**
 * Has every server make sure that it calls us back: registrations get lost when it restarts, or when we did not answer
 * for minutes (F10). Answers how many do.
 */
export async function keepCallbacks(context: Context): Promise<number> {
  const { providers, logger } = context
  let kept = 0
  for (const [name, provider] of Object.entries(providers)) {
    for (const serverId of provider.callbackServers ?? []) {
      try {
        if (await keep(context, { name, provider, serverId })) kept++
      } catch (error) {
        logger.warn('callbacks not kept', { provider: name, server_id: serverId, ...faultFields(error) })
      }
    }
  }
  return kept
}

async function keep(
  context: Context,
  {
    name,
    provider,
    serverId,
  }: { readonly name: string; readonly provider: ConferenceProvider; readonly serverId: string },
): Promise<boolean> {
  const askedAt = context.clock.now()
  const kept = await provider.keepCallbacks?.(serverId)
  if (kept === undefined) return false
  context.logger.debug('callbacks kept', { provider: name, ...kept })
  const gap = await context.store.transaction(tx => noteKept(context, tx, { name, kept, askedAt }))
  if (gap) {
    context.alert({ type: 'hook-lost', provider: name, found: kept.found })
    await tell(context, gap)
  }
  return true
}

/** The gap, if this is news and not the first registration, nor one that another process has just repaired. */
async function noteKept(
  context: Context,
  tx: StoreTransaction,
  { name, kept, askedAt }: { readonly name: string; readonly kept: KeptCallbacks; readonly askedAt: number },
): Promise<Gap | null> {
  const { tenantId, clock } = context
  const { serverId, state } = kept
  const what = registration(name, serverId)
  const now = clock.now()
  const last = (await tx.getLastWell(tenantId, what))?.getTime() ?? null
  await tx.setLastWell(tenantId, what, new Date(Math.max(last ?? 0, state === 'kept' ? askedAt : now)))
  if (state === 'kept' || last === null || last >= askedAt) return null
  const down = (await tx.listGaps({ tenantId, provider: name, serverId, from: last, to: now })).filter(
    ({ cause }) => cause === 'receiver_down',
  )
  // After we were away, what comes may be old and sent again: it says nothing of the registration.
  const lastHeard = down.at(-1)?.to ?? (await tx.lastReceived(tenantId, name, serverId))?.getTime() ?? 0
  const gap = gapOf(context, { provider: name, serverId, cause: 'hook_lost' }, [Math.max(last, lastHeard), now])
  return gap && (await noteGap(tx, gap)) ? gap : null
}

function gapOf(
  { tenantId, clock }: Context,
  whose: { readonly provider: string; readonly serverId: string | null; readonly cause: GapCause },
  [from, to]: readonly [number, number],
): Gap | null {
  return from < to ? { tenantId, ...whose, from, to, foundAt: new Date(clock.now()) } : null
}

/** Notes a gap, and has the classes looked at again that were held in it. */
async function noteGap(tx: StoreTransaction, gap: Gap): Promise<boolean> {
  if (!(await tx.addGap(gap))) return false
  for (const { liveClass } of await classesIn(tx, gap)) {
    const before = await tx.getReconciliation(gap.tenantId, liveClass.id)
    if (before) await tx.putReconciliation({ ...before, state: 'waiting', nextAt: gap.foundAt })
  }
  return true
}

async function classesIn(
  tx: StoreTransaction,
  { tenantId, provider, serverId, from, to }: Gap,
): Promise<readonly StoredClass[]> {
  const rows = [
    ...(await tx.listClasses({ tenantId, status: 'live', limit: told })),
    ...(await tx.listClasses({ tenantId, status: 'completed', endedSince: new Date(from), limit: told })),
  ]
  return rows.filter(
    ({ liveClass, meeting }) =>
      meeting.provider === provider &&
      (serverId === null || meeting.serverId === serverId) &&
      (liveClass.startedAt?.getTime() ?? to) < to,
  )
}

async function tell(context: Context, gap: Gap): Promise<void> {
  const { from, to, cause } = gap
  context.logger.warn('callbacks were lost', { provider: gap.provider, server: gap.serverId, from, to, cause })
  const rows = await context.store.read(tx => classesIn(tx, gap))
  for (const { liveClass } of rows) context.notify({ type: 'gap-found', liveClass, gap: { from, to, cause } })
}
