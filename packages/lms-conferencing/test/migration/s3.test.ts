import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { describe, expect, onTestFinished, test } from 'vitest'
import { folderSink } from '../../src/migration/index.ts'
import { s3Sink } from '../../src/s3.ts'
import { temporaryDirectory } from '../sql/support.ts'
import { contentOf, pieces } from './recorded-bytes.ts'
import { byHand, copy, expectCopied, key, name, PART, partsSent, server, sinkOn } from './s3-support.ts'
import { describeSink } from './sink-contract.ts'

describeSink('a folder', async () => {
  const folder = temporaryDirectory()
  return {
    sink: () => folderSink(folder),
    unit: 100_000,
    read: name => readFile(join(folder, name)).catch(() => null),
  }
})

describeSink('a bucket', async () => {
  const s3 = await server()
  return {
    sink: () => sinkOn(s3),
    unit: PART,
    read: async name => s3.objects.get(`recordings/${name}`)?.body ?? null,
  }
})

// The same on a service of your own, told in the AWS SDK's words: S3_TEST_BUCKET=name AWS_REGION=… AWS_ENDPOINT_URL_S3=…
const ownBucket = process.env.S3_TEST_BUCKET
if (ownBucket !== undefined)
  describeSink(`the bucket ${ownBucket}`, async () => {
    const client = new S3Client({ forcePathStyle: process.env.AWS_ENDPOINT_URL_S3 !== undefined })
    const prefix = `sink-test-${randomUUID()}/`
    onTestFinished(async () => {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: ownBucket, Prefix: prefix }))
      for (const { Key } of Contents) await client.send(new DeleteObjectCommand({ Bucket: ownBucket, Key }))
      client.destroy()
    })
    return {
      sink: () => s3Sink({ client, bucket: ownBucket, prefix, partBytes: PART }),
      unit: PART,
      read: async name => {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: ownBucket, Key: prefix + name }))
        return Body ? Buffer.from(await Body.transformToByteArray()) : null
      },
    }
  })

describe('killed', () => {
  test.each(['before it is done', 'after it was done'])('at any call to the bucket, %s, it goes on', async when => {
    const bytes = contentOf(PART + 1000)
    for (let at = 1; ; at++) {
      const s3 = await server()
      let calls = 0
      s3.fault = () => {
        calls++
        if (calls < at) return undefined
        return calls === at && when === 'after it was done' ? 'silent' : 'lost'
      }
      const died = await copy(sinkOn(s3), bytes).then(
        () => false,
        () => true,
      )
      s3.fault = () => undefined
      await copy(sinkOn(s3), bytes)
      expectCopied(s3, bytes)
      // The whole part goes twice only if it was under way; the end does, with an empty one in its place before.
      expect(partsSent(s3).filter(call => call.endsWith(' 1')).length).toBeLessThanOrEqual(
        s3.calls[at - 1]?.endsWith(' 1') ? 2 : 1,
      )
      expect(partsSent(s3).length).toBeLessThanOrEqual(4)
      if (!died) {
        expect(at).toBeGreaterThan(11)
        return
      }
    }
  })

  test('with -9 in the middle of a part, at the end of another, and when all is complete but the checksum', async () => {
    const s3 = await server()
    const bytes = contentOf(5 * PART + 1000)
    let child = start()
    let kills = 0

    function start() {
      const script = join(import.meta.dirname, 's3-process.ts')
      const words = ['--conditions=lms-conferencing-source', script, 's3://school/recordings', name, `${bytes.length}`]
      const { accessKeyId, secretAccessKey } = s3.keys
      const env = {
        AWS_ENDPOINT_URL_S3: s3.endpoint,
        AWS_REGION: 'eu-test-1',
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
      }
      const started = spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'inherit'] })
      onTestFinished(() => void started.kill('SIGKILL'))
      return started
    }
    const kill = (): void => {
      kills++
      child.kill('SIGKILL')
    }
    s3.arriving = call => {
      if (kills === 0 && call.endsWith(' 3')) kill()
    }
    s3.fault = call => {
      const isTime = (kills === 1 && call.endsWith(' 5')) || (kills === 2 && call.startsWith('CompleteMultipartUpload'))
      if (isTime) kill()
      return isTime ? 'silent' : undefined
    }
    for (let life = 0; life < 3; life++) {
      expect(await once(child, 'exit')).toEqual([null, 'SIGKILL'])
      expect(s3.objects.has(`${key}.sha256`)).toBe(false)
      child = start()
    }
    expect(await once(child, 'exit')).toEqual([0, null])
    expectCopied(s3, bytes)
    expect(partsSent(s3)).toEqual([1, 2, 3, 4, 5, 6].map(number => `UploadPart ${key} ${number}`))
    expect(s3.calls.filter(call => call.startsWith('CompleteMultipartUpload'))).toHaveLength(1)
  })
})

