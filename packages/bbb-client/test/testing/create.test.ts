import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ask, newFake, query, secret, signedTarget } from './support.ts'

const room = { meetingID: 'room-1', name: 'Algebra' }
const both = { attendeePW: 'ap', moderatorPW: 'mp' }

describe('create', () => {
  it.each<[string, Record<string, string>, string]>([
    ['no name', { meetingID: 'room-1' }, 'nullError You must provide a meeting name'],
    ['empty name', { meetingID: 'room-1', name: '' }, 'emptyError You must provide a meeting name'],
    [
      'name of one letter',
      { meetingID: 'room-1', name: 'A' },
      'sizeError Meeting name must be between 2 and 256 characters',
    ],
    [
      'name too long',
      { meetingID: 'room-1', name: 'A'.repeat(257) },
      'sizeError Meeting name must be between 2 and 256 characters',
    ],
    ['no meetingID', { name: 'Algebra' }, 'validationError Invalid meeting ID'],
    [
      'empty meetingID',
      { meetingID: '', name: 'Algebra' },
      'sizeError Meeting ID must be between 2 and 256 characters',
    ],
    [
      'short meetingID',
      { meetingID: 'x', name: 'Algebra' },
      'sizeError Meeting ID must be between 2 and 256 characters',
    ],
    ['comma', { meetingID: 'a,b', name: 'Algebra' }, "validationError Meeting ID cannot contain ','"],
    ['blanks round the id', { meetingID: ' room ', name: 'Algebra' }, 'validationError Invalid meeting ID'],
    ['control character in the id', { meetingID: 'ro\u0007om', name: 'Algebra' }, 'validationError Invalid meeting ID'],
    ['short password', { ...room, attendeePW: 'a' }, 'invalidPassword Invalid password'],
    ['long password', { ...room, moderatorPW: 'a'.repeat(65) }, 'invalidPassword Invalid password'],
    [
      'voiceBridge of letters',
      { ...room, voiceBridge: 'abc' },
      'validationError Voice bridge must be an integral value',
    ],
    [
      'voiceBridge beyond a long',
      { ...room, voiceBridge: '9223372036854775808' },
      'validationError Voice bridge must be an integral value',
    ],
    ['voiceBridge of a plus', { ...room, voiceBridge: '+' }, 'validationError Voice bridge must be an integral value'],
    ['record=yes', { ...room, record: 'yes' }, 'validationError Record must be a boolean value (true or false)'],
    [
      'no parent',
      { ...room, isBreakout: 'true', sequence: '1' },
      'parentMeetingIDMissing No parent meeting ID was provided for the breakout room',
    ],
    [
      'unknown parent',
      { ...room, isBreakout: 'true', parentMeetingID: 'none' },
      'parentMeetingDoesNotExist No parent meeting exists for the breakout room',
    ],
  ])('%s', async (_, parameters, expected) => {
    const { fake } = newFake()
    const answer = await ask(fake, 'create', query(parameters))
    expect([answer.returncode, `${answer.messageKey} ${answer.text('message')}`]).toEqual(['FAILED', expected])
  })

  it('reports one of several problems, in the order of Java string hashes', async () => {
    const { fake } = newFake()
    const worst = await ask(fake, 'create', query({ meetingID: 'a,b', name: '', attendeePW: 'a' }))
    expect(worst.messageKey).toBe('emptyError')
    const tied = await ask(fake, 'create', 'meetingID=a%2Cb')
    expect(tied.messageKey).toBe('validationError')
  })

  it('puts the checksum before everything else', async () => {
    const { fake } = newFake()
    expect((await ask(fake, 'create', 'name=&checksum=0')).messageKey).toBe('checksumError')
  })

  it('answers with its elements in the order of the template', async () => {
    const { fake } = newFake()
    const { body } = await ask(fake, 'create', query({ ...room, ...both, voiceBridge: '01234', duration: 60 }))
    const hash = '29f1bbb5faa18ab7e14f4bb2a0d1ee0fc8e8d1b3'
    expect(body.replace(/[0-9a-f]{40}/, hash)).toBe(`<response>
<returncode>SUCCESS</returncode>
<meetingID>room-1</meetingID>
<internalMeetingID>${hash}-1767603600000</internalMeetingID>
<parentMeetingID>bbb-none</parentMeetingID>
<attendeePW>ap</attendeePW>
<moderatorPW>mp</moderatorPW>
<createTime>1767603600000</createTime>
<voiceBridge>01234</voiceBridge>
<dialNumber>613-555-1234</dialNumber>
<createDate>Mon Jan 05 09:00:00 UTC 2026</createDate>
<hasUserJoined>false</hasUserJoined>
<duration>60</duration>
<hasBeenForciblyEnded>false</hasBeenForciblyEnded>
<messageKey></messageKey>
<message></message>
</response>`)
  })

  it('gives the live meeting again for the same passwords, with its old values', async () => {
    const { fake, clock } = newFake()
    const first = await ask(fake, 'create', query({ ...room, ...both }))
    await clock.advance(1_000)
    const again = await ask(fake, 'create', query({ ...room, ...both, name: 'Other', duration: 5 }))
    expect(again.messageKey).toBe('duplicateWarning')
    expect(again.text('createTime')).toBe(first.text('createTime'))
    expect(again.text('duration')).toBe('0')
    expect(fake.meeting('room-1')?.name).toBe('Algebra')
  })

  it.each<[string, Record<string, string>, string, string]>([
    ['both differ', { attendeePW: 'xx', moderatorPW: 'yy' }, '3.0', 'idNotUnique'],
    ['one differs', { attendeePW: 'ap', moderatorPW: 'yy' }, '3.0', 'idNotUnique'],
    ['one missing', { attendeePW: 'ap' }, '3.0', 'idNotUnique'],
    ['both missing', {}, '3.0', 'duplicateWarning'],
    ['both missing on 2.5', {}, '2.5', 'idNotUnique'],
  ])('second create, %s: %s on %s', async (_, passwords, version, key) => {
    const { fake } = newFake({ version })
    await ask(fake, 'create', query({ ...room, ...both }))
    expect((await ask(fake, 'create', query({ ...room, ...passwords }))).messageKey).toBe(key)
  })

  it('makes passwords of eight characters when none are sent', async () => {
    const { fake } = newFake()
    const answer = await ask(fake, 'create', query(room))
    expect(answer.text('attendeePW')).toMatch(/^[a-zA-Z0-9]{8}$/)
    expect(answer.text('moderatorPW')).toMatch(/^[a-zA-Z0-9]{8}$/)
    expect(answer.text('moderatorPW')).not.toBe(answer.text('attendeePW'))
  })

  it.each(['-9223372036854775808', '9223372036854775807', '+5'])(
    'takes the voice bridge %s, a long',
    async voiceBridge => {
      const { fake } = newFake()
      expect((await ask(fake, 'create', query({ ...room, voiceBridge }))).text('voiceBridge')).toBe(voiceBridge)
    },
  )

  it('refuses a voice bridge in use, in the shape of an errors list', async () => {
    const { fake } = newFake()
    await ask(fake, 'create', query({ ...room, voiceBridge: '77777' }))
    const { body } = await ask(fake, 'create', query({ meetingID: 'room-2', name: 'Other', voiceBridge: '77777' }))
    expect(body).toBe(`<response>
<returncode>FAILED</returncode>
<errors>
<error>
<key>nonUniqueVoiceBridge</key>
<message>The selected voice bridge is already in use.</message>
</error>
</errors>
</response>`)
  })

  it('frees the id at the end, and never gives an internal id twice', async () => {
    const { fake } = newFake()
    const first = await ask(fake, 'create', query(room))
    await ask(fake, 'end', 'meetingID=room-1')
    const second = await ask(fake, 'create', query(room))
    expect(second.messageKey).toBe('')
    expect(second.text('internalMeetingID')).not.toBe(first.text('internalMeetingID'))
  })

  it('keeps metadata by its name pattern, lower-cased', async () => {
    const { fake } = newFake()
    const meta = {
      'meta_Course-Name': 'A & B',
      meta_empty: '',
      meta_1st: 'no',
      'meta_a.b': 'no',
      meta_: 'no',
      userdata_x: '1',
    }
    await ask(fake, 'create', query({ ...room, ...meta }))
    expect(fake.meeting('room-1')?.metadata).toEqual(
      new Map([
        ['course-name', 'A & B'],
        ['empty', ''],
      ]),
    )
    const { body } = await ask(fake, 'getMeetingInfo', 'meetingID=room-1')
    expect(body).toContain('<metadata>\n<course-name>A &amp; B</course-name>\n<empty></empty>\n</metadata>')
  })

  it('takes only true, in any case, for true', async () => {
    for (const [value, expected] of [
      ['TRUE', 'true'],
      ['1', 'false'],
      ['0', 'false'],
    ] as const) {
      const { fake } = newFake()
      await ask(fake, 'create', query({ ...room, record: value }))
      expect((await ask(fake, 'getMeetingInfo', 'meetingID=room-1')).text('recording')).toBe(expected)
    }
  })

  it('squeezes white space inside values, as the templates do', async () => {
    const { fake } = newFake()
    await ask(fake, 'create', query({ meetingID: 'two  blanks', name: 'A \t  name' }))
    const { body } = await ask(fake, 'getMeetings')
    expect(body).toContain('<meetingID>two blanks</meetingID>')
    expect(body).toContain('<meetingName>A name</meetingName>')
  })

  it('makes breakout rooms under ids of its own', async () => {
    const { fake } = newFake()
    const parent = await ask(fake, 'create', query(room))
    const breakout = query({
      meetingID: 'room-1-1',
      name: 'Group',
      isBreakout: true,
      parentMeetingID: 'room-1',
      sequence: 2,
    })
    const child = await ask(fake, 'create', breakout)
    expect(child.text('parentMeetingID')).toBe(parent.text('internalMeetingID'))
    expect(child.text('meetingID')).toMatch(/^[0-9a-f]{40}-\d{13}$/)
    const info = await ask(fake, 'getMeetingInfo', query({ meetingID: child.text('meetingID') ?? '' }))
    expect(info.body).toMatch(
      /<isBreakout>true<\/isBreakout>\n<parentMeetingID>.*\n<sequence>2<\/sequence>\n<freeJoin>false/,
    )
    const rooms = await ask(fake, 'getMeetingInfo', 'meetingID=room-1')
    expect(rooms.all('breakout')).toEqual([child.text('internalMeetingID')])
    await ask(fake, 'end', 'meetingID=room-1')
    expect((await ask(fake, 'getMeetings')).messageKey).toBe('noMeetings')
  })

  it.each([
    ['a breakout without a number', { isBreakout: 'true', parentMeetingID: 'room-1', meetingID: 'room-2' }],
    ['groups that are no JSON array', { groups: '{"a":' }],
  ])('throws on %s (HTTP 500)', async (_, parameters) => {
    const { fake } = newFake()
    await ask(fake, 'create', query(room))
    const answer = await ask(fake, 'create', query({ ...room, ...parameters }))
    expect([answer.status, answer.headers['content-type']]).toEqual([500, 'text/html;charset=utf-8'])
  })

  it('2.6 trips over any isBreakout without parentIdMeetingId', async () => {
    const { fake } = newFake({ version: '2.6' })
    const odd = await ask(fake, 'create', query({ ...room, isBreakout: 'false' }))
    expect(odd.messageKey).toBe('parentMeetingIdMissing')
  })

  it('any accepted id and name come back as they were sent (property)', async () => {
    const words = fc
      .string({ unit: 'grapheme', minLength: 2, maxLength: 40 })
      .map(text => text.replace(/[,\s\p{Cc}]/gu, '_'))
    await fc.assert(
      fc.asyncProperty(words, words, async (meetingID, name) => {
        const { fake } = newFake()
        const created = await ask(fake, 'create', query({ meetingID, name }))
        expect(created.text('meetingID')).toBe(meetingID)
        const info = await ask(fake, 'getMeetingInfo', query({ meetingID }))
        expect([info.text('meetingID'), info.text('meetingName')]).toEqual([meetingID, name])
      }),
      { numRuns: 100 },
    )
  })
})

