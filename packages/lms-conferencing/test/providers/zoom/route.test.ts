import { ManualClock } from 'bbb-client/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createConferencing } from '../../../src/conferencing.ts'
import { createHttpApi } from '../../../src/http/index.ts'
import { zoomProvider } from '../../../src/providers/zoom/index.ts'
import { openStore } from '../../../src/sql/index.ts'
import { fakeZoom, signatureOf } from '../../../src/testing/index.ts'
import { account, host } from '../../support/zoom-under-test.ts'

const url = 'https://lms.example/api/v1/classes/zoom-webhook/9f2c4e'

/** The API of an LMS with Zoom alone, and a fake account whose webhooks go there. */
async function createSchool() {
  const clock = new ManualClock()
  const store = await openStore('sqlite::memory:')
  const conferencing = createConferencing({
    providers: { zoom: zoomProvider({ ...account, host, clock }) },
    store,
    clock,
  })
  onTestFinished(async () => {
    await conferencing.stop()
    await store.close()
  })
  const api = createHttpApi({
    conferencing,
    authenticate: () => null,
    lms: { courseTitle: () => null, teaches: () => false, coursesOf: () => [], enrolled: () => false },
    clock,
  })
  const post = async (headers: Readonly<Record<string, string>>, body: Uint8Array) =>
    api(new Request(url, { method: 'POST', headers, body: Buffer.from(body) }))
  const fake = fakeZoom({
    ...account,
    clock,
    send: async ({ headers, body }) => {
      const answer = await post(headers, body)
      return { status: answer.status, body: await answer.text() }
    },
  })
  return { clock, conferencing, post, fake }
}

describe('POST zoom-webhook', () => {
  it('T40: passes the challenge of Zoom, and stores nothing for it', async () => {
    const { fake, conferencing } = await createSchool()
    expect(await fake.subscribe(url)).toBe(true)
    expect((await conferencing.health()).inbox).toMatchObject({ new: 0, applied: 0, ignored: 0 })
  })

  it('T40: an unsigned challenge gets the answer of every refusal', async () => {
    const { clock, post } = await createSchool()
    const body = Buffer.from('{"event":"endpoint.url_validation","payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"}}')
    const timestamp = String(Math.floor(clock.now() / 1000))
    for (const headers of [
      {},
      {
        'x-zm-request-timestamp': timestamp,
        'x-zm-signature': signatureOf('the-secret-of-somebody-else', timestamp, body),
      },
    ]) {
      const answer = await post(headers, body)
      expect([answer.status, await answer.text()]).toEqual([401, expect.not.stringContaining('encryptedToken')])
    }
  })

  it('answers 200 once an event is stored', async () => {
    const { fake, conferencing } = await createSchool()
    await fake.subscribe(url)
    fake.emit('meeting.alert', {})
    await fake.idle()
    expect(fake.deliveries.at(-1)).toMatchObject({ event: 'meeting.alert', status: 200 })
    expect((await conferencing.health()).inbox?.new).toBe(1)
  })
})
