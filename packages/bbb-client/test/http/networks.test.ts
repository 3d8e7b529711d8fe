import type { LookupFunction } from 'node:net'
import { BbbClient } from 'bbb-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isPrivateAddress, publicLookup } from '../../src/http/guard.ts'
import { ending } from '../support/outcome.ts'
import { respond, SECRET, success, type TestServer, testServer } from '../support/server.ts'

let server: TestServer
let port: string
beforeAll(async () => {
  server = await testServer()
  server.answer((_request, response) => respond(response, success('<meetings/>')))
  port = new URL(server.url).port
})
afterAll(() => server.close())

/** What a resolver would say. */
const resolver =
  (...addresses: readonly string[]): LookupFunction =>
  (_hostname, options, callback) => {
    const list = addresses.map(address => ({ address, family: address.includes(':') ? 6 : 4 }))
    if (options.all === true) callback(null, list)
    else callback(null, list[0]?.address ?? '', list[0]?.family)
  }

describe('T13 addresses that are not public', () => {
  it.each([
    ...[
      '127.0.0.1',
      '127.255.255.254',
      '0.0.0.0',
      '0.1.2.3',
      '10.0.0.1',
      '100.64.0.1',
      '100.127.255.255',
      '169.254.169.254',
    ],
    ...[
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '192.0.0.1',
      '198.18.0.1',
      '198.19.255.255',
      '224.0.0.1',
      '239.1.1.1',
    ],
    ...['240.0.0.1', '255.255.255.255', '192.0.2.1', '198.51.100.1', '203.0.113.1', '192.88.99.1'],
    ...[
      '::',
      '::1',
      '::ffff:127.0.0.1',
      '::ffff:10.0.0.1',
      '::ffff:7f00:1',
      '::ffff:8.8.8.8',
      '::127.0.0.1',
      '64:ff9b::7f00:1',
    ],
    ...[
      '64:ff9b:1::1',
      '2002:7f00:1::',
      '2001::1',
      '2001:db8::1',
      'fc00::1',
      'fd12:3456::1',
      'fe80::1',
      'fe80::1%eth0',
      'fec0::1',
    ],
    ...['ff02::1', '100::1', '3fff::1', 'not an address', ''],
  ])('%s', address => {
    expect(isPrivateAddress(address)).toBe(true)
  })

  it.each([
    '8.8.8.8',
    '1.1.1.1',
    '93.184.216.34',
    '172.15.0.1',
    '172.32.0.1',
    '100.63.255.255',
    '100.128.0.1',
    '192.169.0.1',
    '169.253.1.1',
    '2606:4700::1111',
    '2a00:1450::1',
  ])('%s is public', address => {
    expect(isPrivateAddress(address)).toBe(false)
  })
})

describe('T13 a client for a tenant’s address', () => {
  it.each([
    ...[
      '127.0.0.1',
      '127.1',
      '127.0.1',
      '2130706433',
      '0x7f000001',
      '0x7f.1',
      '0177.0.0.1',
      '017700000001',
      '127.0.0.1.',
    ],
    ...[
      '０',
      '1２7.0.0.1',
      '①②⑦.0.0.1',
      '0',
      '0.0.0.0',
      '[::]',
      '[::1]',
      '[0:0:0:0:0:0:0:1]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
    ],
    ...[
      '[64:ff9b::7f00:1]',
      '[2002:7f00:1::]',
      '[fe80::1]',
      '[fd00::1]',
      '10.0.0.1',
      '10.1',
      '192.168.0.1',
      '0xc0a80001',
    ],
    ...['172.16.0.1', '169.254.169.254', '0xa9fea9fe', '2852039166', '100.64.0.1', '224.0.0.1', '255.255.255.255'],
    ...['localhost', 'LOCALHOST'],
  ])('http://%s: no connection', async host => {
    const client = BbbClient.forTenant({
      url: `http://${host}:${port}`,
      secret: SECRET,
      allowInsecureHttp: true,
      retry: { attempts: 1 },
    })
    const result = await ending(client.getMeetings())
    await client.close()
    expect(result).toMatchObject({
      error: { code: 'BBB_NETWORK', reason: 'blocked', outcome: 'not-sent', retryable: false, attempts: 1 },
    })
    expect(server.targets).toEqual([])
    expect(await server.connections()).toBe(0)
  })

  it('a public name whose address is private, as the resolver says it or as it says it the second time', async () => {
    for (const lookup of [
      resolver('127.0.0.1'),
      resolver('::1'),
      resolver('::ffff:127.0.0.1'),
      resolver('127.0.0.1', '10.0.0.1'),
    ]) {
      const client = BbbClient.forTenant({
        url: `http://bbb.example.org:${port}`,
        secret: SECRET,
        allowInsecureHttp: true,
        retry: { attempts: 1 },
        lookup,
      })
      expect(await ending(client.getMeetings())).toMatchObject({ error: { reason: 'blocked', outcome: 'not-sent' } })
      await client.close()
    }
    expect(await server.connections()).toBe(0)
  })

  it('of public and private addresses only the public ones are tried, and each connection is looked up anew', async () => {
    const asked: string[] = []
    const rebinding: LookupFunction = (hostname, options, callback) => {
      asked.push(hostname)
      resolver(...(asked.length === 1 ? ['93.184.216.34', '127.0.0.1'] : ['127.0.0.1']))(hostname, options, callback)
    }
    const guarded = publicLookup(rebinding)
    const look = (all: boolean) =>
      new Promise(resolve => guarded('bbb.example.org', { all }, (error, found) => resolve(error?.code ?? found)))
    expect(await look(true)).toEqual([{ address: '93.184.216.34', family: 4 }])
    expect(await look(true)).toBe('EADDRBLOCKED')
    expect(await look(false)).toBe('EADDRBLOCKED')
    expect(asked).toHaveLength(3)
  })

  it('a name that is not found stays not found', async () => {
    const guarded = publicLookup((_hostname, _options, callback) =>
      callback(Object.assign(new Error('x'), { code: 'ENOTFOUND' }), '', 0),
    )
    expect(await new Promise(resolve => guarded('x', {}, error => resolve(error?.code)))).toBe('ENOTFOUND')
  })

  it('may be told otherwise, and the operator’s own client is not bound by it', async () => {
    const before = server.targets.length
    const tenant = BbbClient.forTenant({ url: server.url, secret: SECRET, blockPrivateNetworks: false })
    expect(await tenant.getMeetings()).toEqual([])
    const lookups: string[] = []
    const own = new BbbClient({
      url: `http://bbb.example.org:${port}`,
      secret: SECRET,
      allowInsecureHttp: true,
      lookup: (hostname, options, callback) => {
        lookups.push(hostname)
        resolver('127.0.0.1')(hostname, options, callback)
      },
    })
    expect(await own.getMeetings()).toEqual([])
    expect(lookups).toEqual(['bbb.example.org'])
    await Promise.all([tenant.close(), own.close()])
    expect(server.targets.length - before).toBe(2)
  })

  it('T13 whatever the parameters, requests stay with the address', async () => {
    const before = server.targets.length
    const client = server.client()
    for (const meetingID of [
      '//evil.example/',
      '/../../x',
      '@evil.example',
      'http://evil.example',
      '\\\\evil.example',
      '?x',
      '#x',
    ])
      await ending(client.isMeetingRunning({ meetingID }))
    for (const target of server.targets.slice(before))
      expect(target).toMatch(/^\/bigbluebutton\/api\/isMeetingRunning\?meetingID=/)
    expect(server.targets.length - before).toBe(7)
  })
})
