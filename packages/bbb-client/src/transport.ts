import type { BbbClientOptions } from './config.ts'
import { BbbConfigError } from './errors.ts'
import { fetchTransport } from './http/fetch.ts'
import { HttpFailure, type Transport } from './http/types.ts'
import { type ConnectionOptions, ownAgent, undiciTransport } from './http/undici.ts'

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
  if (own) return ownTransport({ ca, lookup, blockPrivateNetworks })
  const send = options.fetch !== undefined ? fetchTransport(options.fetch) : undiciTransport(options.dispatcher)
  let closed = false
  return {
    send: request => (closed ? Promise.reject(new HttpFailure('closed', false)) : send(request)),
    async close() {
      closed = true
    },
  }
}

/** With connections that nobody else has, and that end with the client. */
function ownTransport(options: ConnectionOptions): ClientTransport {
  let agent: ReturnType<typeof ownAgent> | undefined
  let closed = false
  const underWay = new Set<Promise<unknown>>()
  return {
    async send(request) {
      if (closed) throw new HttpFailure('closed', false)
      agent ??= ownAgent(options)
      const response = undiciTransport(await agent)(request)
      underWay.add(response)
      try {
        return await response
      } finally {
        underWay.delete(response)
      }
    },
    async close() {
      closed = true
      await Promise.allSettled(underWay)
      // Not its close(), which would wait for connections that nobody waits for any more.
      await (await agent)?.destroy()
    },
  }
}
