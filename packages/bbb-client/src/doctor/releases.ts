import { type Finding, fail, ok, warn } from './finding.ts'

/** A published weakness of BigBlueButton that reaches whoever uses its API or joins its meetings. */
export interface KnownWeakness {
  /** First releases without it: one for each branch that got a fix. */
  readonly fixedIn: readonly string[]
  readonly what: string
  /** Its numbers; the texts are at `https://github.com/bigbluebutton/bigbluebutton/security/advisories/GHSA-…` and cve.org. */
  readonly ids: readonly string[]
}

/**
 * Newest first. Source: the CVE records and GitHub advisories named in `ids`, and the release notes of 3.0.21 and 3.0.35
 * (github.com/bigbluebutton/bigbluebutton/releases), as of November 2026.
 */
export const KNOWN_WEAKNESSES: readonly KnownWeakness[] = [
  {
    fixedIn: ['3.0.35'],
    what: 'files of the server can be read through Etherpad, so renew its secret after updating',
    ids: ['GHSA-4g74-4wqf-fr8c'],
  },
  {
    fixedIn: ['3.0.29'],
    what: 'a presenter can delete the presentation of another meeting',
    ids: ['CVE-2026-55489', 'GHSA-jxpq-r3h3-p75g'],
  },
  {
    fixedIn: ['3.0.24'],
    what: 'a link to the server can lead anywhere (logoutURL)',
    ids: ['CVE-2026-41126', 'GHSA-cvwj-4pcp-f3g8'],
  },
  { fixedIn: ['3.0.24'], what: 'viewers can write captions', ids: ['CVE-2026-41127', 'GHSA-q387-2q28-mg33'] },
  {
    fixedIn: ['3.0.23'],
    what: 'a participant can take over the session of another',
    ids: ['CVE-2026-46355', 'GHSA-38fw-2gq7-ccgr'],
  },
  {
    fixedIn: ['3.0.23'],
    what: 'moderators can run SQL on the server',
    ids: ['CVE-2026-46682', 'GHSA-gfv2-46v4-jvw5'],
  },
  {
    fixedIn: ['3.0.23'],
    what: 'presentation URLs reach private addresses',
    ids: ['CVE-2026-46404', 'GHSA-xqm3-6q7q-4v5h'],
  },
  {
    fixedIn: ['3.0.21'],
    what: 'calls are accepted without a checksum (presentationUploadExternalUrl)',
    ids: ['CVE-2026-46353', 'GHSA-43hc-5g2m-cqff'],
  },
  {
    fixedIn: ['3.0.21'],
    what: 'session tokens can be guessed',
    ids: ['CVE-2026-46351', 'GHSA-7959-pf2v-xc4h'],
  },
  { fixedIn: ['3.0.20'], what: 'a link to the server can lead anywhere (errorRedirectUrl)', ids: ['CVE-2026-27736'] },
  {
    fixedIn: ['3.0.13'],
    what: 'one participant can stop every meeting of the server',
    ids: ['CVE-2025-61601', 'CVE-2025-61602'],
  },
  {
    fixedIn: ['2.6.18', '2.7.8', '3.0.0'],
    what: "a viewer's join link can be turned into a moderator's",
    ids: ['CVE-2024-38518', 'GHSA-4m48-49h7-f3c4'],
  },
]

/** The oldest release without a weakness of the list. */
export const SAFE_RELEASE = '3.0.35'

type Version = readonly [major: number, minor: number, patch: number]

/** `3.0.21`, `3.0.0-beta.1`, `3.1-dev`: the numbers at the beginning; `undefined` when there are none. */
function parseVersion(text: string): Version | undefined {
  const match = /^v?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?/.exec(text.trim())
  return match ? [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)] : undefined
}

function isBefore(a: Version, b: Version): boolean {
  return a[0] !== b[0] ? a[0] < b[0] : a[1] !== b[1] ? a[1] < b[1] : a[2] < b[2]
}

/** The published weaknesses of a release, newest first; `undefined` when the text is no release. */
export function weaknessesOf(release: string): readonly KnownWeakness[] | undefined {
  const version = parseVersion(release)
  if (version === undefined) return undefined
  return KNOWN_WEAKNESSES.filter(({ fixedIn }) => {
    const fixes = fixedIn.map(text => parseVersion(text)).filter(fix => fix !== undefined)
    const sameBranch = fixes.find(([major, minor]) => major === version[0] && minor === version[1])
    if (sameBranch) return isBefore(version, sameBranch)
    // A branch without a fix of its own has it when it is younger than every fix.
    return fixes.some(fix => isBefore(version, fix))
  })
}

/** T23: what is known about the release of a server. `told`: an administrator said so, not the server. */
export function checkRelease(release: string | null, told: boolean): Finding {
  const weaknesses = release === null ? undefined : weaknessesOf(release)
  if (release === null || weaknesses === undefined)
    return warn(
      'version-unknown',
      'The server does not tell its release, so known weaknesses cannot be ruled out.',
      `\`bbb-conf --version\` on the server should say ${SAFE_RELEASE} or later; tell it with \`bbb doctor --bbb-version\`.`,
    )
  const from = told ? 'as you say' : 'as it tells'
  if (weaknesses.length === 0)
    return ok('version-current', `The server runs ${release} (${from}); no published weakness is known to this tool.`)
  const count = weaknesses.length === 1 ? '1 published weakness' : `${weaknesses.length} published weaknesses`
  return {
    ...fail(
      'version-vulnerable',
      `The server runs ${release} (${from}), which has ${count}.`,
      `Update to ${SAFE_RELEASE} or later. Releases before 3.0 get no fixes any more.`,
    ),
    details: weaknesses.map(({ what, ids }) => `${ids[0]}: ${what}`),
  }
}
