import { once } from 'node:events'
import { createServer } from 'node:http'
import { Server, type ServerOptions } from 'socket.io'
import { io as connect } from 'socket.io-client'
import { onTestFinished } from 'vitest'
import type { ConnectSocket, LiveMessage, LiveState, SubscribeOptions } from '../../src/browser.ts'
import { VideoConferenceService } from '../../src/browser.ts'
import { attachLiveUpdates, type LiveUpdates, type LiveUpdatesOptions } from '../../src/realtime/index.ts'

/** A door for pages on loopback. */
export interface LiveDoor {
  readonly url: string
  readonly port: number
  readonly io: Server
  readonly live: LiveUpdates
}

export type DoorOptions = Omit<LiveUpdatesOptions, 'io'> & {
  readonly io?: Partial<ServerOptions> | undefined
  readonly prepare?: ((io: Server) => void) | undefined
}

/** A real server with real sockets, gone after the test. */
export async function openDoor({ prepare, io: settings, ...options }: DoorOptions): Promise<LiveDoor> {
  const server = createServer((_request, response) => response.writeHead(404).end())
  const io = new Server(server, { serveClient: false, maxHttpBufferSize: 65_536, ...settings })
  prepare?.(io)
  const live = attachLiveUpdates({ io, pollMs: 50, ...options })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(async () => {
    await live.close()
    await io.close()
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { url: `http://127.0.0.1:${port}`, port, io, live }
}

/** A person's page that follows along, and remembers what it was told. */
export interface Page {
  readonly messages: readonly LiveMessage[]
  readonly states: readonly LiveState[]
  readonly reloads: number
  /** Resolves once this holds; looked at whenever something happens on the page. */
  until(condition: () => boolean): Promise<void>
  close(): void
}

/** `io` of the browser, which keeps no connection alive for the next page. */
const freshConnection: ConnectSocket = (url, options) =>
  connect(url, { ...options, forceNew: true, reconnectionDelay: 20, reconnectionDelayMax: 100 })

export function openPage(
  url: string,
  who: string | null,
  topics: Partial<SubscribeOptions> & { readonly onReload?: (() => Promise<void>) | undefined } = {},
): Page {
  const { onReload, ...options } = topics
  const messages: LiveMessage[] = []
  const states: LiveState[] = []
  const checks = new Set<() => void>()
  const changed = (): void => {
    for (const check of checks) check()
  }
  let reloads = 0
  const service = new VideoConferenceService({
    baseUrl: url,
    ...(who !== null && { headers: () => ({ authorization: `Bearer ${who}` }) }),
  })
  const subscription = service.subscribe({
    io: freshConnection,
    reload: async () => {
      await onReload?.()
      reloads++
      changed()
    },
    onMessage: message => {
      messages.push(message)
      changed()
    },
    onState: state => {
      states.push(state)
      changed()
    },
    ...options,
  })
  const close = (): void => subscription.close()
  onTestFinished(close)
  return {
    messages,
    states,
    get reloads() {
      return reloads
    },
    until(condition) {
      return new Promise(resolve => {
        const check = (): void => {
          if (!condition()) return
          checks.delete(check)
          resolve()
        }
        checks.add(check)
        check()
      })
    },
    close,
  }
}

export const isLive = (page: Page): Promise<void> => page.until(() => page.states.at(-1) === 'live')
