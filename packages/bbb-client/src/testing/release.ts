import type { HashName } from './checksum.ts'

/** What differs between BigBlueButton releases, as the fake server needs it. */
export interface Release {
  /** `major.minor.patch`. */
  readonly text: string
  readonly checksumAlgorithms: readonly HashName[]
  /** Upper-case hex is taken too. */
  readonly checksumAnyCase: boolean
  /** A POST without a URL query is checked against its sorted form fields. */
  readonly signsPostedForm: boolean
  readonly checksContentType: boolean
  /** Methods are part of the route (3.0); before, one route took any. */
  readonly strictMethods: boolean
  /** A valid `presentationUploadExternalUrl` skips every check, the checksum included. */
  readonly uploadUrlSkipsChecks: boolean
  /** `create` refuses ids with white space round them or control characters. */
  readonly checksTrimmedMeetingID: boolean
  /** Both passwords missing is as good as both equal. */
  readonly duplicateWithoutPasswords: boolean
  /** `join` without `fullName` is an exception page. */
  readonly missingNameThrows: boolean
  /** With `redirect=false`, validation failures of `join` come as XML. */
  readonly joinChecksAsXml: boolean
  /** With `redirect=false`, the later failures of `join` come as XML. */
  readonly joinRefusalsAsXml: boolean
  /** `errorRedirectUrl` is known. */
  readonly redirectsErrors: boolean
  readonly insertsDocuments: boolean
  readonly sendsChatMessages: boolean
  /** Any non-empty `isBreakout` counts, and the parent comes in `parentIdMeetingId`. */
  readonly oddBreakoutCheck: boolean
  /** Counts of `getMeetings` carry thousands separators. */
  readonly groupsCounts: boolean
  readonly pages: 'none' | 'element' | 'total'
  readonly hasGraphql: boolean
}

/** A bare minor release stands for the patch whose behaviour is known best. */
const knownPatch: Readonly<Record<string, number>> = { '2.4': 9, '2.5': 14, '2.6': 14, '2.7': 8, '3.0': 33 }

/**
 * Rules of a release, from BigBlueButton's sources and docs.
 *
 * @throws TypeError when `version` is not `2.4` … `3.0` with an optional patch.
 */
export function releaseOf(version: string): Release {
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?$/.exec(version)
  const minor = match ? `${match[1]}.${match[2]}` : ''
  const known = knownPatch[minor]
  if (!match || known === undefined) throw new TypeError('version must be 2.4 to 3.0, as in "2.6.14" or "3.0"')
  const patch = match[3] === undefined ? known : Number(match[3])
  const rank = (major: number, minorNumber: number, patchNumber: number) =>
    (major * 100 + minorNumber) * 10_000 + patchNumber
  const own = rank(Number(match[1]), Number(match[2]), patch)
  const since = (major: number, minorNumber: number, patchNumber = 0) => own >= rank(major, minorNumber, patchNumber)
  return {
    text: `${minor}.${patch}`,
    checksumAlgorithms: since(2, 5, 7) ? ['sha1', 'sha256', 'sha384', 'sha512'] : ['sha1', 'sha256'],
    checksumAnyCase: since(2, 6),
    signsPostedForm: !since(3, 0),
    checksContentType: since(3, 0) || since(2, 7, 8) || (since(2, 6, 18) && !since(2, 7)),
    strictMethods: since(3, 0),
    uploadUrlSkipsChecks: since(3, 0),
    checksTrimmedMeetingID: since(2, 6),
    duplicateWithoutPasswords: since(2, 6),
    missingNameThrows: !since(3, 0),
    joinChecksAsXml: since(3, 0) && !since(3, 0, 15),
    joinRefusalsAsXml: since(3, 0),
    redirectsErrors: since(2, 7),
    insertsDocuments: since(2, 5),
    sendsChatMessages: since(3, 0),
    oddBreakoutCheck: since(2, 6) && !since(3, 0),
    groupsCounts: !since(3, 0),
    pages: since(3, 0, 18) ? 'total' : since(2, 6) ? 'element' : 'none',
    hasGraphql: since(3, 0),
  }
}
