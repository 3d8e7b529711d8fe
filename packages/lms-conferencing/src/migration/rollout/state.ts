import type { Clock } from '../../clock.ts'
import { ConferencingError } from '../../errors.ts'
import type { Store } from '../../store.ts'
import { noRollout, type Rollout, rolloutPhases } from './choose.ts'

const NAME = 'rollout'

/** A rollout as it is kept. */
export interface StoredRollout {
  readonly rollout: Rollout
  /** 0: nothing was kept yet, and these are the defaults. */
  readonly version: number
}

/** Reads the rollout of a tenant. */
export async function readRollout({ store, tenantId = 'default' }: RolloutPlace): Promise<StoredRollout> {
  const setting = await store.read(tx => tx.getSetting(tenantId, NAME))
  if (setting === null) return { rollout: noRollout, version: 0 }
  const rollout: Rollout = { ...noRollout, ...JSON.parse(setting.value) }
  return { rollout, version: setting.version }
}

/** Whose rollout, and where it is kept. */
export interface RolloutPlace {
  readonly store: Store
  /** @default 'default' */
  readonly tenantId?: string | undefined
}

export interface ChangeRolloutOptions extends RolloutPlace {
  readonly clock: Clock
  /** For the log of operations. */
  readonly who: string
  /** What is done, for the log: `rollout set phase=full`. No value of a person in it. */
  readonly what: string
  readonly change: (rollout: Rollout) => Rollout
  /** @default false */
  readonly dryRun?: boolean | undefined
}

/**
 * Changes the rollout and notes who did it, in one transaction. Throws `INVALID` for a rollout that cannot be, `CONFLICT`
 * when somebody else changed it at the same moment. A change that changes nothing leaves no trace.
 */
export async function changeRollout(options: ChangeRolloutOptions): Promise<StoredRollout> {
  const { store, tenantId = 'default', clock, who, what, change, dryRun = false } = options
  const before = await readRollout(options)
  const rollout = validRollout(change(before.rollout))
  if (JSON.stringify(rollout) === JSON.stringify(before.rollout)) return before
  const version = before.version + 1
  if (dryRun) return { rollout, version }
  await store.transaction(async tx => {
    const isFirst = await tx.putSetting(tenantId, { name: NAME, value: JSON.stringify(rollout), version })
    if (!isFirst)
      throw new ConferencingError('CONFLICT', 'Somebody else changed the rollout: look at it, and say it again.')
    await tx.addOperation({ tenantId, at: new Date(clock.now()), who, what, count: version })
  })
  return { rollout, version }
}

/** The same rollout in its one form; throws `INVALID`. */
function validRollout(rollout: Rollout): Rollout {
  const { phase, percentage, allow, deny, overrides, newCoursesSince, from, to } = rollout
  const require = (holds: boolean, field: string, what: string): void => {
    if (!holds) throw new ConferencingError('INVALID', `${field} ${what}.`, { details: { field } })
  }
  require(rolloutPhases.includes(phase), 'phase', `must be one of ${rolloutPhases.join(', ')}`)
  require(percentage >= 0 &&
    percentage <= 100 &&
    Math.abs(percentage * 100 - Math.round(percentage * 100)) <
      1e-9, 'percentage', 'must be 0 to 100, in steps of 0.01')
  require(newCoursesSince === null || !Number.isNaN(Date.parse(newCoursesSince)), 'new-courses-since', 'must be a time')
  require(from !== to && from !== '' && to !== '', 'from', 'must be another provider than `to`')
  const both = allow.find(id => deny.includes(id))
  require(both === undefined, 'allow', `names the course ${both ?? ''}, which is on the other list as well`)
  require(Object.values(overrides).every(
    provider => provider === from || provider === to,
  ), 'override', `must be ${from} or ${to}`)
  const sorted = (ids: readonly string[]): readonly string[] => [...new Set(ids)].sort()
  return {
    ...rollout,
    allow: sorted(allow),
    deny: sorted(deny),
    overrides: Object.fromEntries(Object.entries(overrides).sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}
