import { adviceFor } from 'bbb-client'
import { describe, expect, it } from 'vitest'
import { MESSAGE_KEYS } from '../../src/message-keys.ts'
import { data, readText } from '../support/data.ts'

/** Said with SUCCESS, or to browsers: nothing to advise. */
const NO_FAILURE = new Set(
  `duplicateWarning successfullyJoined sentEndMeetingRequest noMeetings noSessions upload_text_track_success configNotFound
  noConfigFound missingToken missingSession invalidSession guestDeny`.split(/\s+/),
)

describe('advice for message keys', () => {
  it.each(Object.entries(MESSAGE_KEYS))(
    '%s: a sentence for who runs it and one for who waits',
    (_key, { advice, userMessage }) => {
      for (const sentence of [advice, userMessage]) expect(sentence).toMatch(/^[A-Za-z].{8,}\.$/)
      // What a teacher reads has no words of the wire in it.
      expect(userMessage).not.toMatch(/meetingID|API|HTTP|checksum|parameter|server/i)
    },
  )

  it.each(['', 'someFutureKey', 'constructor', '__proto__', 'toString', 'NOTFOUND'])('none for %j', key => {
    expect(adviceFor(key)).toBeUndefined()
  })
})

describe.skipIf(!data)('the documented keys', () => {
  it('all of a failure have advice', () => {
    const wire = readText('wire.md')
    const section = wire.slice(wire.indexOf('## 10.'), wire.indexOf('## 11.'))
    const keys = section
      .split('\n')
      .filter(line => line.startsWith('| ') && !line.startsWith('| Key'))
      .flatMap(line => (line.split('|')[1] ?? '').split(','))
      .map(key => key.replace(/\(.*?\)/, '').trim())
    expect(keys.length).toBeGreaterThan(60)
    expect(keys.filter(key => adviceFor(key) === undefined && !NO_FAILURE.has(key))).toEqual([])
  })
})
