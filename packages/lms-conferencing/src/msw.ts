import { HttpResponse, http, type RequestHandler } from 'msw'
import type { FakeZoom } from './testing/zoom/fake-zoom.ts'

/** How {@link zoomHandlers} are told apart from other handlers. */
export interface ZoomHandlersOptions {
  /** @default zoom.us and everything below it */
  readonly domain?: string | undefined
}

/**
 * msw handlers that answer as Zoom. msw sees global `fetch` and `node:http`; for undici, which the provider uses, add
 * `interceptUndici` of `bbb-client/msw`.
 *
 * @example
 * import { fakeZoom } from 'lms-conferencing/testing'
 *
 * const fake = fakeZoom({ accountId: 'a', clientId: 'c', clientSecret: 's', webhookSecret: 'w' })
 * const handlers = zoomHandlers(fake) // for setupServer(...handlers)
 */
export function zoomHandlers(fake: Pick<FakeZoom, 'handle'>, options: ZoomHandlersOptions = {}): RequestHandler[] {
  const { domain = 'zoom.us' } = options
  const isZooms = ({ request }: { request: Request }): boolean => {
    const { hostname } = new URL(request.url)
    return hostname === domain || hostname.endsWith(`.${domain}`)
  }
  return [
    http.all(isZooms, async ({ request }) => {
      const { status, headers, body, damage } = await fake.handle({
        method: request.method,
        target: request.url,
        headers: Object.fromEntries(request.headers),
        body: new Uint8Array(await request.arrayBuffer()),
      })
      if (damage === 'hang') {
        await new Promise(resolve => {
          if (request.signal.aborted) resolve(undefined)
          request.signal.addEventListener('abort', resolve, { once: true })
        })
      }
      if (damage !== undefined) return HttpResponse.error()
      return new HttpResponse(status === 204 ? null : body, { status, headers: { ...headers } })
    }),
  ]
}
