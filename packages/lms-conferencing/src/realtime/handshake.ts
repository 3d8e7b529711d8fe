import type { Socket } from 'socket.io'

type Handshake = Pick<Socket['handshake'], 'headers' | 'url' | 'auth' | 'secure'>

/**
 * The handshake as a request like those of the HTTP API, so that one function knows people at both doors. Pages cannot
 * set headers on a WebSocket: those named in `fromAuth` may come in the handshake's `auth.headers` instead, unless the
 * handshake itself carries them (then a proxy may have set them).
 */
export function requestOf({ headers, url, auth, secure }: Handshake, fromAuth: readonly string[]): Request {
  const copied = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) copied.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  const given: unknown = auth.headers
  if (typeof given === 'object' && given !== null) {
    for (const [name, value] of Object.entries(given)) {
      const isAllowed = fromAuth.includes(name.toLowerCase()) && !copied.has(name)
      if (isAllowed && typeof value === 'string' && isHeaderValue(value)) copied.set(name, value)
    }
  }
  const origin = `${secure ? 'https' : 'http'}://${headers.host ?? 'localhost'}`
  return new Request(URL.canParse(url, origin) ? new URL(url, origin) : 'http://localhost/', { headers: copied })
}

const isHeaderValue = (value: string): boolean => /^[\t\x20-\x7e]{1,8192}$/.test(value)

/**
 * Whether the page that opens the socket is one of ours. Browsers let any page open a WebSocket anywhere, with the
 * cookies of the person at it; only this header tells. Programs that are no browsers send none.
 */
export function isOwnPage({ headers }: Handshake, origins: readonly string[]): boolean {
  const { origin, host } = headers
  if (origin === undefined || origins.includes(origin)) return true
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase()
}
