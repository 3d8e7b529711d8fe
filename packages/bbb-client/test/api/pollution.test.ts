import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

/** What a polluted prototype would add to a request: names of options here, of parameters there, and of undici's own. */
const PROGRAM = `
import { createServer } from 'node:http'
import { BbbClient } from 'bbb-client'
const seen = []
const server = createServer((request, response) => {
  const chunks = []
  request.on('data', chunk => chunks.push(chunk))
  request.on('end', () => {
    seen.push([request.method, request.url, request.rawHeaders.filter(header => /polluted/.test(header)).join(), Buffer.concat(chunks).toString()])
    response.end('<response><returncode>SUCCESS</returncode><meetingID>m</meetingID><createTime>1704164645123</createTime><attendees><attendee><userID>u</userID></attendee></attendees><metadata><constructor>c</constructor></metadata><recordings/></response>')
  })
})
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
const url = 'http://127.0.0.1:' + server.address().port
const bbb = new BbbClient({ url, secret: 'a-secret-of-tests-only-0123456789', onWarning: () => {} })
async function walk() {
  await bbb.create({ meetingID: 'room', name: 'Room', meta: { a: '1' }, privileged: { logo: 'https://x.example/a.png' } })
  await bbb.create({ meetingID: 'room', name: 'Room', presentations: [{ url: 'https://x.example/a.pdf' }], groups: [{ id: '1', roster: ['u'] }] })
  seen.push(['link', bbb.joinUrl({ meetingID: 'room', fullName: 'Ada', role: 'VIEWER' }), '', ''])
  await bbb.getMeetingInfo({ meetingID: 'room' })
  await bbb.getRecordings({})
  await bbb.call('newCall', { a: '1' })
}
await walk()
const clean = seen.splice(0)
const polluted = {
  role: 'MODERATOR', password: 'mp', passwords: { attendeePW: 'ap', moderatorPW: 'mp' }, moderatorPW: 'mp', attendeePW: 'ap', userID: 'me',
  guest: false, auth: true, record: true, isBreakout: true, duration: 5, meta: { polluted: '1' }, extra: { polluted: '1' }, userdata: { polluted: '1' },
  privileged: { logoutURL: 'https://evil.example/' }, logoutURL: 'https://evil.example/', logo: 'https://evil.example/',
  presentations: [{ url: 'https://evil.example/a.pdf' }], url: 'https://evil.example/a.pdf', filename: 'evil.pdf', current: true, content: new Uint8Array(1),
  clientSettingsOverride: { evil: true }, meetingID: 'other', recordID: 'other', limit: 5, state: 'any', createTime: 1, roster: ['evil'],
  query: { polluted: '1' }, upgrade: false, path: '/evil', 'x-polluted': '1', body: 'evil', signed: false, polluted: 'polluted',
}
for (const [key, value] of Object.entries(polluted))
  Object.defineProperty(Object.prototype, key, { value, enumerable: true, configurable: true, writable: true })
await walk()
for (const key of Object.keys(polluted)) delete Object.prototype[key]
console.log(JSON.stringify({ clean, dirty: seen }))
server.closeAllConnections()
server.close()
process.exit(0)
`

describe('T4 a polluted Object.prototype', () => {
  it('adds nothing to any request', async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--conditions=lms-conferencing-source', '--input-type=module', '--eval', PROGRAM],
      { cwd: new URL('..', import.meta.url) },
    )
    const { clean, dirty } = JSON.parse(stdout) as { clean: string[][]; dirty: string[][] }
    expect(clean).toHaveLength(6)
    // The multipart boundary is random and not part of these calls, so everything must be the same.
    expect(dirty).toEqual(clean)
  })
})
