import { hash } from 'node:crypto'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  type MultipartUpload,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { ConferencingError } from './errors.ts'
import type { RecordingSink } from './migration/history/copy.ts'
import { type Bucket, isPlain, multipartSink, type Part } from './migration/history/multipart.ts'

const DEFAULT_PART = 16 * 2 ** 20
/** Without a word, in milliseconds: a service may need minutes to put the parts of a film together. */
const LIMITS = { connectionTimeout: 10_000, socketTimeout: 300_000 } as const

export interface S3SinkOptions {
  /** The application's own client: credentials, region, endpoint and time limits are its business. */
  readonly client: S3Client
  readonly bucket: string
  /** Begins the name of each object, such as `recordings/`; of `A-Z a-z 0-9 . _ - /`. @default '' */
  readonly prefix?: string | undefined
  /** The size of a part, in bytes, 5 MiB to 1 GiB; so much memory is needed, and so much is sent again after a kill. @default 16 MiB */
  readonly partBytes?: number | undefined
  /** Breaks off what runs; the copy is gone on with later. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Copies of recordings in an S3-compatible bucket: a multi-part upload while they grow, gone on with after a kill from the
 * last whole part on; then the object, read back, and beside it `name.sha256` as `sha256sum --check` reads it. Each part
 * goes with its SHA-256, which the service verifies. Throws `REFUSED`, `UNAUTHORIZED` and `UNAVAILABLE`, and says what to do.
 *
 * @example
 * import { S3Client } from '@aws-sdk/client-s3'
 *
 * const sink = s3Sink({ client: new S3Client({ region: 'eu-central-1' }), bucket: 'school', prefix: 'recordings/' })
 */
export function s3Sink({
  client,
  bucket,
  prefix = '',
  partBytes = DEFAULT_PART,
  signal,
}: S3SinkOptions): RecordingSink {
  if (prefix !== '' && !isPlain(prefix.replace(/\/$/, '')))
    throw new ConferencingError('INVALID', 'The prefix of the objects is of letters, digits, ., _, - and /.', {
      details: { field: 'prefix' },
    })
  return multipartSink(s3Bucket({ client, bucket, signal }), { prefix, partBytes })
}

/**
 * The same for `s3://bucket/prefix`, with a client that takes everything from the environment as the AWS SDK reads it: its
 * chain of credentials, `AWS_REGION`, and `AWS_ENDPOINT_URL_S3` for a service that is not Amazon's.
 */
export function s3SinkAt(
  url: string,
  { partBytes, signal }: Pick<S3SinkOptions, 'partBytes' | 'signal'> = {},
): RecordingSink {
  const [, bucket, path] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([\w./-]*))?$/.exec(url) ?? []
  if (bucket === undefined)
    throw new ConferencingError('INVALID', 'A bucket is named as s3://bucket/prefix, with no credentials in it.')
  // Services with an address of their own seldom have one for each bucket.
  const forcePathStyle = Boolean(process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL)
  const client = new S3Client({ forcePathStyle, requestHandler: LIMITS })
  return s3Sink({ client, bucket, prefix: path ? `${path.replace(/\/+$/, '')}/` : '', partBytes, signal })
}

function s3Bucket({
  client,
  bucket,
  signal,
}: Pick<S3SinkOptions, 'client' | 'signal'> & { readonly bucket: string }): Bucket {
  const how = signal ? { abortSignal: signal } : {}
  /** Every call of ours goes through here: what the SDK throws holds the request, with its signature. */
  const called = async <T>(call: Promise<T>): Promise<T> => {
    try {
      return await call
    } catch (error) {
      signal?.throwIfAborted()
      throw faultOf(error)
    }
  }
  const at = (key: string) => ({ Bucket: bucket, Key: key })

  return {
    async size(key) {
      const found = client.send(new HeadObjectCommand(at(key)), how).catch(async (error: unknown) => {
        if (statusOf(error) === 404) return null
        // Without a body the answer does not say why; that of a listing does.
        await client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: key, MaxUploads: 1 }), how)
        throw error
      })
      const object = await called(found)
      return object && (object.ContentLength ?? 0)
    },

    async put(key, text) {
      const body = Buffer.from(text)
      const checked = { ChecksumSHA256: hash('sha256', body, 'base64') }
      await called(
        client.send(new PutObjectCommand({ ...at(key), Body: body, ContentLength: body.length, ...checked }), how),
      )
    },

    async *read(key) {
      const { Body: body } = await called(client.send(new GetObjectCommand(at(key)), how))
      if (!body) return
      const chunks = Object(body)[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
      for (;;) {
        const next = await called(chunks.next())
        if (next.done) return
        yield next.value
      }
    },

    async uploads(key) {
      const found: MultipartUpload[] = []
      let from: { KeyMarker?: string; UploadIdMarker?: string } = {}
      for (;;) {
        const page = await called(
          client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: key, ...from }), how),
        )
        const uploads = page.Uploads ?? []
        // Others may begin with the same letters, or be of a tool that has parts of another kind.
        found.push(
          ...uploads.filter(
            ({ Key, ChecksumAlgorithm }) => Key === key && (ChecksumAlgorithm ?? 'SHA256') === 'SHA256',
          ),
        )
        const { IsTruncated, NextKeyMarker, NextUploadIdMarker } = page
        if (!IsTruncated || !NextKeyMarker || NextKeyMarker > key) break
        from = { KeyMarker: NextKeyMarker, ...(NextUploadIdMarker && { UploadIdMarker: NextUploadIdMarker }) }
      }
      const begun = ({ Initiated }: MultipartUpload): number => Initiated?.getTime() ?? 0
      return found.sort((a, b) => begun(b) - begun(a)).flatMap(({ UploadId }) => UploadId ?? [])
    },

    async begin(key) {
      const { UploadId } = await called(
        client.send(new CreateMultipartUploadCommand({ ...at(key), ChecksumAlgorithm: 'SHA256' }), how),
      )
      if (UploadId === undefined) throw faultOf(undefined)
      return UploadId
    },

    async parts(key, upload) {
      const found: Part[] = []
      let from: string | undefined
      for (;;) {
        const marker = from !== undefined && { PartNumberMarker: from }
        const page = await called(
          unlessGone(client.send(new ListPartsCommand({ ...at(key), UploadId: upload, ...marker }), how)),
        )
        if (!page) return null
        for (const { PartNumber = 0, Size = 0, ETag, ChecksumSHA256 } of page.Parts ?? [])
          found.push({ number: PartNumber, bytes: Size, etag: ETag, sha256: ChecksumSHA256 })
        from = page.NextPartNumberMarker
        if (!page.IsTruncated || from === undefined) break
      }
      return found.sort((a, b) => a.number - b.number)
    },

    async addPart(key, upload, number, bytes) {
      const part = new UploadPartCommand({
        ...at(key),
        UploadId: upload,
        PartNumber: number,
        Body: bytes,
        ContentLength: bytes.length,
        ChecksumSHA256: hash('sha256', bytes, 'base64'),
      })
      await called(client.send(part, how))
    },

    async complete(key, upload, parts) {
      const listed = parts.map(({ number, etag, sha256 }) => ({
        PartNumber: number,
        ...(etag !== undefined && { ETag: etag }),
        ...(sha256 !== undefined && { ChecksumSHA256: sha256 }),
      }))
      await called(
        unlessGone(
          client.send(
            new CompleteMultipartUploadCommand({
              ...at(key),
              UploadId: upload,
              MultipartUpload: { Parts: listed },
            }),
            how,
          ),
        ),
      )
    },

    async abort(key, upload) {
      await called(unlessGone(client.send(new AbortMultipartUploadCommand({ ...at(key), UploadId: upload }), how)))
    },
  }
}

