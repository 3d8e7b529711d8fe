import { createHash } from 'node:crypto'
import { CreateMultipartUploadCommand, S3Client, UploadPartCommand } from '@aws-sdk/client-s3'
import { expect, onTestFinished } from 'vitest'
import type { RecordingSink } from '../../src/migration/index.ts'
import { s3Sink } from '../../src/s3.ts'
import { type S3Server, startS3 } from '../support/s3-server.ts'
import { pieces } from './recorded-bytes.ts'

export const PART = 5 * 2 ** 20
export const name = 'class-1/run-1/video.mp4'
export const key = `recordings/${name}`

/** As strict as the strictest service: parts of one size, two entries to a page. */
export async function server(): Promise<S3Server> {
  const s3 = await startS3()
  onTestFinished(() => s3.close())
  s3.wantsEqualParts = true
  s3.pageSize = 2
  return s3
}

/** The client of one process. It tries once: what a fault does is to be seen, and is the same for the last of many tries. */
export function clientOf({ endpoint, keys }: Pick<S3Server, 'endpoint' | 'keys'>): S3Client {
  const client = new S3Client({
    endpoint,
    credentials: keys,
    region: 'eu-test-1',
    forcePathStyle: true,
    maxAttempts: 1,
  })
  onTestFinished(() => client.destroy())
  return client
}

export const sinkOn = (s3: S3Server, more: Partial<Parameters<typeof s3Sink>[0]> = {}): RecordingSink =>
  s3Sink({ client: clientOf(s3), bucket: 'school', prefix: 'recordings/', partBytes: PART, ...more })

/** What a migration does with one file. */
export async function copy(sink: RecordingSink, bytes: Buffer): Promise<void> {
  const { bytes: there, isWhole } = await sink.stat(name)
  if (isWhole) return
  if (there < bytes.length) await sink.append(name, there, pieces(bytes.subarray(there)))
  await sink.finish(name, bytes.length)
}

export function expectCopied(s3: S3Server, bytes: Buffer): void {
  expect(s3.objects.get(key)?.body.equals(bytes)).toBe(true)
  const sum = createHash('sha256').update(bytes).digest('hex')
  expect(String(s3.objects.get(`${key}.sha256`)?.body)).toBe(`${sum}  video.mp4\n`)
  expect(s3.uploads.size).toBe(0)
}

/** Uploads that another tool, or another life, has begun. */
export function byHand(s3: S3Server) {
  const client = clientOf(s3)
  return {
    async begin(more: object): Promise<string | undefined> {
      const command = new CreateMultipartUploadCommand({ Bucket: 'school', Key: key, ...more })
      return (await client.send(command)).UploadId
    },
    async add(UploadId: string | undefined, Key: string, PartNumber = 1): Promise<void> {
      const Body = Buffer.alloc(PART)
      const ChecksumSHA256 = createHash('sha256').update(Body).digest('base64')
      await client.send(new UploadPartCommand({ Bucket: 'school', Key, UploadId, PartNumber, Body, ChecksumSHA256 }))
    },
  }
}

export const partsSent = (s3: S3Server): string[] => s3.calls.filter(call => call.startsWith('UploadPart'))
