import http from 'node:http'
import https from 'node:https'

/** A request the fake server sends. */
export interface OutgoingRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** How redirects are taken. */
export type RedirectPolicy =
  /** A redirect is an answer like any other. */
  | 'none'
  /** 301, 302, 303 become a GET without body, 307 and 308 repeat the request. */
  | 'follow'

const maxRedirects = 20

/** Sends requests over sockets of its own, closed with {@link HttpSender.close}. */
export class HttpSender {
  readonly #http = new http.Agent({ keepAlive: true, maxSockets: 128 })
  readonly #https = new https.Agent({ keepAlive: true, maxSockets: 128 })

  /** Sends and gives the final status. Rejects when no answer comes, or when `signal` says so. */
  async send(request: OutgoingRequest, redirects: RedirectPolicy, signal: AbortSignal): Promise<number> {
    let current = request
    for (let hop = 0; hop <= maxRedirects; hop++) {
      const { status, location } = await this.#exchange(current, signal)
      const next = redirects === 'follow' && location ? redirected(current, status, location) : undefined
      if (!next) return status
      current = next
    }
    throw new Error('too many redirects')
  }

  close(): void {
    this.#http.destroy()
    this.#https.destroy()
  }

  #exchange(request: OutgoingRequest, signal: AbortSignal): Promise<{ status: number; location: string | undefined }> {
    return new Promise((resolve, reject) => {
      const url = new URL(request.url)
      if (url.username || url.password) throw new TypeError('credentials in the URL')
      const secure = url.protocol === 'https:'
      const outgoing = (secure ? https : http).request(url, {
        method: request.method,
        // A bare `?` at the end is part of the URL, which `search` does not tell.
        path: url.href.slice(url.origin.length).split('#', 1)[0],
        headers: { ...request.headers, ...(request.method === 'POST' && lengthOf(request.body)) },
        agent: secure ? this.#https : this.#http,
        signal,
      })
      outgoing.on('response', answer => {
        answer.on('error', reject)
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, location: answer.headers.location }))
        answer.resume()
      })
      outgoing.on('error', reject)
      outgoing.end(request.method === 'POST' ? request.body : undefined)
    })
  }
}

function lengthOf(body: string): Record<string, string> {
  return { 'content-length': String(Buffer.byteLength(body)) }
}

function redirected(request: OutgoingRequest, status: number, location: string): OutgoingRequest | undefined {
  if (![301, 302, 303, 307, 308].includes(status)) return undefined
  const url = new URL(location, request.url)
  const { authorization: _, ...anonymous } = request.headers
  const headers = url.host === new URL(request.url).host ? request.headers : anonymous
  if (status === 307 || status === 308) return { ...request, url: url.href, headers }
  const { 'content-type': __, ...bodiless } = headers
  return { method: 'GET', url: url.href, headers: bodiless, body: '' }
}