describe('create with a body', () => {
  const modules = `<?xml version="1.0"?><modules>
    <module name="presentation">
      <document url="https://example.org/a/slides.pdf?v=1" current="true"/>
      <document url="https://example.org/noextension"/>
      <document url="https://example.org/x" filename="named.pptx" current="true" downloadable="true" removable="false"/>
      <document name="embedded.txt">aGVsbG8=</document>
    </module>
    <module name="clientSettingsOverride"><![CDATA[{"public":{}}]]></module>
  </modules>`
  const xml = { method: 'POST', body: modules, contentType: 'application/xml' }

  it('keeps documents and other modules', async () => {
    const { fake } = newFake()
    expect((await ask(fake, 'create', query(room), xml)).returncode).toBe('SUCCESS')
    const meeting = fake.meeting('room-1')
    expect(meeting?.documents).toEqual([
      {
        name: 'slides.pdf',
        url: 'https://example.org/a/slides.pdf?v=1',
        size: undefined,
        current: true,
        downloadable: false,
        removable: true,
      },
      {
        name: 'named.pptx',
        url: 'https://example.org/x',
        size: undefined,
        current: false,
        downloadable: true,
        removable: false,
      },
      { name: 'embedded.txt', url: undefined, size: 5, current: false, downloadable: false, removable: true },
    ])
    expect(meeting?.modules).toEqual(new Map([['clientSettingsOverride', '{"public":{}}']]))
  })

  it('keeps the text of modules as text', async () => {
    const { fake } = newFake()
    const body =
      '<modules><module name="a">0012</module><module name="b">1e5</module><module name="b">true</module></modules>'
    await ask(fake, 'create', query(room), { ...xml, body })
    expect(fake.meeting('room-1')?.modules).toEqual(
      new Map([
        ['a', '0012'],
        ['b', 'true'],
      ]),
    )
  })

  it.each<[Record<string, string>, string]>([
    [{ preUploadedPresentation: 'https://x.test/a/slides.pdf?v=1' }, 'slides.pdf'],
    [{ preUploadedPresentation: 'https://x.test/a/', preUploadedPresentationName: 'mine.pdf' }, 'mine.pdf'],
    [{ preUploadedPresentation: 'https://x.test/a/' }, 'document'],
  ])('takes one document from the query: %o', async (parameters, name) => {
    const { fake } = newFake()
    await ask(fake, 'create', query({ ...room, ...parameters }))
    const documents = fake.meeting('room-1')?.documents
    expect(documents?.map(document => [document.name, document.url])).toEqual([
      [name, parameters.preUploadedPresentation],
    ])
  })

  it('throws on XML that does not parse (HTTP 500), and makes no meeting', async () => {
    const { fake } = newFake()
    for (const body of ['<modules><module></modules>', 'not xml']) {
      expect((await ask(fake, 'create', query(room), { ...xml, body })).status).toBe(500)
    }
    expect(fake.meeting('room-1')).toBeUndefined()
  })

  it.each([
    ['application/json', '3.0', 'unsupportedContentType'],
    ['text/plain', '3.0', 'unsupportedContentType'],
    ['', '3.0', 'unsupportedContentType'],
    ['text/xml; charset=utf-8', '3.0', ''],
    ['application/json', '2.6.17', ''],
    ['application/json', '2.6.18', 'unsupportedContentType'],
    ['application/json', '2.7.7', ''],
  ])('content type %s on %s: %s', async (contentType, version, key) => {
    const { fake } = newFake({ version })
    expect((await ask(fake, 'create', query(room), { ...xml, contentType })).messageKey).toBe(key)
  })

  it('reads parameters from a form under a checksum-only query, on every release', async () => {
    for (const version of ['2.4', '2.6', '3.0']) {
      const { fake } = newFake({ version })
      const { pathname, search } = new URL(`http://x${signedTarget('create')}`)
      const { body } = await fake.handle({
        method: 'POST',
        target: pathname + search,
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body: query(room),
      })
      expect(body).toContain('<meetingID>room-1</meetingID>')
    }
  })

  it('keeps no password and no checksum in what it shows of a meeting', async () => {
    const { fake } = newFake()
    await ask(fake, 'create', query({ ...room, attendeePW: 'canary-a', moderatorPW: 'canary-m' }))
    const shown = [...(fake.meeting('room-1')?.parameters ?? [])].flat().join(' ')
    expect(shown).not.toMatch(new RegExp(`canary|checksum|${secret}`))
  })
})
