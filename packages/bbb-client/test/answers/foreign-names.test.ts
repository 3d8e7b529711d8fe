import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { answering, attendee, escapeXml, meeting, recording } from '../support/answering.ts'
import { RUNS } from '../support/arbitrary.ts'
import { success } from '../support/server.ts'

/** Everything found on every object, and what our own shapes are called. */
const INHERITED = Object.getOwnPropertyNames(Object.prototype)
const OURS = [
  'meeting',
  'meetings',
  'attendee',
  'attendees',
  'metadata',
  'returncode',
  'messagekey',
  'response',
  'extra',
  'text',
  'name',
  'children',
  'prototype',
  'then',
  'length',
  'item',
  'tojson',
  'inspect',
]

const snapshot = (): string =>
  JSON.stringify(
    [Object.prototype, Array.prototype, Function.prototype].map(prototype => Reflect.ownKeys(prototype).map(String)),
  )

const meetings = (list: readonly string[]): string =>
  success(`<meetings>${list.map(inner => `<meeting>${inner}</meeting>`).join('')}</meetings>`)

describe('T19 names that strangers chose', () => {
  it('any name of a metadata key in one of 50 meetings: 50 meetings come back, and no prototype has changed', async () => {
    const before = snapshot()
    const name = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...INHERITED, ...OURS) },
      { weight: 1, arbitrary: fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/) },
    )
    await fc.assert(
      fc.asyncProperty(name, fc.nat({ max: 49 }), async (key, place) => {
        const list = Array.from({ length: 50 }, (_, i) =>
          meeting({ meetingID: `room-${i}`, metadata: i === place ? `<${key}>value of ${key}</${key}>\n` : '' }),
        )
        const found = await answering(meetings(list)).getMeetings()
        expect(found.map(({ meetingID }) => meetingID)).toEqual(list.map((_, i) => `room-${i}`))
        const metadata = found[place]?.metadata ?? {}
        expect(Object.keys(metadata)).toEqual([key])
        expect(metadata[key]).toBe(`value of ${key}`)
        expect(Object.getPrototypeOf(Object.getPrototypeOf(metadata))).toBeNull()
      }),
      { numRuns: Math.min(RUNS, 300) },
    )
    expect(snapshot()).toBe(before)
  })

  it.each(INHERITED)('%s as a metadata key, custom data, an unknown element and an id', async name => {
    const before = snapshot()
    const body = success(
      meeting({
        meetingID: name,
        metadata: `<${name}>m</${name}>`,
        attendees: attendee(name, name, `<customdata><${name}>c</${name}></customdata><${name}>a</${name}>`),
        more: `<${name}>e</${name}>`,
      }),
    )
    const info = await answering(body).getMeetingInfo({ meetingID: 'room' })
    expect(info?.meetingID).toBe(name)
    expect(info?.metadata[name]).toBe('m')
    expect(info?.extra[name]).toBe('e')
    expect(info?.attendees[0]?.userID).toBe(name)
    expect(info?.attendees[0]?.customdata[name]).toBe('c')
    expect(info?.attendees[0]?.extra[name]).toBe('a')
    const free = await answering(success(`<${name}>f</${name}><${name}>g</${name}>`)).call('newCall')
    expect(free[name]).toEqual(['f', 'g'])
    expect(snapshot()).toBe(before)
  })

  it('maps without entries inherit nothing', async () => {
    const info = await answering(success(meeting())).getMeetingInfo({ meetingID: 'room' })
    for (const name of INHERITED) expect(info?.metadata[name]).toBeUndefined()
    expect(() => Object.assign(info?.metadata ?? {}, { a: '1' })).toThrow(TypeError)
  })

  it('a record without identity is left out and said to be, and does not hide the others', async () => {
    const said: string[] = []
    const body = meetings([
      meeting({ meetingID: 'one' }),
      meeting({ meetingID: '' }),
      '',
      meeting({ meetingID: 'two' }),
    ])
    const found = await answering(body, { onWarning: message => said.push(message) }).getMeetings()
    expect(found.map(({ meetingID }) => meetingID)).toEqual(['one', 'two'])
    expect(said).toEqual([
      'getMeetings: left out: getMeetings.meetings[1].meetingID is missing or unreadable',
      'getMeetings: left out: getMeetings.meetings[2].meetingID is missing or unreadable',
    ])
    const list = success(`<recordings>${recording('a')}<recording/>${recording('b')}</recordings>`)
    expect((await answering(list).getRecordings()).map(({ recordID }) => recordID)).toEqual(['a', 'b'])
  })

  it('unknown elements are kept where they are text, and ignored where they are more', async () => {
    const more = '<brandNew>yes</brandNew><deep><er>x</er></deep>'
    const info = await answering(success(meeting({ more }))).getMeetingInfo({ meetingID: 'room' })
    expect({ ...info?.extra }).toEqual({ brandNew: 'yes' })
  })
})

describe('T21 names of people', () => {
  const NAMES = [
    "O'Brien",
    'Nguyễn Thị Ánh',
    '李 & Søn <x>',
    '👨‍👩‍👧‍👦 family',
    '𠮷野家',
    'עִבְרִית',
    'مُحَمَّد',
    '\u202eRTL',
    'e\u0301 é',
    'Zoë "Q" Müller',
    '🏳️‍🌈',
    'Łukasz',
    '\u00a0hard blanks\u00a0',
    '\ufeffmark',
    'Ω\u200dΩ',
    'ﷺ',
    'क्षि',
    'ไทย',
    '한글',
    'ẞß',
  ]
  const list = Array.from({ length: 500 }, (_, i) => `${NAMES[i % NAMES.length]} ${i}`)

  it('500 of them in many scripts come back as they went', async () => {
    const attendees = list.map((name, i) => attendee(`user-${i}`, escapeXml(name))).join('')
    const info = await answering(success(meeting({ attendees }))).getMeetingInfo({ meetingID: 'room' })
    expect(info?.attendees.map(({ fullName }) => fullName)).toEqual(list)
  })
})
