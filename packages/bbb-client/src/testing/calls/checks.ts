import { checksumMatches, postedFormQuery } from '../checksum.ts'
import { type FakeResponse, type ReadRequest, xmlResponse } from '../message.ts'
import { reportedViolation, type Violation } from '../violations.ts'
import type { World } from '../world.ts'
import { failure } from '../xml.ts'

/** Answers one API call. */
export type CallHandler = (world: World, request: ReadRequest) => FakeResponse

const formTypes = ['application/x-www-form-urlencoded', 'multipart/form-data']
const xmlTypes = ['application/xml', 'text/xml']

/** Content types a call takes, from `ContentTypeValidator`. */
const contentTypes: Readonly<Record<string, readonly string[]>> = {
  create: [...formTypes, ...xmlTypes],
  insertDocument: xmlTypes,
}

/** A parameter as the validators see it: trimmed, control characters gone. */
export function cleaned(request: ReadRequest, name: string): string | undefined {
  return withoutControls(request.parameters.get(name))?.trim()
}

/** Drops the characters that bbb-web drops. */
export function withoutControls(text: string): string
export function withoutControls(text: string | undefined): string | undefined
export function withoutControls(text: string | undefined): string | undefined {
  return text?.replace(/[\x00-\x1f\x7f]/g, '')
}

/**
 * What bbb-web's validation says about a call: the checksum first, then everything else at once
 * (upstream: `ValidationService.java`).
 */
export function checkCall(
  world: World,
  call: string,
  request: ReadRequest,
  rules: readonly Violation[],
): Violation | undefined {
  const { release, secret } = world.settings
  const uploadUrl = request.parameters.get('presentationUploadExternalUrl')
  if (release.uploadUrlSkipsChecks && uploadUrl) {
    if (URL.canParse(uploadUrl)) return undefined
    return { key: 'validationError', message: "Param 'presentationUploadExternalUrl' is not a valid URL" }
  }
  if (secret !== '') {
    const checksum = request.parameters.get('checksum')
    if (!checksum) return { key: 'checksumError', message: 'You must provide the checksum' }
    const rebuilt = request.query === '' && request.method === 'POST' && release.signsPostedForm
    const query = rebuilt ? postedFormQuery(request.form) : request.query
    if (!checksumIsRight(world, call, query, checksum)) {
      return { key: 'checksumError', message: 'Checksums do not match' }
    }
  }
  return reportedViolation([...contentTypeViolations(world, call, request), ...rules])
}

function contentTypeViolations(world: World, call: string, request: ReadRequest): Violation[] {
  if (!world.settings.release.checksContentType || request.bytes.length === 0) return []
  if ((contentTypes[call] ?? formTypes).includes(request.contentType)) return []
  return [{ key: 'unsupportedContentType', message: 'POST request Content-Type is missing or unsupported' }]
}

/** The checksum check of the recording calls: the URL query alone, and one wording for every failure. */
export function checkRecordingCall(world: World, call: string, request: ReadRequest): Violation | undefined {
  if (world.settings.secret === '') return undefined
  const checksum = request.parameters.get('checksum')
  if (checksum && checksumIsRight(world, call, request.query, checksum)) return undefined
  return { key: 'checksumError', message: 'You did not pass the checksum security check' }
}

function checksumIsRight(world: World, call: string, query: string, checksum: string): boolean {
  const { secret, algorithms, release } = world.settings
  return checksumMatches(call, query, checksum, { secret, algorithms, anyCase: release.checksumAnyCase })
}

/** The usual XML failure of a violation. */
export function failed(violation: Violation): FakeResponse {
  return xmlResponse(failure(violation.key, violation.message))
}
