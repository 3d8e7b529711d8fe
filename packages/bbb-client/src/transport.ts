import type { BbbClientOptions } from './config.ts'
import { BbbConfigError } from './errors.ts'
import { fetchTransport } from './http/fetch.ts'
import { HttpFailure, type Transport } from './http/types.ts'
import { ownAgent, undiciTransport } from './http/undici.ts'

/** How one client reaches its server, and how that ends. */
export interface ClientTransport {
  readonly send: Transport
  /** Lets what is under way end, and refuses the rest. */
  close(): Promise<void>
}

/** Throws {@link BbbConfigError} for options that cannot be kept together. */
export function clientTransport(options: BbbClientOptions): ClientTransport {
  const { ca, lookup, blockPrivateNetworks = false } = options
  const own = ca !== undefined || lookup !== undefined || blockPrivateNetworks
  if (own && (options.fetch !== undefined || options.dispatcher !== undefined)) {
    const option = ca !== undefined ? 'ca' : lookup !== undefined ? 'lookup' : 'blockPrivateNetworks'
    throw new BbbConfigError(option, 'cannot be kept by a dispatcher or fetch that is given: make that one do it')
  }
  let agent: ReturnType<typeof ownAgent> | undefined
  let closed = false
  const inner: Transport = own
    ? async request => {
        agent ??= ownAgent({ ca, lookup, blockPrivateNetworks })
        return undiciTransport(await agent)(request)
      }
    : options.fetch !== undefined
      ? fetchTransport(options.fetch)
      : undiciTransport(options.dispatcher)
  const underWay = new Set<Promise<unknown>>()
  return {
    send(request) {
      if (closed) return Promise.reject(new HttpFailure('closed', false))
      const response = inner(request)
      underWay.add(response)
      const over = (): void => void underWay.delete(response)
      response.then(over, over)
      return response
    },
    async close() {
      closed = true
      await Promise.allSettled(underWay)
      // Not its close(), which would wait for connections that nobody waits for any more.
      await (await agent)?.destroy()
    },
  }
}
