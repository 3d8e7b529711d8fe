import { type LiveMessage, VideoConferenceError } from 'lms-conferencing/browser'
import { onScopeDispose, type ShallowRef, shallowReadonly, shallowRef, type WatchSource, watch } from 'vue'
import { isPassing } from '../service.ts'
import { type Live, useLive } from './use-live.ts'

export interface RefreshedOptions {
  /** Which news of the live updates concern the data. */
  readonly concerns: (message: LiveMessage) => boolean
  /** What the data is of: when it changes, what was there is dropped. */
  readonly of?: WatchSource | undefined
  /** @default the live updates around the component, if there are any */
  readonly live?: Live | undefined
}

/** Data from the server that stays fresh. */
export interface Refreshed<T> {
  /** The latest; kept while the server cannot be asked. `null` until it first came. */
  readonly data: Readonly<ShallowRef<T | null>>
  /** Why the last look failed; `null` once one has worked again. */
  readonly error: Readonly<ShallowRef<VideoConferenceError | null>>
  /** Looks now. Resolves once a look that began after this call has ended; never rejects. */
  refresh(): Promise<void>
}

/** How often to look without live updates, and how often with them, just in case; in milliseconds. */
const pollMs = 30_000
const justInCaseMs = 120_000

/** The pauses after a failure: up to 2, 4, 8, 8, … seconds, different for each page, so that not all come at once. */
const retryMs = (failures: number): number => (1 + Math.random()) * 1_000 * 2 ** Math.min(failures - 1, 2)

/**
 * Loads at once, then again and again: when the live updates say so, regularly, when the page comes back into view or
 * online, when asked, and soon after a failure that may pass. Ends with the component.
 */
export function useRefreshed<T>(
  load: (signal: AbortSignal) => Promise<T>,
  { concerns, of, live = useLive() ?? undefined }: RefreshedOptions,
): Refreshed<T> {
  const data: ShallowRef<T | null> = shallowRef(null)
  const error = shallowRef<VideoConferenceError | null>(null)
  let controller = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  let looking: Promise<void> | undefined
  let next: Promise<void> | undefined
  let failures = 0

  async function look(): Promise<void> {
    clearTimeout(timer)
    const { signal } = controller
    try {
      const loaded = await load(signal)
      if (signal.aborted) return
      data.value = loaded
      error.value = null
      failures = 0
      timer = setTimeout(refresh, live ? justInCaseMs : pollMs)
    } catch (thrown) {
      if (signal.aborted) return
      if (!(thrown instanceof VideoConferenceError)) throw thrown
      error.value = thrown
      failures++
      // What is forbidden or gone stays so, until somebody asks again.
      if (isPassing(thrown)) timer = setTimeout(refresh, retryMs(failures))
    }
  }

  /** One look at a time; whoever asks during one gets the next, which knows what happened meanwhile. */
  function refresh(): Promise<void> {
    if (!looking) {
      looking = look().finally(() => {
        looking = undefined
      })
      return looking
    }
    next ??= looking.then(() => {
      next = undefined
      return refresh()
    })
    return next
  }

  function restart(): void {
    controller.abort()
    controller = new AbortController()
    data.value = null
    error.value = null
    failures = 0
    void refresh()
  }

  const lookWhenSeen = (): void => {
    if (document.visibilityState === 'visible') void refresh()
  }
  document.addEventListener('visibilitychange', lookWhenSeen)
  window.addEventListener('online', lookWhenSeen)
  const leave = live?.join({
    concerns,
    async refresh() {
      await refresh()
      return error.value === null || !isPassing(error.value)
    },
  })
  onScopeDispose(() => {
    leave?.()
    document.removeEventListener('visibilitychange', lookWhenSeen)
    window.removeEventListener('online', lookWhenSeen)
    controller.abort()
    clearTimeout(timer)
  })
  if (of) watch(of, restart)
  void refresh()
  return { data: shallowReadonly(data), error: shallowReadonly(error), refresh }
}
