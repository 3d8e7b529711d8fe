import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { type Keys, signatureFault } from './s3-signature.ts'

/**
 * A bucket on loopback, from the S3 API as it is documented: signatures and checksums are verified, parts that are too
 * small, out of order or unknown are refused, listings come in pages. It knows nothing of the code it tests.
 */
export interface S3Server {
  readonly endpoint: string
  readonly keys: Keys
  readonly objects: Map<string, StoredObject>
  readonly uploads: Map<string, Upload>
  /** What was asked, in order, such as `UploadPart a.mp4 3`. */
  readonly calls: string[]
  /** How many entries a listing has at most. */
  pageSize: number
  /** As Cloudflare's: all parts but the last are of one size. */
  wantsEqualParts: boolean
  /** Hears of each call while its body is still on its way. */
  arriving: (call: string) => void
  /** Asked when all of it has arrived: a code to refuse it with; `lost` and `silent`: nothing is done, or only the answer is lost. */
  fault: (call: string) => string | undefined
  /** Sees the bodies of parts on their way. */
  damage: (body: Buffer) => void
  close(): Promise<void>
}

interface StoredObject {
  readonly body: Buffer
  readonly etag: string
}

interface StoredPart extends StoredObject {
  readonly sha256: string | undefined
}

interface Upload {
  readonly key: string
  readonly initiated: Date
  readonly algorithm: string | undefined
  readonly parts: Map<number, StoredPart>
}

const BUCKET = 'school'
const SMALLEST_PART = 5 * 2 ** 20

const statuses: Readonly<Record<string, number>> = {
  AccessDenied: 403,
  InvalidAccessKeyId: 403,
  SignatureDoesNotMatch: 403,
  RequestTimeTooSkewed: 403,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NoSuchUpload: 404,
  MethodNotAllowed: 405,
  SlowDown: 503,
  InternalError: 500,
  NotImplemented: 501,
  PermanentRedirect: 301,
}

class Refusal extends Error {
  readonly code: string

  constructor(code: string) {
    super(code)
    this.code = code
  }
}

const digest = (algorithm: string, body: Uint8Array, encoding: 'hex' | 'base64' = 'hex'): string =>
  createHash(algorithm).update(body).digest(encoding)

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

