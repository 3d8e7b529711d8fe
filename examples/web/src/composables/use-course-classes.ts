import type { LiveClassInfo, VideoConferenceError } from 'lms-conferencing/browser'
import { type ComputedRef, computed, type MaybeRefOrGetter, type Ref, ref, toValue } from 'vue'
import { useConferences } from '../service.ts'
import { type Connection, pollMs, useConnection } from './use-live.ts'
import { useRefreshed } from './use-refreshed.ts'

/** The classes of a course, kept fresh. */
export interface CourseClasses {
  /** `null` until they have come. */
  readonly liveClasses: ComputedRef<readonly LiveClassInfo[] | null>
  readonly error: Readonly<Ref<VideoConferenceError | null>>
  readonly connection: ComputedRef<Connection>
  refresh(): Promise<void>
}

/** The most the API gives at once. */
const limit = 200

export function useCourseClasses(courseId: MaybeRefOrGetter<string>): CourseClasses {
  const conferences = useConferences()
  const { data, error, refresh } = useRefreshed(
    signal => conferences.getLiveClasses(toValue(courseId), { limit }, { signal }),
    { everyMs: pollMs, of: () => toValue(courseId) },
  )
  return {
    liveClasses: computed(() => data.value?.live_classes ?? null),
    error,
    connection: useConnection(error, ref('live')),
    refresh,
  }
}
