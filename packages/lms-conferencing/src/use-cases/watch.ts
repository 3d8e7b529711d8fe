import type { Alert } from '../alert.ts'
import type { Clock } from '../clock.ts'
import { ConferencingError, type ConferencingErrorCode } from '../errors.ts'
import { labelWord, type MetricLabels, type Metrics } from '../metrics.ts'
import type { LiveClass } from '../model.ts'
import type { ConferenceProvider, KeptCallbacks } from '../provider.ts'
import type { Context } from './context.ts'

/** How a provider did, from what calls told; none is made to find out. */
export interface ProviderHealth {
  readonly name: string
  /** When it last answered anything; `null` until it has, since this process began. */
  readonly answeredAt: Date | null
  /** Calls it has not answered, or whose credentials it refused, since it last answered; `null`: none. */
  readonly failing: {
    readonly since: Date
    readonly count: number
    readonly call: string
    readonly code: ConferencingErrorCode
  } | null
  /** What was found when it was last made sure that it calls us back, for each server; none where nothing is to be kept. */
  readonly callbacks: readonly CallbackHealth[]
}

export interface CallbackHealth {
  readonly serverId: string
  readonly at: Date
  /** In words; `null` when it could not be made sure. */
  readonly found: string | null
  /** Why not; `null` when it could. */
  readonly code: ConferencingErrorCode | null
}

export interface Watch {
  /** The same provider; each call is measured, and what it came to remembered. */
  watch(provider: ConferenceProvider): ConferenceProvider
  health(): readonly ProviderHealth[]
}

export interface WatchOptions {
  readonly clock: Clock
  readonly metrics: Metrics
  readonly alert: (alert: Alert) => void
}

/** One failure is a mishap. */
const failuresInARow = 3

export function createWatch({ clock, metrics, alert }: WatchOptions): Watch {
  const known = new Map<string, ProviderHealth>()

  function note(name: string, changes: Partial<ProviderHealth>): ProviderHealth {
    const before = known.get(name) ?? { name, answeredAt: null, failing: null, callbacks: [] }
    const after = { ...before, ...changes }
    known.set(name, after)
    return after
  }

  function noteCallbacks(name: string, kept: CallbackHealth): void {
    const others = known.get(name)?.callbacks.filter(({ serverId }) => serverId !== kept.serverId) ?? []
    note(name, { callbacks: [...others, kept] })
  }

  function answered(name: string, call: string, result: unknown): void {
    const at = new Date(clock.now())
    // A link may be made without asking anybody, and `null` is what is said where nobody was asked.
    if (call !== 'joinLink' && result !== null) note(name, { answeredAt: at, failing: null })
  }

  function failed(name: string, call: string, error: unknown): void {
    if (!(error instanceof ConferencingError)) return
    const { code } = error
    const at = new Date(clock.now())
    if (code !== 'UNAVAILABLE' && code !== 'UNAUTHORIZED') {
      // Refusing is an answer.
      if (error.outcome === 'refused') note(name, { answeredAt: at, failing: null })
      return
    }
    const before = known.get(name)?.failing
    const failing =
      before?.code === code ? { ...before, count: before.count + 1, call } : { since: at, count: 1, call, code }
    note(name, { failing })
    if (failing.count < failuresInARow) return
    alert({ type: code === 'UNAUTHORIZED' ? 'credentials-refused' : 'server-unreachable', provider: name, call })
  }

  async function seen(name: string, call: string, answer: Promise<unknown>): Promise<unknown> {
    const began = clock.now()
    const labels: MetricLabels = { 'conferencing.provider': name, 'conferencing.call': call }
    try {
      const result = await answer
      metrics.record('conferencing.provider.call.duration', secondsSince(clock, began), labels)
      answered(name, call, result)
      return result
    } catch (error) {
      const seconds = secondsSince(clock, began)
      metrics.record('conferencing.provider.call.duration', seconds, { ...labels, 'error.type': errorType(error) })
      failed(name, call, error)
      throw error
    }
  }

  async function kept(name: string, serverId: string, answer: Promise<unknown>): Promise<unknown> {
    const at = (): Date => new Date(clock.now())
    try {
      const result = await answer
      if (isKept(result)) noteCallbacks(name, { serverId, at: at(), found: result.found, code: null })
      return result
    } catch (error) {
      const code = error instanceof ConferencingError ? error.code : null
      if (code) noteCallbacks(name, { serverId, at: at(), found: null, code })
      throw error
    }
  }

  return {
    watch(provider) {
      const { name } = note(provider.name, {})
      // Not around the provider itself: one that is frozen must give its own members.
      const shell: ConferenceProvider = Object.create(provider)
      return new Proxy(shell, {
        get(_, key) {
          const member: unknown = Reflect.get(provider, key)
          if (typeof member !== 'function' || typeof key !== 'string') return member
          return (...given: unknown[]) => {
            const answer: unknown = Reflect.apply(member, provider, given)
            if (!(answer instanceof Promise)) return answer
            const seenAnswer = seen(name, labelWord(key), answer)
            return key === 'keepCallbacks' ? kept(name, String(given[0]), seenAnswer) : seenAnswer
          }
        },
      })
    },
    health: () => [...known.values()],
  }
}

/** Measures how long somebody waits for a way into a class. */
export async function timedJoin<T extends { readonly liveClass: LiveClass; readonly joinUrl: string | null }>(
  { clock, metrics }: Context,
  work: () => Promise<T>,
): Promise<T> {
  const began = clock.now()
  const measure = (labels: MetricLabels): void =>
    metrics.record('conferencing.join.duration', secondsSince(clock, began), labels)
  try {
    const answer = await work()
    const { provider } = answer.liveClass
    const result = answer.joinUrl === null ? 'no_link' : 'link'
    measure({ 'conferencing.provider': provider, 'conferencing.result': result })
    return answer
  } catch (error) {
    measure({ 'error.type': errorType(error) })
    throw error
  }
}

const isKept = (result: unknown): result is KeptCallbacks =>
  typeof result === 'object' && result !== null && 'found' in result

/** Never negative, whatever happens to the clock meanwhile. */
export const secondsSince = (clock: Clock, began: number): number => Math.max(0, clock.now() - began) / 1000

/** An error as a label: our own by code, any other by nothing it could have made up. */
export const errorType = (error: unknown): string => (error instanceof ConferencingError ? error.code : 'INTERNAL')
