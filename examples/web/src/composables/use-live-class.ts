import type { LiveClassDetails, VideoConferenceError } from 'lms-conferencing/browser'
import { type ComputedRef, computed, type MaybeRefOrGetter, type Ref, toValue } from 'vue'
import { useConferences } from '../service.ts'
import { type Connection, provideLive, useConnection } from './use-live.ts'
import { useRefreshed } from './use-refreshed.ts'

/** One class, kept fresh. */
export interface LiveClassState {
  /** `null` until it has come. */
  readonly liveClass: Readonly<Ref<LiveClassDetails | null>>
  readonly canTeach: ComputedRef<boolean>
  readonly error: Readonly<Ref<VideoConferenceError | null>>
  readonly connection: ComputedRef<Connection>
  refresh(): Promise<void>
}

/** Also follows the class for all components inside. */
export function useLiveClass(classId: MaybeRefOrGetter<string>): LiveClassState {
  const conferences = useConferences()
  const live = provideLive(() => ({ classes: [toValue(classId)] }))
  const { data, error, refresh } = useRefreshed(signal => conferences.getLiveClass(toValue(classId), { signal }), {
    live,
    of: () => toValue(classId),
    concerns: message => message.type === 'class' || message.type === 'recordings',
  })
  return {
    liveClass: data,
    canTeach: computed(() => data.value?.role === 'teacher'),
    error,
    connection: useConnection(error, live),
    refresh,
  }
}