const unlessGone = <T>(call: Promise<T>): Promise<T | undefined> =>
  call.catch((error: unknown) => {
    if (nameOf(error) !== 'NoSuchUpload') throw error
    return undefined
  })

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '')

const statusOf = (error: unknown): number | undefined => {
  const status: unknown = Object(Object(error).$metadata).httpStatusCode
  return typeof status === 'number' ? status : undefined
}

const ELSEWHERE = 'The bucket is in another region: set AWS_REGION, or the region of the client, to it.'
const NOT_KNOWN =
  "The bucket's service does not take these credentials, or no longer: look at AWS_ACCESS_KEY_ID and what belongs to it."

/** Those that a person has to do something about, by the name of the error. */
const faults: Readonly<Record<string, readonly ['REFUSED' | 'UNAUTHORIZED' | 'INVALID', string]>> = {
  NoSuchBucket: [
    'REFUSED',
    'There is no such bucket: make it first, or look at its name, AWS_REGION and AWS_ENDPOINT_URL_S3.',
  ],
  PermanentRedirect: ['REFUSED', ELSEWHERE],
  AuthorizationHeaderMalformed: ['REFUSED', ELSEWHERE],
  InvalidAccessKeyId: ['UNAUTHORIZED', NOT_KNOWN],
  SignatureDoesNotMatch: ['UNAUTHORIZED', NOT_KNOWN],
  ExpiredToken: ['UNAUTHORIZED', NOT_KNOWN],
  InvalidToken: ['UNAUTHORIZED', NOT_KNOWN],
  RequestTimeTooSkewed: ['UNAUTHORIZED', 'The clock of this machine is wrong, or that of the service.'],
  CredentialsProviderError: [
    'UNAUTHORIZED',
    'There are no credentials for the bucket: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.',
  ],
}

/** Of an error of the SDK only its name and status are looked at, and nothing of it is kept. */
function faultOf(error: unknown): ConferencingError {
  const status = statusOf(error)
  const known = faults[nameOf(error)]
  if (known) return new ConferencingError(...known)
  if (status === 301) return new ConferencingError('REFUSED', ELSEWHERE)
  if (status === 403)
    return new ConferencingError(
      'REFUSED',
      'These credentials may not do that. They need s3:GetObject, s3:PutObject, s3:AbortMultipartUpload and ' +
        's3:ListMultipartUploadParts on its objects, s3:ListBucket and s3:ListBucketMultipartUploads on the bucket.',
    )
  if (error instanceof Error && error.message === 'Region is missing')
    return new ConferencingError('INVALID', 'In which region is the bucket? Set AWS_REGION.')
  if (status === 501)
    return new ConferencingError('REFUSED', 'The service of this bucket lacks a call that uploads in parts need.')
  if (isPassing(nameOf(error), status))
    return new ConferencingError('UNAVAILABLE', 'The bucket could not be reached, or did not answer usefully.')
  return new ConferencingError('REFUSED', `The bucket refused it (${status}).`)
}

/** No answer, or one that may be another the next time: in trouble, damaged on its way, or an upload that is not there any more. */
const isPassing = (name: string, status: number | undefined): boolean =>
  status === undefined ||
  status < 400 ||
  status >= 500 ||
  status === 404 ||
  status === 408 ||
  status === 429 ||
  ['BadDigest', 'XAmzContentSHA256Mismatch', 'RequestTimeout', 'IncompleteBody', 'ConditionalRequestConflict'].includes(
    name,
  )