describe('parts', () => {
  test('one that is damaged on its way is not taken, and sent again by the next try', async () => {
    const s3 = await server()
    const bytes = contentOf(2 * PART)
    let parts = 0
    s3.damage = body => {
      if (++parts === 2) body.writeUInt8(body.readUInt8(77) ^ 1, 77)
    }
    await expect(copy(sinkOn(s3), bytes)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await sinkOn(s3).stat(name)).toEqual({ bytes: PART, isWhole: false })
    await copy(sinkOn(s3), bytes)
    expectCopied(s3, bytes)
  })

  test('they keep the size the upload began with', async () => {
    const s3 = await server()
    const bytes = contentOf(3 * PART + 3 * 2 ** 20)
    const larger = PART + 2 ** 20
    s3.fault = call => (call.endsWith(' 2') ? 'SlowDown' : undefined)
    await expect(copy(sinkOn(s3, { partBytes: larger }), bytes)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    s3.fault = () => undefined
    expect(await sinkOn(s3).stat(name)).toEqual({ bytes: larger, isWhole: false })
    await copy(sinkOn(s3), bytes)
    expectCopied(s3, bytes)
  })

  test('those of another name, of another tool and of an older upload are not ours', async () => {
    const s3 = await server()
    const { begin, add } = byHand(s3)
    await add(await begin({ ChecksumAlgorithm: 'SHA256' }), key)
    for (let count = 0; count < 3; count++) {
      const Key = `${key}.${count}`
      await add(await begin({ Key, ChecksumAlgorithm: 'SHA256' }), Key)
    }
    expect((await sinkOn(s3).stat(name)).bytes).toBe(PART)
    await begin({ ChecksumAlgorithm: 'CRC32' })
    expect((await sinkOn(s3).stat(name)).bytes).toBe(PART)
    await begin({ ChecksumAlgorithm: 'SHA256' })
    expect((await sinkOn(s3).stat(name)).bytes).toBe(0)
    const bytes = contentOf(PART + 5)
    await copy(sinkOn(s3), bytes)
    expect(s3.objects.get(key)?.body.equals(bytes)).toBe(true)
    // Begun by us and left: it costs nothing any more. What others began is theirs.
    const left = [...s3.uploads.values()].map(({ key, algorithm }) => [key, algorithm])
    expect(left).toEqual([...[0, 1, 2].map(count => [`${key}.${count}`, 'SHA256']), [key, 'CRC32']])
  })

  test('with a gap between them they are no file', async () => {
    const s3 = await server()
    const { begin, add } = byHand(s3)
    const upload = await begin({ ChecksumAlgorithm: 'SHA256' })
    await add(upload, key, 1)
    await add(upload, key, 3)
    expect((await sinkOn(s3).stat(name)).bytes).toBe(PART)
    await expect(sinkOn(s3).finish(name, null)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    const bytes = Buffer.concat([Buffer.alloc(PART), contentOf(5)])
    await copy(sinkOn(s3), bytes)
    expectCopied(s3, bytes)
  })

  test('no more is read than one part ahead of what is sent', async () => {
    const s3 = await server()
    let read = 0
    let sent = 0
    let most = 0
    s3.fault = call => {
      if (call.startsWith('UploadPart')) sent += PART
      return undefined
    }
    async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const chunk of pieces(contentOf(4 * PART))) {
        read += chunk.length
        most = Math.max(most, read - sent)
        yield chunk
      }
    }
    await sinkOn(s3).append(name, 0, counted())
    expect(most).toBeLessThan(PART + 2 * 65_521)
  })

  test('there are 10,000, and no more', async () => {
    const s3 = await server()
    s3.pageSize = 1000
    await sinkOn(s3).append(name, 0, pieces(contentOf(PART)))
    const [upload] = s3.uploads.values()
    const first = upload?.parts.get(1)
    if (!upload || !first) throw new Error('nothing was sent')
    for (let number = 2; number <= 10_000; number++) upload.parts.set(number, first)
    const { bytes } = await sinkOn(s3).stat(name)
    expect(bytes).toBe(10_000 * PART)
    await expect(sinkOn(s3).append(name, bytes, pieces(contentOf(1)))).rejects.toMatchObject({ code: 'REFUSED' })
    // With larger ones it begins again.
    expect(await sinkOn(s3).stat(name)).toEqual({ bytes: 0, isWhole: false })
  })

  test('of a size that S3 takes', async () => {
    const s3 = await server()
    for (const partBytes of [0, PART - 1, PART + 0.5, 2 ** 31, Number.NaN])
      expect(() => sinkOn(s3, { partBytes })).toThrow(expect.objectContaining({ code: 'INVALID' }))
  })
})

