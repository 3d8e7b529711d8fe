import type { LiveMessage, LiveTopics, VideoConferenceError } from 'lms-conferencing/browser'
import { io } from 'socket.io-client'
import {
  type ComputedRef,
  computed,
  type InjectionKey,
  inject,
  onScopeDispose,
  provide,
  type Ref,
  readonly,
  ref,
  watch,
} from 'vue'
import { isPassing, useConferences } from '../service.ts'

/** How a page hears of news: at once, by looking now and then, or not at all at the moment. */
export type Connection = 'connecting' | 'live' | 'polling' | 'offline' | 'failing'

/** Something of a page that is loaded, and loaded again when news concerns it. */
export interface LiveMember {
  /** Resolves with whether it could be loaded. */
  refresh(): Promise<boolean>
  concerns(message: LiveMessage): boolean
}

/** The live updates of a page: one subscription for all that is on it. */
export interface Live {
  readonly state: Readonly<Ref<'connecting' | 'live' | 'polling'>>
  /** Answers what ends it. */
  join(member: LiveMember): () => void
}

const liveKey: InjectionKey<Live> = Symbol('live updates')

/** A connection that comes back sooner is no news to its reader, in milliseconds. */
const patienceMs = 2_000

/** Follows courses and classes for the component and everything in it. What it follows may change. */
export function provideLive(topics: () => LiveTopics): Live {
  const conferences = useConferences()
  const members = new Set<LiveMember>()
  const state = ref<'connecting' | 'live' | 'polling'>('connecting')
  let timer: ReturnType<typeof setTimeout> | undefined

  const open = () =>
    conferences.subscribe({
      io,
      ...topics(),
      async reload() {
        const loaded = await Promise.all([...members].map(member => member.refresh()))
        if (loaded.includes(false)) throw new Error('not everything could be loaded')
      },
      onMessage(message) {
        for (const member of members) if (member.concerns(message)) void member.refresh()
      },
      onState(now) {
        clearTimeout(timer)
        if (now === 'live') {
          state.value = 'live'
          return
        }
        timer = setTimeout(() => {
          // Whether it is the socket alone, or the whole server, shows when the page looks.
          if (state.value === 'live') for (const member of members) void member.refresh()
          state.value = 'polling'
        }, patienceMs)
      },
    })

  let subscription = open()
  watch(
    () => JSON.stringify(topics()),
    () => {
      subscription.close()
      subscription = open()
    },
  )
  onScopeDispose(() => {
    subscription.close()
    clearTimeout(timer)
  })
  const live: Live = {
    state: readonly(state),
    join(member) {
      members.add(member)
      return () => members.delete(member)
    },
  }
  provide(liveKey, live)
  return live
}

/** The live updates around a component, if there are any. */
export const useLive = (): Live | null => inject(liveKey, null)

/** What a page tells its reader of its connection, from the last look and from the live updates. */
export const useConnection = (
  error: Readonly<Ref<VideoConferenceError | null>>,
  { state }: Live,
): ComputedRef<Connection> =>
  computed(() => {
    if (!error.value || !isPassing(error.value)) return state.value
    return error.value.status === 0 ? 'offline' : 'failing'
  })
