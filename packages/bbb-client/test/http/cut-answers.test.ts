import type { BbbClient } from 'bbb-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { attendee, meeting, recording } from '../support/answering.ts'
import { ending } from '../support/outcome.ts'
import { type RawServer, rawServer } from '../support/raw-server.ts'
import { success } from '../support/server.ts'

/** Every seventh byte in ordinary runs, every byte with `FULL=1`. */
const STEP = process.env.FULL === '1' ? 1 : 7

const FRAMINGS: Readonly<Record<string, (body: Buffer, cut: number) => Buffer>> = {
  'by length': (body, cut) =>
    Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`), body.subarray(0, cut)]),
  chunked: (body, cut) =>
    Buffer.concat([
      Buffer.from(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${cut === 0 ? '' : `${cut.toString(16)}\r\n`}`),
      body.subarray(0, cut),
      Buffer.from(cut === 0 ? '' : '\r\n'),
      Buffer.from(cut === body.length ? '0\r\n\r\n' : ''),
    ]),
  'chunked, properly ended': (body, cut) =>
    Buffer.concat([
      Buffer.from(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${cut === 0 ? '' : `${cut.toString(16)}\r\n`}`),
      body.subarray(0, cut),
      Buffer.from(cut === 0 ? '0\r\n\r\n' : '\r\n0\r\n\r\n'),
    ]),
  'by the end of the connection': (body, cut) =>
    Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n'), body.subarray(0, cut)]),
}

const ANSWERS: Readonly<Record<string, { body: Buffer; act: (client: BbbClient) => Promise<unknown>; count: number }>> =
  {
    getMeetings: {
      body: Buffer.from(
        success(
          `<meetings>${Array.from({ length: 8 }, (_, i) => `<meeting>${meeting({ meetingID: `room-${i}`, attendees: attendee('a') + attendee('ü😀') })}</meeting>`).join('\n')}</meetings>`,
        ),
      ),
      act: client => client.getMeetings(),
      count: 8,
    },
    getRecordings: {
      body: Buffer.from(
        success(
          `<recordings>${Array.from({ length: 20 }, (_, i) => recording(`r-${i}`, '<playback><format><type>video</type><url>https://x.example/</url></format></playback>')).join('')}</recordings>`,
        ),
      ),
      act: client => client.getRecordings(),
      count: 20,
    },
  }

describe('F15 an answer cut off at any byte is never taken for a whole one', () => {
  let server: RawServer
  beforeAll(async () => {
    server = await rawServer()
  })
  afterAll(() => server.close())

  for (const [call, { body, act, count }] of Object.entries(ANSWERS))
    it.each(Object.keys(FRAMINGS))(`${call}, ${body.length} bytes, framed %s`, async framing => {
      const frame = FRAMINGS[framing]
      if (frame === undefined) throw new Error('no framing')
      const client = server.client({ retry: { attempts: 1 }, breaker: { failures: 1_000_000 } })
      for (let cut = 0; cut < body.length; cut += STEP) {
        server.answer(({ socket }) => socket.end(frame(body, cut)))
        const result = await ending(act(client))
        expect(result, `cut at ${cut}`).toMatchObject({
          error: { code: expect.stringMatching(/^BBB_(NETWORK|RESPONSE_INVALID)$/), outcome: 'unknown', attempts: 1 },
        })
      }
      server.answer(({ socket }) => socket.end(frame(body, body.length)))
      expect(await act(client)).toHaveLength(count)
    })

  it('the answers are of about five kilobytes', () => {
    for (const { body } of Object.values(ANSWERS)) expect(body.length).toBeGreaterThan(4000)
  })
})
