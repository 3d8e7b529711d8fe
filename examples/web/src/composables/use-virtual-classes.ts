import type { AttendedClass, DashboardClass, MyVirtualClasses, VideoConferenceError } from 'lms-conferencing/browser'
import { type ComputedRef, computed, type MaybeRefOrGetter, type Ref, ref, toValue } from 'vue'
import { useConferences } from '../service.ts'
import { type Connection, provideLive, useConnection } from './use-live.ts'
import { type Refreshed, useRefreshed } from './use-refreshed.ts'

/** A student's classes, kept fresh. */
export interface VirtualClasses {
  readonly live: ComputedRef<readonly DashboardClass[]>
  readonly upcoming: ComputedRef<readonly DashboardClass[]>
  readonly completed: ComputedRef<readonly AttendedClass[]>
  /** `null` until the lists have come. */
  readonly counts: ComputedRef<MyVirtualClasses['counts'] | null>
  readonly error: Readonly<Ref<VideoConferenceError | null>>
  readonly connection: ComputedRef<Connection>
  /** Whether there are older classes than those shown. */
  readonly hasMore: ComputedRef<boolean>
  loadVirtualClasses(): Promise<void>
  loadMore(): Promise<void>
}

const pageSize = 20
/** The most the API gives at once. */
const mostAtOnce = 100

/** `courseIds` are the person's courses, known to the LMS: what happens in them is followed. */
export function useVirtualClasses(courseIds: MaybeRefOrGetter<readonly string[]>): VirtualClasses {
  const conferences = useConferences()
  const limit = ref(pageSize)
  const live = provideLive(() => ({ courses: toValue(courseIds) }))
  const loaded: Refreshed<MyVirtualClasses> = useRefreshed(
    signal => conferences.getMyVirtualClasses({ limit: limit.value }, { signal }),
    {
      live,
      // Who is in a class that runs is not shown here; what a class that is over was worth is.
      concerns: message =>
        message.type !== 'people' || loaded.data.value?.completed.some(({ id }) => id === message.class_id) === true,
    },
  )
  const { data, error, refresh } = loaded
  return {
    live: computed(() => data.value?.live ?? []),
    upcoming: computed(() => data.value?.upcoming ?? []),
    completed: computed(() => data.value?.completed ?? []),
    counts: computed(() => data.value?.counts ?? null),
    error,
    connection: useConnection(error, live),
    hasMore: computed(
      () => limit.value < mostAtOnce && (data.value?.counts.completed ?? 0) > (data.value?.completed.length ?? 0),
    ),
    loadVirtualClasses: refresh,
    loadMore() {
      limit.value = Math.min(mostAtOnce, limit.value + pageSize)
      return refresh()
    },
  }
}
