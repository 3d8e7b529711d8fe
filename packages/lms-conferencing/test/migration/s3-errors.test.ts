import { join } from 'node:path'
import { inspect } from 'node:util'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { s3SinkAt } from '../../src/s3.ts'
import { openStore } from '../../src/sql/index.ts'
import { sampleClass } from '../../src/testing/store/samples.ts'
import { cli } from '../cli/support.ts'
import { temporaryDirectory } from '../sql/support.ts'
import { PlainProvider } from '../support/plain-provider.ts'
import type { S3Server } from '../support/s3-server.ts'
import { contentOf, pieces } from './recorded-bytes.ts'
import { clientOf, copy, name, server, sinkOn } from './s3-support.ts'

describe('T24 errors', () => {
  const cases = [
    ['AccessDenied', 'REFUSED', 's3:ListBucketMultipartUploads'],
    ['NoSuchBucket', 'REFUSED', 'no such bucket'],
    ['PermanentRedirect', 'REFUSED', 'AWS_REGION'],
    ['NotImplemented', 'REFUSED', 'lacks a call'],
    ['MethodNotAllowed', 'REFUSED', '405'],
    ['InvalidAccessKeyId', 'UNAUTHORIZED', 'AWS_ACCESS_KEY_ID'],
    ['SignatureDoesNotMatch', 'UNAUTHORIZED', 'AWS_ACCESS_KEY_ID'],
    ['SlowDown', 'UNAVAILABLE', 'not answer usefully'],
    ['InternalError', 'UNAVAILABLE', 'not answer usefully'],
    ['lost', 'UNAVAILABLE', 'could not be reached'],
  ] as const

  const small = contentOf(1000)

  const isClean = (error: unknown, { endpoint, keys }: S3Server): void => {
    const shown = [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error), String(error)].join('\n')
    for (const secret of [keys.secretAccessKey, keys.accessKeyId, 'Signature', 'video.mp4', endpoint, 'http'])
      expect(shown.replaceAll(/^ +at .*$/gm, '')).not.toContain(secret)
    expect(error).not.toHaveProperty('cause')
  }

  test.each(cases)('%s is %s, whichever call it meets, and says what to do', async (fault, code, says) => {
    const s3 = await server()
    for (let at = 1; ; at++) {
      s3.calls.length = 0
      s3.fault = () => (s3.calls.length === at ? fault : undefined)
      s3.objects.clear()
      s3.uploads.clear()
      const error = await copy(sinkOn(s3), small).then(
        () => null,
        (thrown: unknown) => thrown,
      )
      if (s3.calls.length < at) return
      const [, key = ''] = String(s3.calls[at - 1]).split(' ')
      // Of an object nobody knows whether it is that or its bucket that is not there.
      if (error === null) expect([fault, s3.calls[at - 1]]).toEqual(['NoSuchBucket', `HeadObject ${key}`])
      else {
        isClean(error, s3)
        // An answer without a body has no name.
        if (!s3.calls[at - 1]?.startsWith('HeadObject')) expect(error).toMatchObject({ code })
        if (!s3.calls[at - 1]?.startsWith('HeadObject')) expect(String(error)).toContain(says)
      }
    }
  })

  test('wrong keys, a wrong bucket and nobody there', async () => {
    const s3 = await server()
    const other = { ...s3, keys: { ...s3.keys, secretAccessKey: 'wrong/secret=' } }
    for (const [sink, code] of [
      [sinkOn(s3, { client: clientOf(other) }), 'UNAUTHORIZED'],
      [sinkOn(s3, { bucket: 'nobodys' }), 'REFUSED'],
      [sinkOn(s3, { client: clientOf({ ...s3, endpoint: 'http://127.0.0.1:1' }) }), 'UNAVAILABLE'],
    ] as const) {
      const error = await sink.stat(name).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code })
      isClean(error, s3)
    }
    expect(() => sinkOn(s3, { prefix: '../elsewhere/' })).toThrow(expect.objectContaining({ code: 'INVALID' }))
  })

  test('no credentials, and no region: told at once, in the words of the environment', async () => {
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
    for (const name of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE'])
      vi.stubEnv(name, join('nobody', 'wrote', 'it'))
    for (const name of ['AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_PROFILE']) vi.stubEnv(name, undefined)
    onTestFinished(() => void vi.unstubAllEnvs())
    const stat = () => s3SinkAt('s3://school/x').stat(name)
    await expect(stat()).rejects.toMatchObject({ code: 'INVALID', message: expect.stringContaining('AWS_REGION') })
    vi.stubEnv('AWS_REGION', 'eu-test-1')
    await expect(stat()).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('AWS_ACCESS_KEY_ID'),
    })
  })

  test('no address with credentials, or with none of a bucket', () => {
    for (const url of ['s3://', 's3://S', 's3://AKIA:canary@school/x', 's3://school/../x', 's3://school/a b', 'school'])
      expect(() => s3SinkAt(url)).toThrow(
        expect.objectContaining({ code: 'INVALID', message: expect.not.stringContaining('canary') }),
      )
  })
})

