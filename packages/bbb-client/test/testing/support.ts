import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { FakeBbb, type FakeBbbOptions, ManualClock } from '../../src/testing/index.ts'

/** A second, tiny client: what it signs and reads owes nothing to the package's own client. */
export const secret = 'a-secret-for-tests-only'

export function sign(call: string, query: string, key = secret, algorithm = 'sha256'): string {
  return createHash(algorithm)
    .update(call + query + key)
    .digest('hex')
}

export function signedTarget(call: string, query = '', key = secret, algorithm = 'sha256'): string {
  const separator = query === '' ? '' : '&'
  return `/bigbluebutton/api/${call}?${query}${separator}checksum=${sign(call, query, key, algorithm)}`
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Text of the first element of that name. */
  text(name: string): string | undefined
  all(name: string): string[]
  readonly returncode: string | undefined
  readonly messageKey: string | undefined
}

export interface CallInit {
  readonly method?: string
  readonly body?: string
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
}

export function readAnswer(status: number, headers: Readonly<Record<string, string>>, body: string): Answer {
  const all = (name: string) =>
    [...body.matchAll(new RegExp(`<${name}>([\\s\\S]*?)</${name}>`, 'g'))].map(match => unescapeXml(match[1] ?? ''))
  const text = (name: string) => all(name)[0]
  const json = /"returncode":"(\w+)"(?:.*?"messageKey":"(\w+)")?/s.exec(body)
  return {
    status,
    headers,
    body,
    text,
    all,
    returncode: text('returncode') ?? json?.[1],
    messageKey: text('messageKey') ?? text('key') ?? json?.[2],
  }
}

function unescapeXml(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&')
}

/** Asks the fake without a socket, signed with its secret. */
export async function ask(fake: FakeBbb, call: string, query = '', init: CallInit = {}): Promise<Answer> {
  return send(fake, signedTarget(call, query), init)
}

export async function send(fake: FakeBbb, target: string, init: CallInit = {}): Promise<Answer> {
  const headers = { ...init.headers, ...(init.contentType !== undefined && { 'content-type': init.contentType }) }
  const {
    status,
    headers: answered,
    body,
  } = await fake.handle({
    method: init.method ?? 'GET',
    target,
    headers,
    body: init.body,
  })
  return readAnswer(status, answered, body)
}

/** A fake on a clock that stands still. */
export function newFake(options: Partial<FakeBbbOptions> = {}): { fake: FakeBbb; clock: ManualClock } {
  const clock = new ManualClock()
  return { fake: new FakeBbb({ secret, clock, ...options }), clock }
}

export interface Received {
  readonly method: string
  readonly target: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A receiver of callbacks on a real socket. */
export interface Receiver {
  readonly url: string
  readonly received: readonly Received[]
  /** What the next requests are answered with; afterwards 200. */
  readonly answers: ((response: ServerResponse, request: Received) => void)[]
  close(): Promise<void>
}

export async function newReceiver(): Promise<Receiver> {
  const received: Received[] = []
  const answers: Receiver['answers'] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const one = { method, target: url, headers, body: Buffer.concat(chunks).toString('utf8') }
      received.push(one)
      const answer = answers.shift()
      if (answer) answer(response, one)
      else response.end()
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new Error('no address')
  return {
    url: `http://127.0.0.1:${address.port}`,
    received,
    answers,
    close: () => {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      server.closeAllConnections()
      return closed
    },
  }
}

export function status(code: number, headers: Record<string, string> = {}): (response: ServerResponse) => void {
  return response => response.writeHead(code, headers).end()
}

export interface PostedEvent {
  readonly data: {
    readonly id: string
    readonly attributes: Record<string, Record<string, unknown>>
    readonly event: { readonly ts: number }
  }
}

/** Events of a hook callback; other callbacks have none. */
export function eventsOf(received: Received): PostedEvent[] {
  const text = new URLSearchParams(received.body).get('event')
  return text === null ? [] : JSON.parse(text)
}

export function eventIds(all: readonly Received[]): string[] {
  return all.flatMap(eventsOf).map(({ data }) => data.id)
}

/** An independent verifier of hook callbacks: which scheme, if any, this request proves under the secret. */
export function provenScheme(one: Received, callbackURL: string, key = secret): string | undefined {
  if (one.headers.authorization === `Bearer ${key}`) return 'bearer'
  const given = /[?&]checksum=([0-9a-f]+)$/.exec(one.target)?.[1]
  if (!given) return undefined
  const algorithm = { 40: 'sha1', 64: 'sha256', 96: 'sha384', 128: 'sha512' }[given.length]
  if (!algorithm) return undefined
  const form = new URLSearchParams(one.body)
  const { event, timestamp, domain } = Object.fromEntries(form)
  const signed = {
    'url+body': one.body,
    'url+braces': '{}',
    'url+json': JSON.stringify({ event, timestamp: Number(timestamp), domain }),
  }
  return Object.entries(signed).find(([, text]) => {
    const expected = createHash(algorithm)
      .update(callbackURL + text + key)
      .digest('hex')
    return timingSafeEqual(Buffer.from(expected), Buffer.from(given))
  })?.[0]
}

/** Verifies a compact JWT under the secret and gives its parts. */
export function readJwt(
  token: string,
  key = secret,
): { header: Record<string, unknown>; payload: Record<string, unknown> } {
  const [head = '', body = '', signature = ''] = token.split('.')
  const header = JSON.parse(Buffer.from(head, 'base64url').toString())
  const hash = header.alg === 'HS256' ? 'sha256' : 'sha512'
  const expected = createHmac(hash, key).update(`${head}.${body}`).digest('base64url')
  if (expected !== signature) throw new Error('signature does not verify')
  return { header, payload: JSON.parse(Buffer.from(body, 'base64url').toString()) }
}

/** A query from plain values, encoded as any client may. */
export function query(parameters: Readonly<Record<string, string | number | boolean>>): string {
  const encoded = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) encoded.set(name, String(value))
  return encoded.toString()
}

/** The recorded facts, where they are at hand. */
export const conformanceData = process.env.CONFORMANCE_DATA
