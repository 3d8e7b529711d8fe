import { type BbbClient, BbbError, BbbParamError } from 'bbb-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusal } from '../support/outcome.ts'
import { respond, success, type TestServer, testServer } from '../support/server.ts'
import { readQuery } from '../support/server-models.ts'

/** Lets a test give what types forbid, as callers without types do. */
const untyped = (value: unknown): never => value as never

let server: TestServer
let client: BbbClient
beforeAll(async () => {
  server = await testServer()
  server.answer((_request, response) =>
    respond(response, success('<meetingID>m</meetingID><createTime>1</createTime>')),
  )
  client = server.client()
})
afterAll(() => server.close())

const base = { meetingID: 'room', name: 'Room' }
const person = { meetingID: 'room', fullName: 'Ada', role: 'VIEWER' as const }

async function refused(act: () => unknown, message?: RegExp): Promise<void> {
  const before = server.targets.length
  const error = await refusal(act)
  expect(error).toBeInstanceOf(BbbParamError)
  expect(error).toMatchObject({ code: 'BBB_PARAM_INVALID', outcome: 'not-sent', attempts: 0, retryable: false })
  if (message !== undefined) expect(String(error)).toMatch(message)
  expect(server.targets).toHaveLength(before)
}

describe('T3 control characters', () => {
  const controls = [...Array.from({ length: 32 }, (_, i) => i), ...Array.from({ length: 33 }, (_, i) => 0x7f + i)]
  const places = (control: string): readonly string[] => [`${control}ab`, `a${control}b`, `ab${control}`]

  it.each(controls.map(code => [`U+${code.toString(16).padStart(4, '0')}`, String.fromCharCode(code)]))(
    '%s is refused in values and keys, wherever it stands',
    async (_name, control) => {
      for (const text of places(control)) {
        await refused(() => client.create({ ...base, name: text }))
        await refused(() => client.create({ ...base, meetingID: text }))
        await refused(() => client.create({ ...base, meta: { title: text } }))
        await refused(() => client.create({ ...base, meta: { [text]: 'x' } }))
        await refused(() => client.create({ ...base, extra: { [text]: 'x' } }))
        await refused(() => client.joinUrl({ ...person, fullName: text }))
        await refused(() => client.joinUrl({ ...person, userdata: { bbb_title: text } }))
        await refused(() => client.getRecordings({ recordID: [text] }))
        await refused(() => client.call('newCall', { name: text }))
      }
    },
  )

  it('line ends and tabs of a welcome text become <br> and blanks', async () => {
    const before = server.targets.length
    await client.create({ ...base, welcome: 'one\r\ntwo\nthree\rfour\u0085five\tsix' })
    const query = server.targets[before]?.split('?')[1] ?? ''
    expect(readQuery(query).parameters.get('welcome')).toBe('one<br>two<br>three<br>four<br>five six')
    await refused(() => client.create({ ...base, welcome: 'a\u0000b' }))
    await refused(() => client.create({ ...base, welcome: 'a\u000bb' }))
  })

  it.each(['\ufffe', '\uffff'])('T21 a code point that no XML answer can give back is refused', async text => {
    await refused(() => client.create({ ...base, name: `ab${text}` }))
  })

  it.each(['\ud800', 'a\udfff', '\udc00\ud800'])('T21 half a surrogate pair is refused', async text => {
    await refused(() => client.create({ ...base, name: `ab${text}` }), /surrogate/)
    await refused(() => client.joinUrl({ ...person, fullName: text }))
  })
})

