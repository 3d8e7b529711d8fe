import type { Hook } from './api/hooks.ts'
import type { CallOptions } from './call.ts'
import type { BbbClient } from './client.ts'

/** The hook there should be. */
export interface WantedHook {
  /** Where callbacks go; also what identifies the hook. */
  readonly callbackURL: string
  /** Only this meeting. @default all */
  readonly meetingID?: string | undefined
  /** Only these events. bbb-webhooks forgets such hooks when it restarts, which is what this function is for. @default all */
  readonly eventID?: readonly string[] | undefined
  /** @default false */
  readonly getRaw?: boolean | undefined
}

/**
 * `kept`: it was there as wanted. `created`: it was missing. `repaired`: it was there with other settings (restarts of
 * bbb-webhooks lose the scope) and was made anew. `permanent`: the server's configuration registers this URL with
 * other settings, which no call can change.
 */
export type HookAction = 'kept' | 'created' | 'repaired' | 'permanent'

/** What {@link ensureHook} found and did. */
export interface EnsuredHook {
  readonly action: HookAction
  readonly hookID: string
  /** What differed, for the log: for example `meetingID`. */
  readonly differences: readonly string[]
  /** The hook as it was before; `null` when there was none. */
  readonly found: Hook | null
}

/**
 * Makes sure a hook is registered as wanted: lists, compares, and creates or repairs what is missing or wrong. Safe to
 * run every few minutes and from several processes; needs bbb-webhooks on the server (else a `BbbHttpError` 404).
 * Never trusts the SUCCESS of a create alone, because bbb-webhooks says so too when it changed nothing.
 */
export async function ensureHook(client: BbbClient, wanted: WantedHook, options?: CallOptions): Promise<EnsuredHook> {
  const found = (await client.hooks.list({}, options)).find(hook => hook.callbackURL === wanted.callbackURL)
  if (found === undefined) {
    const { hookID } = await client.hooks.create(wanted, options)
    return { action: 'created', hookID, differences: [], found: null }
  }
  const differences = compare(found, wanted)
  if (differences.length === 0) return { action: 'kept', hookID: found.hookID, differences, found }
  if (found.permanentHook) return { action: 'permanent', hookID: found.hookID, differences, found }
  await client.hooks.destroy({ hookID: found.hookID }, options)
  const { hookID } = await client.hooks.create(wanted, options)
  return { action: 'repaired', hookID, differences, found }
}

function compare(found: Hook, wanted: WantedHook): readonly string[] {
  const events = (ids: readonly string[] | null | undefined): string =>
    [...(ids ?? [])]
      .map(id => id.toLowerCase())
      .sort()
      .join()
  const differences: string[] = []
  if ((found.meetingID ?? undefined) !== wanted.meetingID) differences.push('meetingID')
  if (events(found.eventID) !== events(wanted.eventID)) differences.push('eventID')
  if (found.rawData !== (wanted.getRaw ?? false)) differences.push('getRaw')
  return differences
}
