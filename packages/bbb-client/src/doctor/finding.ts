/** `ok`: nothing to do. `warn`: works, and should be changed. `fail`: does not work, or must not stay as it is. */
export type FindingLevel = 'ok' | 'warn' | 'fail'

/** What was found; each code always means the same and nearly always has the same level. */
export type FindingCode =
  | 'config-invalid'
  | 'address-secure'
  | 'address-local'
  | 'address-insecure'
  | 'server-answers'
  | 'server-unreachable'
  | 'server-tls-refused'
  | 'tls-valid'
  | 'tls-expires-soon'
  | 'clock-agrees'
  | 'clock-skewed'
  | 'version-current'
  | 'version-unknown'
  | 'version-vulnerable'
  | 'load-balancer'
  | 'secret-accepted'
  | 'secret-wrong'
  | 'secret-older'
  | 'signed-call-failed'
  | 'checksum-accepted'
  | 'checksum-sha1'
  | 'checksum-refused'
  | 'hooks-healthy'
  | 'hooks-none'
  | 'hooks-missing'
  | 'hooks-broken'
  | 'hooks-checksum-refused'
  | 'hooks-secret-wrong'
  | 'hook-registered'
  | 'hook-missing'
  | 'hook-narrowed'
  | 'callback-url-invalid'
  | 'callback-url-private'
  | 'callback-url-insecure'
  | 'callback-refuses-strangers'
  | 'callback-accepts-strangers'
  | 'callback-wrong-answer'
  | 'callback-unreachable'
  | 'callback-signed'
  | 'callback-sha1'
  | 'callback-bearer'
  | 'callback-old-scheme'
  | 'callback-body-blind'
  | 'callback-secret-wrong'
  | 'callback-not-received'
  | 'test-meeting-failed'
  | 'left-behind'

/** One thing that was looked at. Holds no secret, no checksum and no join link. */
export interface Finding {
  readonly level: FindingLevel
  readonly code: FindingCode
  /** One sentence: what is the case. */
  readonly message: string
  /** What it consists of, where it is several things. */
  readonly details?: readonly string[] | undefined
  /** What to do about it. */
  readonly fix?: string | undefined
}

export const ok = (code: FindingCode, message: string, fix?: string): Finding => finding('ok', code, message, fix)
export const warn = (code: FindingCode, message: string, fix?: string): Finding => finding('warn', code, message, fix)
export const fail = (code: FindingCode, message: string, fix?: string): Finding => finding('fail', code, message, fix)

function finding(level: FindingLevel, code: FindingCode, message: string, fix: string | undefined): Finding {
  return { level, code, message, ...(fix !== undefined && { fix }) }
}
