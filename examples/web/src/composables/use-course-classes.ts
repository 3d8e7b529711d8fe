import type { LiveClassInfo, VideoConferenceError } from 'lms-conferencing/browser'
import { type ComputedRef, computed, type MaybeRefOrGetter, type Ref, toValue } from 'vue'
import { useConferences } from '../service.ts'
import { type Connection, provideLive, useConnection } from './use-live.ts'
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

/** Also follows the course for all components inside. */
export function useCourseClasses(courseId: MaybeRefOrGetter<string>): CourseClasses {
  const conferences = useConferences()
  const live = provideLive(() => ({ courses: [toValue(courseId)] }))
  const { data, error, refresh } = useRefreshed(
    signal => conferences.getLiveClasses(toValue(courseId), { limit }, { signal }),
    {
      live,
      of: () => toValue(courseId),
      concerns: message => message.type === 'class' || message.type === 'class_removed',
    },
  )
  return {
    liveClasses: computed(() => data.value?.live_classes ?? null),
    error,
    connection: useConnection(error, live),
    refresh,
  }
}