const xml = (name: string, content: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<${name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${content}</${name}>`

const tags = (values: Readonly<Record<string, string | number | boolean | undefined>>): string =>
  Object.entries(values)
    .map(([name, value]) => (value === undefined ? '' : `<${name}>${escaped(String(value))}</${name}>`))
    .join('')

export async function startS3(): Promise<S3Server> {
  let nextUpload = 0
  const state = {
    keys: { accessKeyId: 'AKIACANARYOFTHEKEYID', secretAccessKey: 'canary/of+the=secret' },
    objects: new Map<string, StoredObject>(),
    uploads: new Map<string, Upload>(),
    calls: [] as string[],
    pageSize: 1000,
    wantsEqualParts: false,
    arriving: () => {},
    fault: (): string | undefined => undefined,
    damage: () => {},
  }
  const s3: Omit<S3Server, 'endpoint' | 'close'> = state
  const http = createServer((request, response) => void answer(request, response))

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = new URL(String(request.url), 'http://s3')
      const [, bucket, ...rest] = url.pathname.split('/')
      const key = decodeURIComponent(rest.join('/'))
      const query = url.searchParams
      const call = nameOf(request, key, query)
      const inFull = [call, key || query.get('prefix'), query.get('partNumber')].filter(Boolean).join(' ')
      s3.arriving(inFull)
      const body = await buffer(request)
      s3.calls.push(inFull)
      const fault = s3.fault(inFull)
      if (fault === 'lost') return void request.socket.destroy()
      if (call === 'UploadPart') s3.damage(body)
      try {
        if (fault !== undefined && fault !== 'silent') throw new Refusal(fault)
        const unsigned = signatureFault(request, body, s3.keys)
        if (unsigned) throw new Refusal(unsigned)
        if (bucket !== BUCKET) throw new Refusal('NoSuchBucket')
        const done = perform(call, { key, query, body, headers: request.headers })
        if (fault === 'silent') return void request.socket.destroy()
        response.writeHead(done.status ?? 200, done.headers).end(request.method === 'HEAD' ? undefined : done.body)
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        // Amazon's answers quote the request too.
        const { secretAccessKey, accessKeyId } = s3.keys
        const text = xml(
          'Error',
          tags({
            Code: error.code,
            Message: `${error.code}: ${request.url}`,
            AWSAccessKeyId: accessKeyId,
            StringToSign: `${request.headers.authorization} ${secretAccessKey}`,
          }),
        )
        response.writeHead(statuses[error.code] ?? 400, { 'content-type': 'application/xml' })
        response.end(request.method === 'HEAD' ? undefined : text)
      }
    } catch {
      // The client went away in the middle of its request: nothing was asked.
      request.socket.destroy()
    }
  }

  interface Asked {
    readonly key: string
    readonly query: URLSearchParams
    readonly body: Buffer
    readonly headers: IncomingMessage['headers']
  }
  interface Answer {
    readonly status?: number
    readonly headers?: Record<string, string | number>
    readonly body?: Buffer | string
  }

  function perform(call: string, asked: Asked): Answer {
    const { key, query, body, headers } = asked
    checkSums(body, headers)
    const uploadId = query.get('uploadId') ?? ''
    switch (call) {
      case 'HeadObject':
      case 'GetObject': {
        const object = s3.objects.get(key)
        if (!object) throw new Refusal('NoSuchKey')
        return { headers: { etag: object.etag, 'content-length': object.body.length }, body: object.body }
      }
      case 'PutObject': {
        const etag = `"${digest('md5', body)}"`
        s3.objects.set(key, { body, etag })
        return { headers: { etag } }
      }
      case 'CreateMultipartUpload': {
        const id = `upload-${++nextUpload}`
        const algorithm = headers['x-amz-checksum-algorithm']
        s3.uploads.set(id, {
          key,
          // To the second, as Amazon's are; each is a second after the one before.
          initiated: new Date(1_800_000_000_000 + nextUpload * 1000),
          algorithm: typeof algorithm === 'string' ? algorithm : undefined,
          parts: new Map(),
        })
        return { body: xml('InitiateMultipartUploadResult', tags({ Bucket: BUCKET, Key: key, UploadId: id })) }
      }
      case 'UploadPart':
        return addPart(uploadOf(key, uploadId), asked)
      case 'ListParts':
        return listParts(uploadOf(key, uploadId), uploadId, query)
      case 'ListMultipartUploads':
        return listUploads(query)
      case 'CompleteMultipartUpload': {
        const etag = complete(key, uploadOf(key, uploadId), String(body))
        s3.uploads.delete(uploadId)
        return { body: xml('CompleteMultipartUploadResult', tags({ Bucket: BUCKET, Key: key, ETag: etag })) }
      }
      case 'AbortMultipartUpload':
        uploadOf(key, uploadId)
        s3.uploads.delete(uploadId)
        return { status: 204 }
      default:
        throw new Refusal('NotImplemented')
    }
  }

  function uploadOf(key: string, id: string): Upload {
    const upload = s3.uploads.get(id)
    if (upload?.key !== key) throw new Refusal('NoSuchUpload')
    return upload
  }

  function addPart({ parts, algorithm }: Upload, { query, body, headers }: Asked): Answer {
    const number = Number(query.get('partNumber'))
    if (!(number >= 1 && number <= 10_000)) throw new Refusal('InvalidArgument')
    const sum = headers['x-amz-checksum-sha256']
    if ((sum === undefined) !== (algorithm === undefined)) throw new Refusal('InvalidRequest')
    const etag = `"${digest('md5', body)}"`
    parts.set(number, { body, etag, sha256: typeof sum === 'string' ? sum : undefined })
    return { headers: { etag } }
  }

  function listParts({ key, algorithm, parts }: Upload, id: string, query: URLSearchParams): Answer {
    const after = Number(query.get('part-number-marker') ?? 0)
    const left = [...parts].sort(([a], [b]) => a - b).filter(([number]) => number > after)
    const page = left.slice(0, s3.pageSize)
    const listed = page.map(
      ([PartNumber, { body, etag, sha256 }]) =>
        `<Part>${tags({ PartNumber, ETag: etag, Size: body.length, ChecksumSHA256: sha256 })}</Part>`,
    )
    const isTruncated = page.length < left.length
    const head = tags({
      Bucket: BUCKET,
      Key: key,
      UploadId: id,
      ChecksumAlgorithm: algorithm,
      IsTruncated: isTruncated,
      NextPartNumberMarker: page.at(-1)?.[0] ?? after,
    })
    return { body: xml('ListPartsResult', head + listed.join('')) }
  }

  function listUploads(query: URLSearchParams): Answer {
    const prefix = query.get('prefix') ?? ''
    const keyMarker = query.get('key-marker') ?? ''
    const idMarker = query.get('upload-id-marker') ?? ''
    const numberOf = (id: string): number => Number(id.slice('upload-'.length))
    const left = [...s3.uploads]
      .filter(([, { key }]) => key.startsWith(prefix))
      .sort(([a, one], [b, other]) =>
        one.key === other.key ? numberOf(a) - numberOf(b) : one.key < other.key ? -1 : 1,
      )
      .filter(
        ([id, { key }]) =>
          key > keyMarker || (key === keyMarker && idMarker !== '' && numberOf(id) > numberOf(idMarker)),
      )
    const page = left.slice(0, s3.pageSize)
    const listed = page.map(
      ([UploadId, { key, initiated, algorithm }]) =>
        `<Upload>${tags({ Key: key, UploadId, Initiated: initiated.toISOString(), ChecksumAlgorithm: algorithm })}</Upload>`,
    )
    const [nextId, next] = page.at(-1) ?? []
    const head = tags({
      Bucket: BUCKET,
      Prefix: prefix,
      IsTruncated: page.length < left.length,
      NextKeyMarker: next?.key ?? '',
      NextUploadIdMarker: nextId ?? '',
    })
    return { body: xml('ListMultipartUploadsResult', head + listed.join('')) }
  }

  function complete(key: string, upload: Upload, body: string): string {
    const listed = [...body.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']) => {
      const value = (name: string): string | undefined =>
        new RegExp(`<${name}>(.*?)</${name}>`).exec(part)?.[1]?.replaceAll('&quot;', '"')
      return { number: Number(value('PartNumber')), etag: value('ETag'), sha256: value('ChecksumSHA256') }
    })
    if (listed.length === 0) throw new Refusal('MalformedXML')
    if (listed.some(({ number }, index) => number <= (listed[index - 1]?.number ?? 0)))
      throw new Refusal('InvalidPartOrder')
    const parts = listed.map(({ number, etag, sha256 }, index) => {
      const part = upload.parts.get(number)
      if (!part || part.etag.replaceAll('"', '') !== etag?.replaceAll('"', '')) throw new Refusal('InvalidPart')
      if (upload.algorithm !== undefined) {
        if (number !== index + 1) throw new Refusal('InternalError')
        if (sha256 === undefined) throw new Refusal('InvalidRequest')
        if (sha256 !== part.sha256) throw new Refusal('InvalidPart')
      }
      return part
    })
    for (const { body } of parts.slice(0, -1)) {
      if (body.length < SMALLEST_PART) throw new Refusal('EntityTooSmall')
      if (s3.wantsEqualParts && body.length !== parts[0]?.body.length) throw new Refusal('InvalidPart')
    }
    const md5s = Buffer.concat(parts.map(({ body }) => createHash('md5').update(body).digest()))
    const etag = `"${digest('md5', md5s)}-${parts.length}"`
    s3.objects.set(key, { body: Buffer.concat(parts.map(({ body }) => body)), etag })
    return etag
  }

  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const { port } = http.address() as AddressInfo
  return Object.assign(state, {
    endpoint: `http://127.0.0.1:${port}`,
    async close() {
      http.closeAllConnections()
      http.close()
      await once(http, 'close')
    },
  })
}

