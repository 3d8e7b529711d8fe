import { randomUUID } from 'node:crypto'
import type { ToldAlert } from './alert.ts'
import type { AttendanceOptions } from './attendance/types.ts'
import { type Clock, systemClock } from './clock.ts'
import type { KeepDays } from './inbox/keeping.ts'
import type { QuarantineLimits } from './inbox/quarantine.ts'
import type { Jobs } from './jobs/queue.ts'
import { storeJobs } from './jobs/store-jobs.ts'
import { type Logger, noLogger } from './logger.ts'
import type { Metrics } from './metrics.ts'
import type { LiveClass, MeetingSpec } from './model.ts'
import type { ConferenceProvider } from './provider.ts'
import type { Store } from './store.ts'
import { alertOf, createAlerts, storeAlert } from './use-cases/alerts.ts'
import { type Context, type RosterEntry, shared } from './use-cases/context.ts'
import type { Notice } from './use-cases/notice.ts'
import { createRegistry, withRegistry } from './use-cases/registry.ts'
import { resolveRetention } from './use-cases/retention.ts'
import { createWatch } from './use-cases/watch.ts'

/** What live classes are made of: the LMS's side of each port, and the outside world's. */
export interface ConferencingOptions {
  /** By the name that classes remember; the name each provider gives itself. */
  readonly providers: Readonly<Record<string, ConferenceProvider>>
  readonly store: Store
  /** Whose classes these are, where several schools share a database. @default 'default' */
  readonly tenantId?: string | undefined
  /**
   * The provider of a new class, by name. Needed as soon as there are two.
   * @default the only one
   */
  readonly chooseProvider?: ((spec: MeetingSpec) => string | Promise<string>) | undefined
  /**
   * Who is expected in a class: these get an attendance status. The order is kept.
   * @default nobody
   */
  readonly roster?: ((liveClass: LiveClass) => readonly RosterEntry[] | Promise<readonly RosterEntry[]>) | undefined
  /**
   * When somebody is late, present or absent: the same for all classes, or by class, for courses with rules of their own.
   * Other rules change completed classes, too: the same ones at once, those by class when the class is next looked at.
   * @default ten minutes, 75 and 10 percent; see {@link AttendanceOptions}
   */
  readonly attendance?:
    | AttendanceOptions
    | ((liveClass: LiveClass) => AttendanceOptions | Promise<AttendanceOptions>)
    | undefined
  /** Hears what happened once it is stored. What it throws is logged and has no other effect. */
  readonly notify?: ((notice: Notice) => void | Promise<void>) | undefined
  /**
   * Hears what whoever runs the platform should look at: the same at most once an hour. What it throws is logged and
   * has no other effect. @default alerts are only logged
   */
  readonly alert?: ((alert: ToldAlert) => void | Promise<void>) | undefined
  /** How long the same alert is swallowed and counted, in milliseconds. @default 3600000 */
  readonly alertEveryMs?: number | undefined
  /** Where figures go beside `metrics()`, for example `otelMetrics(meter)`. */
  readonly metrics?: Metrics | undefined
  /** How many refused requests are kept for each provider; the oldest make room. */
  readonly quarantine?: QuarantineLimits | undefined
  /** How long callbacks and refused requests are kept; `false`: until somebody purges them. */
  readonly retention?: KeepDays | false | undefined
  /** Where what is done later waits, for example `await pgBossJobs({ connectionString })`. @default storeJobs() */
  readonly jobs?: Jobs | undefined
  /** How long before its start a class is announced by a `class-reminder`, in minutes; 0: never. @default 15 */
  readonly reminderMinutes?: number | undefined
  /** How long a person waits for a provider, in milliseconds. @default 5000 */
  readonly deadlineMs?: number | undefined
  /** @default nothing is logged */
  readonly logger?: Logger | undefined
  /** @default the wall clock */
  readonly clock?: Clock | undefined
  /** Uniform in `[0, 1)`: spreads retries. @default Math.random */
  readonly random?: (() => number) | undefined
  /** Makes the id of a class. @default randomUUID */
  readonly newId?: (() => string) | undefined
}

const defaultDeadlineMs = 5_000
const defaultAlertEveryMs = 3_600_000

const attendanceRules = (
  given: NonNullable<ConferencingOptions['attendance']>,
): Pick<Context, 'attendanceOptions' | 'sameForAll'> =>
  typeof given === 'function'
    ? { attendanceOptions: async liveClass => given(liveClass), sameForAll: null }
    : { attendanceOptions: async () => given, sameForAll: given }

/** Throws `TypeError` naming the option that cannot be. */
export function resolveOptions(options: ConferencingOptions): Context {
  const names = Object.keys(options.providers)
  const [only] = names
  if (only === undefined) throw new TypeError('providers: at least one is needed')
  for (const [name, provider] of Object.entries(options.providers)) {
    if (provider.name !== name) throw new TypeError(`providers.${name}: this provider calls itself "${provider.name}"`)
  }
  const { chooseProvider, roster = () => [], notify, deadlineMs = defaultDeadlineMs } = options
  if (names.length > 1 && !chooseProvider) throw new TypeError('chooseProvider: needed to choose between providers')
  if (!(Number.isFinite(deadlineMs) && deadlineMs > 0)) throw new TypeError('deadlineMs: must be above 0')
  const { logger = noLogger, clock = systemClock, alertEveryMs = defaultAlertEveryMs } = options
  const { tenantId = 'default', random = Math.random, reminderMinutes = 15 } = options
  if (!(reminderMinutes >= 0 && Number.isFinite(reminderMinutes)))
    throw new TypeError('reminderMinutes: must be 0 or more')
  if (!(alertEveryMs >= 0)) throw new TypeError('alertEveryMs: must be 0 or more')
  const registry = createRegistry()
  const metrics = withRegistry(registry, options.metrics)
  const alert = createAlerts({ tell: options.alert, everyMs: alertEveryMs, clock, logger, metrics })
  const watch = createWatch({ clock, metrics, alert })
  const providers = Object.fromEntries(
    Object.entries(options.providers).map(([name, provider]) => [name, watch.watch(provider)]),
  )
  return {
    tenantId,
    providers,
    store: options.store,
    clock,
    logger,
    alert,
    onStoreFault: storeAlert(alert),
    metrics,
    metricsText: registry.text,
    providerHealth: watch.health,
    retention: resolveRetention(options.retention),
    quarantineLimits: options.quarantine ?? {},
    random,
    newId: options.newId ?? randomUUID,
    chooseProvider: chooseProvider ?? (() => only),
    roster: async liveClass => roster(liveClass),
    ...attendanceRules(options.attendance ?? {}),
    notify: notice => {
      const worthAnAlert = alertOf(notice)
      if (worthAnAlert) alert(worthAnAlert)
      if (!notify) return
      const failed = (): void => logger.error('notify failed', { type: notice.type, class_id: notice.liveClass.id })
      try {
        Promise.resolve(notify(notice)).catch(failed)
      } catch {
        failed()
      }
    },
    jobs: (options.jobs ?? storeJobs()).connect({ tenantId, store: options.store, clock, random, logger }),
    reminderMs: reminderMinutes * 60_000,
    deadlineMs,
    opening: shared(),
    checking: shared(),
    readingRecordings: shared(),
  }
}
