import type { VideoConferenceError } from 'lms-conferencing/browser'
import { type ComputedRef, computed, type Ref } from 'vue'
import { isPassing } from '../service.ts'

/** How a page hears of news: at once, by looking now and then, or not at all at the moment. */
export type Connection = 'connecting' | 'live' | 'polling' | 'offline' | 'failing'

/** How often to look without live updates, and, in case one was lost, with them; in milliseconds. */
export const pollMs = 30_000

/** What a page tells its reader of its connection, from the last look and from the live updates. */
export const useConnection = (
  error: Readonly<Ref<VideoConferenceError | null>>,
  live: Readonly<Ref<'connecting' | 'live' | 'polling'>>,
): ComputedRef<Connection> =>
  computed(() => {
    if (!error.value || !isPassing(error.value)) return live.value
    return error.value.status === 0 ? 'offline' : 'failing'
  })
