import { createHash, createHmac } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Of 2012, "AWS Signature Version 4 for API requests", written from its description: it shares no code with the SDK. */
export interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

const FIFTEEN_MINUTES = 900_000

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')
const hmac = (key: Uint8Array | string, text: string): Buffer => createHmac('sha256', key).update(text).digest()

/** The code of the error that S3 answers with, or `null` when the request is who it says it is from. */
export function signatureFault(request: IncomingMessage, body: Uint8Array, keys: Keys): string | null {
  const { authorization = '' } = request.headers
  const given =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([\w-]+)\/s3\/aws4_request, SignedHeaders=([\w;-]+), Signature=([0-9a-f]{64})$/.exec(
      authorization,
    )
  if (!given) return 'AccessDenied'
  const [, accessKeyId, day, region, signedHeaders = '', signature] = given
  if (accessKeyId !== keys.accessKeyId) return 'InvalidAccessKeyId'
  const signed = signedHeaders.split(';')
  const mustBe = Object.keys(request.headers).filter(name => name === 'host' || name.startsWith('x-amz-'))
  if (!mustBe.every(name => signed.includes(name))) return 'AccessDenied'

  const at = String(request.headers['x-amz-date'])
  const time = Date.parse(at.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (!(Math.abs(Date.now() - time) < FIFTEEN_MINUTES) || !at.startsWith(String(day))) return 'RequestTimeTooSkewed'
  const payload = String(request.headers['x-amz-content-sha256'])
  if (payload !== 'UNSIGNED-PAYLOAD' && payload !== sha256(body)) return 'XAmzContentSHA256Mismatch'

  const [path = '', query = ''] = String(request.url).split('?')
  const canonicalQuery = query
    .split('&')
    .filter(part => part !== '')
    .map(part => (part.includes('=') ? part : `${part}=`))
    .sort()
    .join('&')
  const headers = signed.map(name => `${name}:${String(request.headers[name] ?? '').trim()}\n`).join('')
  const canonical = [request.method, path, canonicalQuery, headers, signedHeaders, payload].join('\n')
  const scope = `${day}/${region}/s3/aws4_request`
  const key = hmac(hmac(hmac(hmac(`AWS4${keys.secretAccessKey}`, String(day)), String(region)), 's3'), 'aws4_request')
  const expected = hmac(key, ['AWS4-HMAC-SHA256', at, scope, sha256(canonical)].join('\n')).toString('hex')
  return expected === signature ? null : 'SignatureDoesNotMatch'
}