describe('T4 one text per name', () => {
  it.each<[string, unknown]>([
    ['an array', ['a', 'b']],
    ['an object', { a: 1 }],
    ['a function', () => 'x'],
    ['a symbol', Symbol('x')],
    ['a number', 5],
    ['NaN', Number.NaN],
    ['a bigint', 5n],
    ['a Date', new Date(0)],
    ['a String object', new String('x')],
    ['null', null],
    ['true', true],
  ])('%s is no text', async (_kind, value) => {
    await refused(() => client.create({ ...base, name: untyped(value) }))
    await refused(() => client.create({ ...base, meta: untyped({ title: value }) }))
    await refused(() => client.joinUrl({ ...person, userID: untyped(value) }))
    await refused(() => client.call('newCall', untyped({ a: value })))
    await refused(() => client.hooks.create({ callbackURL: untyped(value) }))
    await refused(() =>
      client.putRecordingTextTrack(untyped({ recordID: 'r', kind: 'captions', lang: value, file: new Uint8Array(1) })),
    )
  })

  it.each<[string, unknown]>([
    ['a string', '5'],
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['negative', -1],
    ['a fraction', 1.5],
    ['written with an exponent', 1e21],
    ['too large for the server', 2 ** 31],
    ['null', null],
    ['a list', [5]],
  ])('a number that is %s is refused', async (_kind, value) => {
    await refused(() => client.create({ ...base, duration: untyped(value) }))
    await refused(() => client.getRecordings({ offset: untyped(value) }))
  })

  it.each<[string, unknown]>([
    ['"true"', 'true'],
    ['1', 1],
    ['null', null],
    ['a list', [true]],
  ])('a flag that is %s is refused', async (_kind, value) => {
    await refused(() => client.create({ ...base, record: untyped(value) }))
    await refused(() => client.publishRecordings({ recordID: 'r', publish: untyped(value) }))
  })

  it.each<[string, unknown]>([
    ['a Date', new Date(0)],
    ['URLSearchParams', new URLSearchParams('a=1')],
    ['a list of pairs', [['a', '1']]],
    [
      'a class instance',
      new (class Settings {
        topic = 'Algebra'
      })(),
    ],
    ['text', 'a=1'],
    ['null', null],
    ['a Map with a number as key', new Map([[1, 'x']])],
    ['an object with a symbol as key', { [Symbol('a')]: 'x' }],
  ])('%s is no map, and does not vanish', async (_kind, value) => {
    await refused(() => client.create({ ...base, meta: untyped(value) }))
    await refused(() => client.create({ ...base, extra: untyped(value) }))
    await refused(() => client.joinUrl({ ...person, userdata: untyped(value) }))
    await refused(() => client.call('newCall', untyped(value)))
  })

  it('keys that are one key in other letters are refused', async () => {
    await refused(() => client.create({ ...base, meta: { Title: '1', title: '2' } }), /twice/)
    await refused(() => client.create({ ...base, extra: { newOne: '1', NEWONE: '2' } }), /twice/)
    await refused(() => client.joinUrl({ ...person, userdata: { bbb_x: '1', BBB_X: '2' } }), /twice/)
    await refused(() => client.create({ ...base, welcome: 'a', privileged: { welcomeHtml: 'b' } }), /welcome/)
  })

  it.each([undefined, null, 'text', 5, [], () => {}])(
    'parameters that are %s are refused with a typed error',
    async params => {
      for (const act of [
        () => client.create(untyped(params)),
        () => client.joinUrl(untyped(params)),
        () => client.getMeetingInfo(untyped(params)),
        () => client.insertDocument(untyped(params)),
        () => client.hooks.create(untyped(params)),
        () => client.putRecordingTextTrack(untyped(params)),
      ])
        await refused(act)
    },
  )

  it('a misspelt parameter does not vanish', async () => {
    await refused(() => client.create(untyped({ ...base, recrod: true })), /recrod/)
    await refused(
      () => client.create(untyped({ ...base, privileged: { logoutUrl: 'https://x.example' } })),
      /logoutUrl/,
    )
    await refused(
      () => client.create(untyped({ ...base, presentations: [{ url: 'https://x.example/a.pdf', fileName: 'a.pdf' }] })),
      /fileName/,
    )
    await refused(() => client.create(untyped({ ...base, groups: [{ id: '1', roster: [], color: 'red' }] })), /color/)
  })

  it('undefined is as good as left out', async () => {
    const before = server.targets.length
    await client.create({ ...base, record: undefined, meta: undefined, privileged: { logo: undefined } })
    expect(server.targets[before]).toMatch(/create\?meetingID=room&name=Room&checksum=/)
  })

  it('nothing inherited is sent', async () => {
    const before = server.targets.length
    await client.create(Object.assign(Object.create({ record: true, attendeePW: 'inherited' }), base))
    await client.create({ ...base, meta: Object.assign(Object.create(null), { own: '1' }) })
    expect(server.targets[before]).toMatch(/create\?meetingID=room&name=Room&checksum=/)
    expect(server.targets[before + 1]).toContain('&meta_own=1&')
    await refused(() => client.create(Object.create(base)), /meetingID is required/)
  })
})