test('an object that is there without its checksum is read, not sent again; with another size it begins again', async () => {
  const s3 = await server()
  const bytes = contentOf(PART + 9)
  s3.objects.set(key, { body: bytes, etag: '"x"' })
  expect(await sinkOn(s3).stat(name)).toEqual({ bytes: bytes.length, isWhole: false })
  // A size that nobody told: the provider says that nothing follows.
  await sinkOn(s3).append(name, bytes.length, pieces(Buffer.alloc(0)))
  await sinkOn(s3).finish(name, null)
  expectCopied(s3, bytes)
  expect(partsSent(s3)).toEqual([])

  s3.objects.delete(`${key}.sha256`)
  const longer = contentOf(PART + 12)
  await expect(copy(sinkOn(s3), longer)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await copy(sinkOn(s3), longer)
  expectCopied(s3, longer)

  s3.objects.delete(`${key}.sha256`)
  await expect(copy(sinkOn(s3), bytes)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await copy(sinkOn(s3), bytes)
  expectCopied(s3, bytes)
})

test('what does not come back as it was sent is not whole, and is sent again', async () => {
  const s3 = await server()
  const bytes = contentOf(PART + 9)
  s3.fault = call => {
    const object = s3.objects.get(key)
    if (call === `GetObject ${key}` && object) s3.objects.set(key, { ...object, body: object.body.subarray(1) })
    return undefined
  }
  await expect(copy(sinkOn(s3), bytes)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(s3.objects.has(`${key}.sha256`)).toBe(false)
  s3.fault = () => undefined
  await expect(copy(sinkOn(s3), bytes)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await copy(sinkOn(s3), bytes)
  expectCopied(s3, bytes)
})

test('the checksum of an object that was replaced is not taken for that of the new one', async () => {
  const s3 = await server()
  await copy(sinkOn(s3), contentOf(7))
  const bytes = contentOf(9)
  await sinkOn(s3).append(name, 0, pieces(bytes))
  s3.fault = call => (call.startsWith('GetObject') ? 'lost' : undefined)
  await expect(sinkOn(s3).finish(name, 9)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  s3.fault = () => undefined
  expect(await sinkOn(s3).stat(name)).toEqual({ bytes: 9, isWhole: false })
  await copy(sinkOn(s3), bytes)
  expectCopied(s3, bytes)
})
