import { randomUUID } from 'node:crypto'
import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm } from '../checksum.ts'
import { BbbApiError, type BbbError } from '../errors.ts'
import { type Finding, fail, ok, warn } from './finding.ts'
import { attempt, clientOf, type Patient } from './patient.ts'
import { withoutCall } from './server.ts'

/** The lightest signed call, about a meeting that nobody has. */
async function probe(patient: Patient, secret: string, checksum: ChecksumAlgorithm): Promise<BbbError | undefined> {
  const client = clientOf(patient, { secret, checksum })
  const call = client.isMeetingRunning({ meetingID: `bbb-doctor-${randomUUID()}` }, { signal: patient.signal })
  return (await attempt(call)).error
}

export function isChecksumError(error: BbbError | undefined): boolean {
  return error instanceof BbbApiError && error.messageKey === 'checksumError'
}

/**
 * Whether secret and algorithm are the server's. A server says the same for both mistakes, so every algorithm is tried
 * with every configured secret: one that is taken tells them apart. `isRight`: signed calls as configured work.
 */
export async function checkSignature(
  patient: Patient,
): Promise<{ readonly findings: readonly Finding[]; readonly isRight: boolean }> {
  const { secret: given } = patient.options
  const secrets = typeof given === 'string' ? [given] : given
  const { checksum: chosen } = patient.resolved
  for (const [index, secret] of secrets.entries()) {
    const taken: ChecksumAlgorithm[] = []
    for (const algorithm of CHECKSUM_ALGORITHMS) {
      const error = await probe(patient, secret, algorithm)
      if (error === undefined) taken.push(algorithm)
      else if (!isChecksumError(error)) return { findings: [otherFailure(error)], isRight: false }
    }
    if (taken.length === 0) continue
    if (index > 0) return { findings: [olderSecret(index)], isRight: false }
    const accepted = ok('secret-accepted', 'The server accepts the secret.')
    return { findings: [accepted, judgeAlgorithms(chosen, taken)], isRight: taken.includes(chosen) }
  }
  return { findings: [wrongSecret()], isRight: false }
}

function judgeAlgorithms(chosen: ChecksumAlgorithm, taken: readonly ChecksumAlgorithm[]): Finding {
  const list = taken.join(', ')
  const stronger = taken.filter(algorithm => algorithm !== 'sha1')
  const best = stronger.includes('sha256') ? 'sha256' : stronger[0]
  if (!taken.includes(chosen))
    return fail(
      'checksum-refused',
      `Calls are signed with ${chosen}, and the server takes only ${list}.`,
      best === undefined
        ? "Better: add sha256 to supportedChecksumAlgorithms in the server's bbb-web.properties and restart it. Until then: BBB_CHECKSUM=sha1 (option checksum)."
        : `Set BBB_CHECKSUM=${best} (option checksum: '${best}').`,
    )
  if (chosen === 'sha1')
    return warn(
      'checksum-sha1',
      `Calls are signed with SHA-1, which is weak; the server takes ${list}.`,
      best === undefined
        ? "Add sha256 to supportedChecksumAlgorithms in the server's bbb-web.properties, restart it, and leave BBB_CHECKSUM out."
        : `Leave BBB_CHECKSUM out, or set it to ${best}.`,
    )
  return ok('checksum-accepted', `Calls are signed with ${chosen}; the server takes ${list}.`)
}

function wrongSecret(): Finding {
  return fail(
    'secret-wrong',
    'The server refuses the secret, with every checksum algorithm.',
    'Copy the secret anew from `bbb-conf --secret` on the server, without blanks or quotes. If it is the same, a proxy in front of the server changes the query.',
  )
}

function olderSecret(index: number): Finding {
  return fail(
    'secret-older',
    `The server refuses the first secret and accepts number ${index + 1}.`,
    'The first secret signs: put the one that the server has now first, and the others behind it.',
  )
}

function otherFailure(error: BbbError): Finding {
  return fail('signed-call-failed', withoutCall(error.message), 'Look at the log of bbb-web on the server.')
}