describe('lists, documents and other things with a form of their own', () => {
  it('an empty list of ids never means all', async () => {
    await refused(() => client.getRecordings({ meetingID: [] }), /for all/)
    await refused(() => client.getRecordings({ recordID: '' }), /for all/)
    await refused(() => client.getRecordings({ recordID: ['a', ' '] }), /for all/)
    await refused(() => client.deleteRecordings({ recordID: [] }), /for all/)
    await refused(() => client.publishRecordings({ recordID: [''], publish: false }), /for all/)
    await refused(() => client.getRecordings({ meta: { title: '' } }), /empty/)
    await refused(() => client.getRecordings({ recordID: 'a,b' }), /comma/)
  })

  it.each<[string, unknown]>([
    ['no list', { url: 'https://x.example/a.pdf' }],
    ['an entry that is nothing', [null]],
    ['an entry that is text', ['https://x.example/a.pdf']],
    ['neither url nor content', [{ name: 'a.pdf' }]],
    ['content without name', [{ content: new Uint8Array(1) }]],
    ['empty content', [{ name: 'a.pdf', content: new Uint8Array() }]],
    ['content that is text', [{ name: 'a.pdf', content: 'JVBERi0=' }]],
    ['content and url', [{ name: 'a.pdf', content: new Uint8Array(1), url: 'https://x.example/a.pdf' }]],
    ['a name without extension', [{ name: 'slides', content: new Uint8Array(1) }]],
    ['a name with a path', [{ name: '../../a.pdf', content: new Uint8Array(1) }]],
    ['a name with a control character', [{ name: 'a\u0001.pdf', content: new Uint8Array(1) }]],
    ['a url without extension and no filename', [{ url: 'https://x.example/slides' }]],
    ['a url that is no URL', [{ url: 'slides.pdf' }]],
    ['a url with a control character', [{ url: 'https://x.example/\u0001.pdf' }]],
    ['half a surrogate pair in a url', [{ url: 'https://x.example/\ud800.pdf' }]],
    ['a flag that is text', [{ url: 'https://x.example/a.pdf', current: 'true' }]],
  ])('documents: %s is refused', async (_what, presentations) => {
    await refused(() => client.create({ ...base, presentations: untyped(presentations) }))
    await refused(() => client.insertDocument({ meetingID: 'room', presentations: untyped(presentations) }))
  })

  it('insertDocument without documents is refused', () =>
    refused(() => client.insertDocument({ meetingID: 'room', presentations: [] }), /empty/))

  it.each<[string, unknown]>([
    ['no list', { id: '1', roster: [] }],
    ['no id', [{ roster: [] }]],
    ['no roster', [{ id: '1' }]],
    ['a roster of numbers', [{ id: '1', roster: [5] }]],
    ['a name with half a surrogate pair', [{ id: '1', name: '\ud800', roster: [] }]],
  ])('groups: %s is refused, because the server would fail on it', async (_what, groups) => {
    await refused(() => client.create({ ...base, groups: untyped(groups) }))
  })

  it('what has no JSON form is refused', async () => {
    const circle: Record<string, unknown> = {}
    circle.self = circle
    await refused(() => client.create({ ...base, privileged: { clientSettingsOverride: circle } }), /JSON/)
    await refused(() => client.create({ ...base, privileged: { clientSettingsOverride: { big: 5n } } }), /JSON/)
    await refused(() => client.create({ ...base, privileged: { clientSettingsOverride: untyped([1]) } }), /object/)
  })

  it.each<[string, unknown]>([
    ['no bytes', 'WEBVTT'],
    ['an empty file', new Uint8Array()],
    ['nothing', undefined],
  ])('a text track of %s is refused', async (_what, file) => {
    await refused(() =>
      client.putRecordingTextTrack({ recordID: 'r', kind: 'captions', lang: 'en', file: untyped(file) }),
    )
  })

  it.each(['a\r\nb.vtt', 'a"b.vtt', '../a.vtt', ''])('the file name %j is refused', async filename => {
    await refused(() =>
      client.putRecordingTextTrack({ recordID: 'r', kind: 'captions', lang: 'en', file: new Uint8Array(1), filename }),
    )
  })

  it.each([
    'http://user:pass@lms.example/cb',
    'https://lms.example/cb#part',
    'ftp://lms.example/cb',
    'https://LMS.example/cb',
    'https://lms.example',
    'https://lms.example/cb?checksum=1',
    'no url',
  ])('the callback URL %s is refused', async callbackURL => {
    await refused(() => client.hooks.create({ callbackURL }))
  })

  it.each([
    ['one letter', 'a'],
    ['257 letters', 'a'.repeat(257)],
    ['a comma', 'a,b'],
    ['blanks at the ends', ' room '],
    ['nothing', ''],
  ])('a meetingID with %s is refused', async (_what, meetingID) => {
    await refused(() => client.isMeetingRunning({ meetingID }))
  })

  it('a breakout room needs its parent and its number', async () => {
    await refused(() => client.create({ ...base, isBreakout: true }), /parentMeetingID/)
    await refused(() => client.create({ ...base, isBreakout: true, parentMeetingID: 'room' }), /sequence/)
    const before = server.targets.length
    await client.create({ ...base, isBreakout: false })
    await client.create({ ...base, isBreakout: true, parentMeetingID: 'parent', sequence: 1 })
    expect(server.targets[before]).not.toContain('isBreakout')
    expect(server.targets[before + 1]).toContain(
      'isBreakout=true&parentMeetingID=parent&parentIdMeetingId=parent&sequence=1',
    )
  })

  it('what is unwise is said once, and never with the value', async () => {
    const said: string[] = []
    const warned = server.client({ onWarning: message => said.push(message) })
    for (let i = 0; i < 3; i++) {
      await warned.isMeetingRunning({ meetingID: 'abc123' }).catch(() => {})
      await warned.create({ ...base, name: 'two  blanks' })
    }
    expect(said).toHaveLength(2)
    expect(said.join()).not.toMatch(/abc123|two {2}blanks/)
  })

  it('every refusal is one line that names the call and the parameter, and not the value', async () => {
    for (const [act, names] of [
      [() => client.create({ ...base, name: 'x' }), /^create: name /],
      [() => client.create({ ...base, attendeePW: 'very-secret\n' }), /^create: attendeePW /],
      [() => client.getRecordings({ recordID: ['ok', 'hidden,value'] }), /^getRecordings: recordID\[1\] /],
      [() => client.joinUrl({ ...person, userdata: { bbb_x: 'hidden\0' } }), /^join: userdata\[bbb_x\] /],
    ] as const) {
      const error = await refusal(act)
      expect(error).toBeInstanceOf(BbbError)
      const { message } = error as Error
      expect(message).toMatch(names)
      expect(message).not.toMatch(/very-secret|hidden|\n/)
    }
  })
})
