/** A rule that a request broke. */
export interface Violation {
  readonly key: string
  readonly message: string
}

/**
 * The one violation bbb-web reports: it collects them in a `java.util.HashMap` by key and takes the first that the map
 * yields, so the order is that of Java's string hashes, not of importance. A key met twice keeps its last message.
 */
export function reportedViolation(violations: readonly Violation[]): Violation | undefined {
  const byKey = new Map(violations.map(violation => [violation.key, violation]))
  let reported: Violation | undefined
  for (const violation of byKey.values()) {
    if (!reported || bucket(violation.key) < bucket(reported.key)) reported = violation
  }
  return reported
}

/** Bucket of a key in a `HashMap` of sixteen. */
function bucket(key: string): number {
  let hash = 0
  for (let index = 0; index < key.length; index++) hash = (Math.imul(hash, 31) + key.charCodeAt(index)) | 0
  return (hash ^ (hash >>> 16)) & 15
}

/** Rules of `meetingID` that hold for every call. */
export function meetingIDViolations(meetingID: string | undefined): Violation[] {
  const found: Violation[] = []
  if (!meetingID) found.push({ key: 'missingParamMeetingID', message: 'You must provide a meeting ID' })
  if (meetingID !== undefined && (meetingID.length < 2 || meetingID.length > 256)) {
    found.push({ key: 'sizeError', message: 'Meeting ID must be between 2 and 256 characters' })
  }
  if (meetingID !== undefined && (meetingID === '' || meetingID.includes(','))) {
    found.push({ key: 'validationError', message: "Meeting ID cannot contain ','" })
  }
  return found
}

/** Rules of the meeting's `name`. */
export function nameViolations(name: string | undefined): Violation[] {
  if (name === undefined) return [{ key: 'nullError', message: 'You must provide a meeting name' }]
  const found: Violation[] = []
  if (name === '') found.push({ key: 'emptyError', message: 'You must provide a meeting name' })
  if (name.length < 2 || name.length > 256) {
    found.push({ key: 'sizeError', message: 'Meeting name must be between 2 and 256 characters' })
  }
  return found
}

/** A password is empty or has 2 to 64 characters. */
export function passwordViolations(password: string | undefined): Violation[] {
  if (!password || (password.length >= 2 && password.length <= 64)) return []
  return [{ key: 'invalidPassword', message: 'Invalid password' }]
}

/** A Java long. */
export function integerViolations(label: string, value: string | undefined): Violation[] {
  if (!value || isJavaLong(value)) return []
  return [{ key: 'validationError', message: `${label} must be an integral value` }]
}

/** `true`, `false`, `0` or `1` in any case. */
export function booleanViolations(label: string, value: string | undefined): Violation[] {
  if (!value || /^(true|false|0|1)$/i.test(value)) return []
  return [{ key: 'validationError', message: `${label} must be a boolean value (true or false)` }]
}

function isJavaLong(text: string): boolean {
  if (!/^[+-]?\d{1,19}$/.test(text)) return false
  const value = BigInt(text.replace('+', ''))
  return value <= 9_223_372_036_854_775_807n && value >= -9_223_372_036_854_775_808n
}
