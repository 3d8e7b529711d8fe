import { once } from 'node:events'
import { createServer, request } from 'node:http'
import { buffer } from 'node:stream/consumers'

/** One address before several processes, as a load balancer is: asks them in turn. */
export interface CallbackProxy {
  readonly url: string
  /** Where to go from now on. */
  targets: readonly string[]
  /** Bodies that were acknowledged, once for each time. */
  readonly acknowledged: readonly string[]
  /** Ends every exchange, and listens no more. */
  close(): Promise<void>
}

export async function startCallbackProxy(): Promise<CallbackProxy> {
  const acknowledged: string[] = []
  let turn = 0
  const proxy = { targets: [] as readonly string[], acknowledged }
  const server = createServer(async (asked, answer) => {
    const fail = (): void => void answer.writeHead(502).end()
    const body = await buffer(asked)
    const target = proxy.targets[turn++ % proxy.targets.length]
    if (!target) return fail()
    request(`${target}${asked.url}`, { method: asked.method, headers: asked.headers }, response => {
      const { statusCode = 502 } = response
      if (statusCode < 300) acknowledged.push(body.toString('utf8'))
      answer.writeHead(statusCode)
      response.on('error', () => answer.destroy()).pipe(answer)
    })
      .on('error', fail)
      .end(body)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return Object.assign(proxy, {
    url: `http://127.0.0.1:${port}`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  })
}
