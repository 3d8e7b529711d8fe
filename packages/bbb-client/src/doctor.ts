import type { BbbClientOptions } from './config.ts'
import { checkCallbackUrl, checkReceiver } from './doctor/callback-url.ts'
import { type Finding, fail, warn } from './doctor/finding.ts'
import { checkHooks } from './doctor/hooks.ts'
import { admit, discharge, type Patient } from './doctor/patient.ts'
import { checkRelease } from './doctor/releases.ts'
import {
  type CertificateReader,
  checkAddress,
  checkCertificate,
  checkClock,
  checkReachable,
  readCertificate,
} from './doctor/server.ts'
import { checkSignature } from './doctor/signature.ts'
import { checkTestCallback, type ListenAddress } from './doctor/test-callback.ts'
import { BbbConfigError } from './errors.ts'

export type { Finding, FindingCode, FindingLevel } from './doctor/finding.ts'
export { KNOWN_WEAKNESSES, type KnownWeakness, SAFE_RELEASE, weaknessesOf } from './doctor/releases.ts'
export type { Certificate, CertificateReader } from './doctor/server.ts'
export type { ListenAddress } from './doctor/test-callback.ts'

/** What {@link diagnose} looks at. */
export interface DiagnoseOptions {
  /** The client as your application makes it. */
  readonly client: BbbClientOptions
  /** The release of the server, where it does not tell it: as `bbb-conf --version` shows it. */
  readonly bbbVersion?: string | undefined
  /** The callback URL that your application registers; its shape, its hook and its answers are looked at. */
  readonly callbackUrl?: string | undefined
  /**
   * Waits here, in place of your application, for a test callback to `callbackUrl`: opens a test meeting with a hook of
   * its own, and removes both. The only way to learn how callbacks are signed.
   */
  readonly listen?: ListenAddress | undefined
  /** Ends the diagnosis; it then rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined
  /** How a certificate is looked at, for tests. @default a TLS connection of its own */
  readonly readCertificate?: CertificateReader | undefined
}

/**
 * Finds out what stands between an application and its BigBlueButton server: address, TLS, release, secret, checksum,
 * clock, hooks, callbacks. Reads only, unless `listen` is given. Findings hold no secret. Rejects only when aborted.
 *
 * @example
 * ```ts
 * const findings = await diagnose({ client: { url: 'https://bbb.example.org', secret } })
 * for (const { level, message, fix } of findings) if (level !== 'ok') console.log(message, fix)
 * ```
 */
export async function diagnose(options: DiagnoseOptions): Promise<readonly Finding[]> {
  options.signal?.throwIfAborted()
  let patient: Patient
  try {
    patient = admit(options.client, options.signal)
  } catch (error) {
    if (!(error instanceof BbbConfigError)) throw error
    return [fail('config-invalid', `The configuration cannot be used: ${error.message}.`)]
  }
  try {
    return await examine(patient, options)
  } finally {
    await discharge(patient)
  }
}

async function examine(patient: Patient, options: DiagnoseOptions): Promise<readonly Finding[]> {
  const { client, callbackUrl, listen } = options
  const findings: Finding[] = [checkAddress(patient.resolved.origin)]
  const add = (...more: readonly (Finding | undefined)[]): void => {
    findings.push(...more.filter(finding => finding !== undefined))
  }

  const { finding, version } = await checkReachable(patient)
  add(finding)
  if (version === undefined) return findings
  // What goes through a proxy or another client may meet another certificate than a connection of ours, and only the
  // client's own connections keep away from private addresses.
  const isDirect = client.fetch === undefined && client.dispatcher === undefined && !client.blockPrivateNetworks
  const read = options.readCertificate ?? (isDirect ? readCertificate : undefined)
  if (read !== undefined) add(await checkCertificate(patient, read))
  add(await checkClock(patient))
  add(checkRelease(version.bbbVersion ?? options.bbbVersion ?? null, version.bbbVersion === null))
  const isBalanced = version.build !== null
  if (isBalanced) add(loadBalancer())

  const signature = await checkSignature(patient)
  add(...signature.findings)
  const callback = callbackUrl === undefined ? undefined : checkCallbackUrl(callbackUrl, patient.resolved.origin)
  add(...(callback?.findings ?? []))
  const isUsable = callback?.isUsable === true
  if (signature.isRight) {
    // With `listen` the URL is this process's, and need not be registered.
    const wanted = listen === undefined && isUsable ? callbackUrl : undefined
    const hooks = await checkHooks(patient, { callbackUrl: wanted, isNeeded: callbackUrl !== undefined, isBalanced })
    add(...hooks.findings)
    if (hooks.isUsable && isUsable && callbackUrl !== undefined && listen !== undefined)
      add(...(await checkTestCallback(patient, callbackUrl, listen)))
  }
  if (isUsable && callbackUrl !== undefined && listen === undefined) add(await checkReceiver(patient, callbackUrl))
  return findings
}

function loadBalancer(): Finding {
  return warn(
    'load-balancer',
    'This is a load balancer (Scalelite): what is found here is about it, not about the servers behind it.',
    'Run the diagnosis on each BigBlueButton server too; hooks are registered there.',
  )
}
