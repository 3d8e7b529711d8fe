import { expect } from 'vitest'

/**
 * Facts about a recorded answer name places on the wire (`attendees.attendee[1].fullName`); the typed result has its
 * own shape. Here is the one table of where each place went, and how values of the two are compared.
 */

/** Wrappers that became arrays, and names that became other names; applied in this order. */
const PLACES: readonly (readonly [RegExp, string])[] = [
  [/^response\./, ''],
  [/^(?:meetings\.meeting|recordings\.recording|sessions\.(?:meeting|session)|hooks\.hook|tracks)(?=$|[[#])/, ''],
  [/\bbreakout\.(?=parentMeetingID|sequence|freeJoin)/, ''],
  [/attendees\.attendee/, 'attendees'],
  [/breakoutRooms\.breakout(?:Room)?(?=$|[[#])/, 'breakoutRooms'],
  [/playback\.format/, 'playback'],
  [/data\.format/, 'data'],
  [/preview\.images\.image(\[\d+\])$/, 'images$1.url'],
  [/preview\.images\.image/, 'images'],
  [/@/, ''],
  [/^meeting_id$/, 'internalMeetingID'],
  [/^(?:user_id|userId)$/, 'userID'],
  [/^auth_token$/, 'authToken'],
  [/^session_token$/, 'sessionToken'],
]

/** Said once by the call's ending, and not again in its result. */
const VERDICT = /^(?:response\.)?(?:returncode|message|messageKey|published|deleted|recordId)$/

/** Compares one fact of a SUCCESS with the typed result. `order`: position on the wire → position in the result. */
export function expectFact(
  call: string,
  result: unknown,
  path: string,
  expected: unknown,
  order = (index: number) => index,
): void {
  if (call === 'create' ? /^returncode$/.test(path) : VERDICT.test(path)) return
  // How many there are in all is read by the iterator over pages.
  if (path === 'totalElements') return
  // The time of creation is there as a number; its text in the server's language and zone is not kept.
  if (path.endsWith('createDate')) return
  if (call === 'updateRecordings' || call === 'isMeetingRunning' || call === 'hooks/destroy') {
    expect(result, path).toBe(expected)
    return
  }
  let place = path
  for (const [pattern, replacement] of PLACES) place = place.replace(pattern, replacement)
  if (call === 'getSessions') place = place.replace(/meetingID$/, 'internalMeetingID')
  let value: unknown = result
  for (const step of place.match(/\[\d+\]|\*#|#|[^.[\]#]+/g) ?? []) value = follow(value, step, order)
  expectSame(value, expected, path)
}

function follow(value: unknown, step: string, order: (index: number) => number): unknown {
  if (step === '#') return Array.isArray(value) ? value.length : value
  if (step === '*#') return Object.keys(Object(value)).length
  const index = /^\[(\d+)\]$/.exec(step)?.[1]
  if (index !== undefined) {
    if (!Array.isArray(value)) return undefined
    const recordings = value.every(item => Object.hasOwn(Object(item), 'recordID'))
    return value[recordings ? order(Number(index)) : Number(index)]
  }
  return Reflect.get(Object(value), step)
}

/** The facts hold numbers and words as their own projects convert them; here ids are text and times are dates. */
export function expectSame(value: unknown, expected: unknown, message: string): void {
  if (expected === null || expected === '') expect(value ?? '', message).toBe('')
  else if (expected === 'bbb-none') expect(value, message).toBeNull()
  else if (value instanceof Date) expect(value.getTime(), message).toBe(expected)
  else if (typeof expected === 'number' && typeof value === 'string') expect(value, message).toBe(String(expected))
  else if (expected === 0 && value === null) return
  else if (typeof expected === 'object') expect({ ...Object(value) }, message).toEqual(expected)
  else expect(value, message).toBe(expected)
}
