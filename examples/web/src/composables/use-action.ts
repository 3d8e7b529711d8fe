import { VideoConferenceError } from 'lms-conferencing/browser'
import { type Ref, readonly, ref, type ShallowRef, shallowRef } from 'vue'

/** Something a person does with a button: one at a time, with its failure to show. */
export interface Action {
  readonly isBusy: Readonly<Ref<boolean>>
  /** Why the last one failed; `null` while the next one runs and once it has worked. */
  readonly error: Readonly<ShallowRef<VideoConferenceError | null>>
  /** Does it unless one is under way. Resolves with `undefined` when it failed. */
  run<T>(work: () => Promise<T>): Promise<T | undefined>
  /** Forgets the failure. */
  reset(): void
}

export function useAction(): Action {
  const isBusy = ref(false)
  const error = shallowRef<VideoConferenceError | null>(null)
  return {
    isBusy: readonly(isBusy),
    error,
    async run(work) {
      if (isBusy.value) return undefined
      isBusy.value = true
      error.value = null
      try {
        return await work()
      } catch (thrown) {
        if (!(thrown instanceof VideoConferenceError)) throw thrown
        error.value = thrown
        return undefined
      } finally {
        isBusy.value = false
      }
    },
    reset() {
      error.value = null
    },
  }
}