function nameOf({ method }: IncomingMessage, key: string, query: URLSearchParams): string {
  if (key === '') return method === 'GET' && query.has('uploads') ? 'ListMultipartUploads' : 'Unknown'
  if (query.has('uploads')) return method === 'POST' ? 'CreateMultipartUpload' : 'Unknown'
  if (query.has('uploadId')) {
    const names: Record<string, string> = {
      PUT: 'UploadPart',
      GET: 'ListParts',
      POST: 'CompleteMultipartUpload',
      DELETE: 'AbortMultipartUpload',
    }
    return names[String(method)] ?? 'Unknown'
  }
  return { HEAD: 'HeadObject', GET: 'GetObject', PUT: 'PutObject' }[String(method)] ?? 'Unknown'
}

function checkSums(body: Buffer, headers: IncomingMessage['headers']): void {
  if (String(headers['x-amz-content-sha256']).startsWith('STREAMING')) throw new Refusal('NotImplemented')
  for (const [name, sum] of [
    ['x-amz-checksum-sha256', digest('sha256', body, 'base64')],
    ['x-amz-checksum-sha1', digest('sha1', body, 'base64')],
    ['content-md5', digest('md5', body, 'base64')],
  ] as const)
    if (headers[name] !== undefined && headers[name] !== sum) throw new Refusal('BadDigest')
}
