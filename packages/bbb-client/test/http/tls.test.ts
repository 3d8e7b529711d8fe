import { createHash } from 'node:crypto'
import { createSecureServer } from 'node:http2'
import { createServer, type Server } from 'node:https'
import type { TlsOptions } from 'node:tls'
import { BbbClient, type BbbClientOptions } from 'bbb-client'
import { afterEach, describe, expect, it } from 'vitest'
import { CA, EXPIRED, GOOD, type Identity, WRONG_HOST } from '../support/certificates.ts'
import { type Ending, ending } from '../support/outcome.ts'
import { listen, respond, SECRET, success } from '../support/server.ts'

const open: { server: Server; client: BbbClient }[] = []
afterEach(async () => {
  for (const { server, client } of open.splice(0)) {
    await client.close()
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
})

/** One read from a server with this identity, and how many bytes of it came through. */
async function asked(
  identity: Identity,
  options: Partial<BbbClientOptions> = {},
  tls: TlsOptions = {},
): Promise<{ result: Ending; requests: number }> {
  let requests = 0
  const server = createServer({ ...identity, ...tls }, (_request, response) => {
    requests++
    respond(response, success('<meetings/>'))
  })
  server.on('tlsClientError', () => {})
  const client = new BbbClient({
    url: `https://localhost:${await listen(server)}`,
    secret: SECRET,
    retry: { attempts: 1 },
    lookup: (_hostname, lookupOptions, callback) =>
      lookupOptions.all === true
        ? callback(null, [{ address: '127.0.0.1', family: 4 }])
        : callback(null, '127.0.0.1', 4),
    ...options,
  })
  open.push({ server, client })
  return { result: await ending(client.getMeetings()), requests }
}

const REFUSED = { error: { code: 'BBB_NETWORK', reason: 'tls', outcome: 'not-sent', retryable: false, attempts: 1 } }

describe('T15 TLS', () => {
  it('a certificate of an authority that was added is taken', async () => {
    for (const ca of [CA, [CA], Buffer.from(CA)])
      expect(await asked(GOOD, { ca })).toMatchObject({ result: { value: [] } })
  })

  it.each<[string, Identity, Partial<BbbClientOptions>]>([
    ['of an authority nobody knows', GOOD, {}],
    ['that has run out', EXPIRED, { ca: CA }],
    ['of another host', WRONG_HOST, { ca: CA }],
    ['of another host, of an authority nobody knows', WRONG_HOST, {}],
  ])('a certificate %s is refused, and not a byte of the request is sent', async (_name, identity, options) => {
    const { result, requests } = await asked(identity, options)
    expect(result).toMatchObject(REFUSED)
    expect(requests).toBe(0)
  })

  it.each(['TLSv1', 'TLSv1.1'] as const)('%s is refused', async version => {
    const { result, requests } = await asked(
      GOOD,
      { ca: CA },
      {
        minVersion: 'TLSv1',
        maxVersion: version,
        ciphers: 'DEFAULT@SECLEVEL=0',
      },
    )
    expect(result).toMatchObject(REFUSED)
    expect(requests).toBe(0)
  })

  it('TLS 1.2 and 1.3 are taken', async () => {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
      expect(await asked(GOOD, { ca: CA }, { minVersion: version, maxVersion: version })).toMatchObject({
        result: { value: [] },
      })
  })

  it('HTTP/2 is spoken where it is offered, with the same signed path', async () => {
    const paths: string[] = []
    const server = createSecureServer({ ...GOOD, allowHTTP1: false })
    server.on('stream', (stream, headers) => {
      paths.push(String(headers[':path']))
      stream.respond({ ':status': 200, 'content-type': 'text/xml' })
      stream.end(success('<meetings/>'))
    })
    const client = new BbbClient({ url: `https://localhost:${await listen(server)}`, secret: SECRET, ca: CA })
    expect(await client.getMeetings()).toEqual([])
    await client.close()
    await new Promise(resolve => server.close(resolve))
    const checksum = createHash('sha256').update(`getMeetings${SECRET}`).digest('hex')
    expect(paths).toEqual([`/bigbluebutton/api/getMeetings?checksum=${checksum}`])
  })

  it('verification cannot be turned off by an option', async () => {
    const options: object = { rejectUnauthorized: false, checkServerIdentity: () => undefined, insecure: true }
    expect((await asked(WRONG_HOST, { ca: CA, ...options })).result).toMatchObject(REFUSED)
    expect((await asked(GOOD, { ...options })).result).toMatchObject(REFUSED)
  })

  it('says what to do about it', async () => {
    const { result } = await asked(EXPIRED, { ca: CA })
    expect(String('error' in result && result.error)).toMatch(/certificate.*\(CERT_HAS_EXPIRED\)/)
  })
})
