import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { HttpFailure, type HttpRequest } from 'bbb-client/http'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { isStale } from '../../../src/inbox/age.ts'
import { zoomProvider } from '../../../src/providers/zoom/index.ts'
import { pathSegment } from '../../../src/providers/zoom/path.ts'
import { signatureOf } from '../../../src/testing/index.ts'
import { account, host, signed } from '../../support/zoom-under-test.ts'

const data = process.env.CONFORMANCE_DATA

const shape = z.object({
  webhook: z.array(
    z.object({
      id: z.string(),
      secret: z.string(),
      headers: z.record(z.string(), z.string()),
      bodyBase64: z.string(),
      nowMs: z.number(),
      maxAgeS: z.number().optional(),
      valid: z.boolean(),
      why: z.string(),
      correctSignature: z.string().optional(),
      reserialisedSignature: z.string().optional(),
    }),
  ),
  challenge: z.array(
    z.object({
      id: z.string(),
      secret: z.string(),
      plainToken: z.string(),
      encryptedToken: z.string(),
      accept: z.boolean(),
    }),
  ),
  uuidPath: z.array(z.object({ value: z.string(), pathSegment: z.string() })),
  basicAuth: z.array(z.object({ clientId: z.string(), clientSecret: z.string(), authorization: z.string() })),
})

/** Whose only fault is age or future: Zoom itself signed them. */
const isOnlyOld = (id: string): boolean => /stale|future/.test(id)

const at = (now: number): { now(): number; setTimeout(): { cancel(): void }; clearTimeout(): void } => ({
  now: () => now,
  setTimeout: () => ({ cancel: () => {} }),
  clearTimeout: () => {},
})

describe.skipIf(data === undefined)('signature vectors, two of them signed by Zoom (needs CONFORMANCE_DATA)', () => {
  const vectors = data && shape.parse(JSON.parse(readFileSync(join(data, 'zoom/signature-vectors.json'), 'utf8')))
  const { webhook, challenge, uuidPath, basicAuth } = vectors || {
    webhook: [],
    challenge: [],
    uuidPath: [],
    basicAuth: [],
  }

  it.each(webhook)('webhook $id: $why (T31, T35, T40)', vector => {
    const provider = zoomProvider({
      ...account,
      host,
      webhookSecret: vector.secret,
      clock: at(vector.nowMs),
      ...(vector.maxAgeS !== undefined && { maxAgeSeconds: vector.maxAgeS }),
    })
    const body = Buffer.from(vector.bodyBase64, 'base64')
    const verify = () => provider.verify({ method: 'POST', target: '/zoom', headers: vector.headers, body })
    if (vector.valid) {
      expect(verify().kind).toMatch(/^(event|challenge)$/)
      expect(isStale(verify(), vector.nowMs)).toBe(false)
    }
    // Genuine, so kept aside and not refused: a refusal is final at Zoom.
    else if (isOnlyOld(vector.id)) expect(isStale(verify(), vector.nowMs)).toBe(true)
    else expect(verify).toThrow(expect.objectContaining({ code: 'CALLBACK_REJECTED' }))
  })

  it('a body that was parsed and written again does not verify: escapes mixed with raw UTF-8 in one body', () => {
    const vector = webhook.find(({ id }) => id === 'real-meeting-started-mixed-escapes')
    const body = Buffer.from(vector?.bodyBase64 ?? '', 'base64')
    const rewritten = Buffer.from(JSON.stringify(JSON.parse(body.toString('utf8'))))
    const timestamp = vector?.headers['x-zm-request-timestamp'] ?? ''
    expect(signatureOf(vector?.secret ?? '', timestamp, body)).toBe(vector?.headers['x-zm-signature'])
    expect(signatureOf(vector?.secret ?? '', timestamp, rewritten)).toBe(vector?.reserialisedSignature)
  })

  it.each(challenge)('challenge $id (T40)', ({ secret, plainToken, encryptedToken, accept }) => {
    const now = 1_767_261_600_000
    const provider = zoomProvider({ ...account, host, webhookSecret: secret, clock: at(now) })
    const request = signed({ payload: { plainToken }, event_ts: now, event: 'endpoint.url_validation' }, now, secret)
    if (accept) expect(JSON.parse(provider.verify(request).answer ?? '')).toEqual({ plainToken, encryptedToken })
    else
      expect(() => provider.verify(request)).toThrow(
        expect.objectContaining({ details: { reason: 'harmful_challenge' } }),
      )
  })

  it.each(uuidPath)('path segment of $value', ({ value, pathSegment: expected }) => {
    expect(pathSegment(value)).toBe(expected)
  })

  it.each(basicAuth)('basic authorization of $clientId', async ({ clientId, clientSecret, authorization }) => {
    const requests: Omit<HttpRequest, 'signal'>[] = []
    const provider = zoomProvider({
      ...account,
      clientId,
      clientSecret,
      registrantSecret: 'a-secret-for-registrants',
      host,
      random: () => 0,
      transport: async request => {
        requests.push(request)
        throw new HttpFailure('tls', false)
      },
    })
    const meeting = {
      ...provider.planMeeting({
        classId: 'c',
        courseId: 'c',
        title: 't',
        description: '',
        startsAt: new Date(0),
        durationMinutes: 1,
        record: false,
      }),
      meetingId: '1',
    }
    await expect(provider.isRunning(meeting)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(requests.map(({ headers }) => headers.authorization)).toEqual([authorization])
  })
})