describe('migrate history --to s3://…', () => {
  async function account(bytes: Buffer) {
    const s3 = await server()
    const database = `sqlite:${join(temporaryDirectory(), 'store.db')}`
    const store = await openStore(database)
    await store.transaction(tx =>
      tx.insertClass(sampleClass({ id: 'over', tenantId: 'default', status: 'completed', provider: 'zoom' })),
    )
    await store.close()
    const zoom = Object.assign(new PlainProvider({ name: 'zoom' }), {
      recordingFiles: async () => [
        {
          recordId: 'run',
          fileId: 'film',
          type: 'mp4',
          extension: 'mp4',
          sizeBytes: bytes.length,
          open: async ({ offset }: { offset: number }) => ({ offset, body: pieces(bytes.subarray(offset)) }),
        },
      ],
    })
    vi.stubEnv('AWS_ENDPOINT_URL_S3', s3.endpoint)
    vi.stubEnv('AWS_REGION', 'eu-test-1')
    vi.stubEnv('AWS_ACCESS_KEY_ID', s3.keys.accessKeyId)
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', s3.keys.secretAccessKey)
    vi.stubEnv('AWS_MAX_ATTEMPTS', '1')
    onTestFinished(() => void vi.unstubAllEnvs())
    return { s3, io: { env: { DATABASE_URL: database }, providers: { zoom } } }
  }

  test('copies, with nothing but what the environment says; Ctrl-C stops it in the middle of a part', async () => {
    const bytes = contentOf(16 * 2 ** 20 + 3)
    const { s3, io } = await account(bytes)
    const stop = new AbortController()
    s3.arriving = call => {
      if (call.startsWith('UploadPart') && call.endsWith(' 2')) stop.abort()
    }
    const words = '--json migrate history --to s3://school/copies/'
    const stopped = await cli(words, { ...io, signal: stop.signal })
    expect(stopped).toMatchObject({ code: 130, err: expect.stringContaining('the same command goes on from there') })
    expect(s3.uploads.size).toBe(1)
    const gone = await cli(words, io)
    expect(JSON.parse(gone.out)).toMatchObject({ isComplete: true, copies: { copied: 1, bytes: 3 } })
    expect(s3.objects.get('copies/over/run/film.mp4')?.body.equals(bytes)).toBe(true)
    expect(gone.out + gone.err + stopped.err).not.toContain(s3.keys.secretAccessKey)
  })

  test('says what is wrong with the bucket', async () => {
    const { s3, io } = await account(contentOf(5))
    const nobodys = await cli('migrate history --to s3://nobodys', io)
    expect(nobodys).toMatchObject({ code: 1, out: expect.stringContaining('There is no such bucket') })
    s3.fault = () => 'AccessDenied'
    const refused = await cli('migrate history --to s3://school', io)
    expect(refused).toMatchObject({ code: 1, out: expect.stringContaining('s3:PutObject') })
    expect(await cli('migrate history --to s3://School', io)).toMatchObject({ code: 2 })
    expect((await cli('migrate history --help')).out).toContain('AWS_ENDPOINT_URL_S3')
  })

  test('names the package that is missing', async () => {
    const { io } = await account(contentOf(5))
    vi.doMock('../../src/s3.ts', () => {
      throw new Error('Cannot find package')
    })
    onTestFinished(() => void vi.doUnmock('../../src/s3.ts'))
    const { code, err } = await cli('migrate history --to s3://school', io)
    expect(code).toBe(2)
    expect(err).toContain('@aws-sdk/client-s3')
  })
})
