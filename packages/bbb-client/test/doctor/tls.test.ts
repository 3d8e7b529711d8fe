import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { BbbClientOptions } from 'bbb-client'
import { diagnose, type Finding } from 'bbb-client/doctor'
import { FakeBbb } from 'bbb-client/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { CA, EXPIRED, GOOD, type Identity, WRONG_HOST } from '../support/certificates.ts'
import { CANARY, codes } from './flavours.ts'

/** Diagnoses a healthy server behind this certificate. */
async function examine(identity: Identity, options: Partial<BbbClientOptions> = {}): Promise<readonly Finding[]> {
  const fake = new FakeBbb({ secret: CANARY, version: '3.0.37', revealVersion: true })
  const server = createServer(identity, async (request, response) => {
    const { method = 'GET', url: target = '/', headers } = request
    const answer = await fake.handle({ method, target, headers })
    response.writeHead(answer.status, answer.headers).end(answer.body)
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await Promise.all([fake.close(), new Promise(resolve => server.close(resolve))])
  })
  const { port }: AddressInfo = Object(server.address())
  return diagnose({
    client: {
      url: `https://localhost:${port}`,
      secret: CANARY,
      ca: CA,
      lookup: (_hostname, { all }, callback) =>
        all === true ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4),
      ...options,
    },
  })
}

describe('T15 T23 the certificate of a server', () => {
  test('that is good, is read and told', async () => {
    const findings = await examine(GOOD)
    expect(codes(findings).slice(0, 4)).toEqual(['address-secure', 'server-answers', 'tls-valid', 'clock-agrees'])
    expect(findings[2]?.message).toMatch(/^TLSv1\.3, certificate valid until 2126-10-29\.$/)
  })

  test.each([
    ['expired', EXPIRED, {}, /renew it/],
    ['of another host', WRONG_HOST, {}, /another host name/],
    ['of an authority that nobody knows', GOOD, { ca: undefined }, /option ca or NODE_EXTRA_CA_CERTS/],
  ])('%s is refused, with what to do', async (_name, identity, options, fix) => {
    const findings = await examine(identity, options)
    expect(codes(findings)).toEqual(['address-secure', 'server-tls-refused'])
    expect(findings[1]?.fix).toMatch(fix)
  })
})
