import type { LiveFrame, LiveMessage, LiveRefusal, LiveRequest, LiveTopics } from './live-messages.ts'

/** What is used of a socket of socket.io-client. */
export interface SocketLike {
  readonly connected: boolean
  /** Whether it is connected, or tries to be by itself. */
  readonly active: boolean
  connect(): unknown
  disconnect(): unknown
  on(event: 'connect' | 'disconnect' | 'connect_error', listener: () => void): unknown
  on(event: 'changes', listener: (frame: LiveFrame, acknowledge: () => void) => void): unknown
  emit(event: 'subscribe', request: LiveRequest, answer: (answer: LiveFrame | LiveRefusal) => void): unknown
}

/** What is used of `io` of socket.io-client. */
export type ConnectSocket = (
  url: string,
  options: {
    readonly transports: string[]
    readonly auth: (send: (auth: { readonly headers: Readonly<Record<string, string>> }) => void) => void
  },
) => SocketLike

/**
 * `live`: told within a second or two of what happens. `polling`: loaded again every half minute, because there is no
 * socket or it is cut. `offline`: what the page shows could not be loaded the last time; it is tried again.
 */
export type LiveState = 'live' | 'polling' | 'offline'

export interface SubscribeOptions extends LiveTopics {
  /**
   * Loads all the page shows, again. Called at once, whenever something may have been missed, and every half minute
   * while there is no socket; messages that come meanwhile wait for it. Rejects when it could not.
   */
  readonly reload: () => Promise<unknown>
  /** Something changed; not called while `reload` runs. */
  readonly onMessage?: ((message: LiveMessage) => void) | undefined
  /** Told of each change of the state, the first one too. */
  readonly onState?: ((state: LiveState) => void) | undefined
  /** `io` of socket.io-client, or a function like it. @default none: polling alone */
  readonly io?: ConnectSocket | undefined
  /** @default '/live-classes' */
  readonly namespace?: string | undefined
  /** Milliseconds between two reloads while there is no socket. @default 30000 */
  readonly pollMs?: number | undefined
  /** @default the page's own */
  readonly timers?: Timers | undefined
}

/** What is used of the page's timers. */
export interface Timers {
  setTimeout(callback: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
}

/** A page that follows what happens. */
export interface LiveSubscription {
  readonly state: LiveState
  /** Ends it: the socket is closed, nothing is called any more. */
  close(): void
}

/** How the service reaches the API. */
export interface Reach {
  readonly baseUrl: string
  readonly headers: () => Promise<Readonly<Record<string, string>>>
}

const pageTimers: Timers = {
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: timer => clearTimeout(timer as number),
}

/** Follows what happens, by socket where there is one, by loading again where there is not. */
export function subscribeTo(options: SubscribeOptions, { baseUrl, headers }: Reach): LiveSubscription {
  const { courses = [], classes = [], reload, onMessage, onState, io, pollMs = 30_000, timers = pageTimers } = options
  const { namespace = '/live-classes' } = options
  let shown: LiveState | null = null
  let isClosed = false
  /** The socket tells what happens. */
  let isFollowing = false
  /** How far it has told. */
  let heard: number | null = null
  /** The page has loaded all since it was last told to. */
  let isWhole = false
  let hasFailed = false
  let isLoading = false
  let isStale = false
  const waiting: LiveMessage[] = []

  const stateNow = (): LiveState => (hasFailed ? 'offline' : isFollowing && isWhole ? 'live' : 'polling')

  function show(): void {
    const state = stateNow()
    if (isClosed || state === shown) return
    shown = state
    onState?.(state)
  }

  async function load(): Promise<void> {
    // What runs may have read too early to see what this call is about: then once more.
    isStale = true
    if (isLoading) return
    isLoading = true
    while (isStale && !isClosed) {
      isStale = false
      hasFailed = await reload().then(
        () => false,
        () => true,
      )
    }
    isLoading = false
    isWhole = !hasFailed
    for (const message of waiting.splice(0)) tell(message)
    show()
  }

  function tell(message: LiveMessage): void {
    // What is being loaded may be older than the message: it must not come on top of it.
    if (isLoading) waiting.push(message)
    else if (!isClosed) onMessage?.(message)
  }

  function take({ seq, reset, messages }: LiveFrame): void {
    heard = seq
    if (reset) {
      isWhole = false
      void load()
    }
    for (const message of messages) tell(message)
  }

  const origin = /^https?:/.test(baseUrl) ? new URL(baseUrl).origin : ''
  const socket = io?.(origin + namespace, {
    // One connection, which stays with the server that took it; where it cannot be had, there is polling.
    transports: ['websocket'],
    auth: send =>
      void headers().then(
        given => send({ headers: given }),
        () => send({ headers: {} }),
      ),
  })

  function follow(): void {
    const after = isWhole ? heard : null
    socket?.emit('subscribe', { courses, classes, after }, answer => {
      if (isClosed || 'error' in answer) return
      isFollowing = true
      take(answer)
      show()
    })
  }

  socket?.on('connect', follow)
  socket?.on('disconnect', () => {
    isFollowing = false
    show()
  })
  socket?.on('changes', (frame, acknowledge) => {
    acknowledge()
    if (!isClosed) take(frame)
  })

  function tick(): void {
    timer = timers.setTimeout(tick, pollMs)
    if (!isFollowing || !isWhole) void load()
    // Turned away, or not answered: asked again.
    if (socket && !socket.active) socket.connect()
    else if (socket?.connected && !isFollowing) follow()
  }

  let timer: unknown
  tick()
  return {
    get state() {
      return stateNow()
    },
    close() {
      isClosed = true
      timers.clearTimeout(timer)
      socket?.disconnect()
    },
  }
}
