import { describe, expect, test } from 'vitest'
import { answer, SECRET, terminal } from './support.ts'

const ID = '183f0bf3a0982a127bdb8161e0c44eb696b3e75c-1763802000000'

describe('meetings', () => {
  test('create, list, info, end', async () => {
    const { bbb, fake } = terminal()
    expect(await bbb('list')).toEqual({ code: 0, out: 'No meeting is open.\n', err: '' })
    const created = await bbb(['create', 'algebra', '--name', 'Algebra & more', '--record', '--duration', '90'])
    expect(created).toMatchObject({ code: 0, err: '' })
    expect(created.out).toMatch(/^meetingID {10}algebra\n/)
    expect(created.out).toMatch(/ends after {9}90 minutes\n/)
    expect((await bbb('create algebra')).out).toMatch(/was there already {2}yes/)
    fake.simulate.join('algebra', { fullName: 'Ada', role: 'MODERATOR', userID: 'u1' })
    expect((await bbb('list')).out).toMatch(
      /^MEETING {2}NAME {12}PEOPLE {2}MODERATORS {2}MAY RECORD {2}SINCE\nalgebra {2}Algebra & more {7}1 {11}1 {2}yes/,
    )
    expect((await bbb('info algebra')).out).toMatch(/Ada {3}MODERATOR {2}u1 {4}yes/)
    expect(await bbb('end algebra --yes')).toEqual({ code: 0, out: 'algebra ends now.\n', err: '' })
    expect(await bbb('end algebra --yes')).toMatchObject({ code: 1, out: '', err: /^bbb: there is no meeting algebra/ })
    expect(await bbb('info algebra')).toMatchObject({ code: 1, err: /^bbb: there is no meeting algebra/ })
  })

  test('create takes metadata, documents, policy, and parameters it does not know', async () => {
    const { bbb, fake } = terminal()
    const words = 'create algebra --meta course=101 --meta term=a=b --guest-policy ask_moderator --max-participants 30'
    expect(await bbb(`${words} --presentation https://example.org/a.pdf --param newThing=1`)).toMatchObject({ code: 0 })
    expect([...(fake.meeting('algebra')?.metadata ?? [])]).toEqual([
      ['course', '101'],
      ['term', 'a=b'],
    ])
    expect(await bbb('create algebra --guest-policy nobody')).toMatchObject({ code: 2, err: /ALWAYS_DENY/ })
    expect(await bbb('create algebra --meta course')).toMatchObject({ code: 2, err: /name=value/ })
    expect(await bbb('create algebra --duration 1e3')).toMatchObject({ code: 2, err: /whole number/ })
    expect(await bbb('create a,b')).toMatchObject({ code: 2, err: /^bbb: create: meetingID/ })
    expect(await bbb('create algebra --param role=MODERATOR')).toMatchObject({ code: 2, err: /role/ })
  })

  test('T9 join-url gives one link, made now and for this run of the meeting', async () => {
    const { bbb, fake } = terminal()
    expect(await bbb('join-url algebra --name Ada --role moderator')).toMatchObject({ code: 1, out: '' })
    await bbb('create algebra')
    const words = ['join-url', 'algebra', '--name', 'Ada Lovelace', '--role', 'Moderator', '--user-id', 'u1']
    const { out, code } = await bbb([...words, '--userdata', 'bbb_auto_join_audio=true'])
    expect(code).toBe(0)
    expect(out).toMatch(
      /^https:\/\/bbb\.example\.org\/bigbluebutton\/api\/join\?.*role=MODERATOR.*createTime=\d{13}.*\n$/,
    )
    const answer = await fake.handle({ method: 'GET', target: out.trim(), headers: {} })
    expect(answer.headers.location).toContain('sessionToken=')
    expect(JSON.parse((await bbb([...words, '--json'])).out)).toEqual({
      url: expect.stringContaining('role=MODERATOR'),
    })
    const unchecked = await bbb('join-url nobody-made-it --name Ada --role viewer --no-check')
    expect(unchecked.out).not.toContain('createTime')
    expect(await bbb('join-url algebra --name Ada --role boss')).toMatchObject({ code: 2, err: /moderator or viewer/ })
  })
})

describe('recordings and captions', () => {
  test('list, publish, unpublish, delete', async () => {
    const { bbb, fake } = terminal()
    expect((await bbb('recordings list')).out).toBe('No recording matches.\n')
    const startTime = Date.UTC(2026, 10, 20, 9)
    const recordID = fake.simulate.addRecording({
      meetingID: 'algebra',
      name: 'Algebra',
      startTime,
      endTime: startTime + 3_600_000,
      metadata: { course: '101' },
    })
    const { out } = await bbb('recordings list --meeting algebra,physics --meta course=101')
    expect(out).toContain(recordID)
    expect(out).toMatch(/published {2}2026-11-20 09:00Z {7}60/)
    expect(await bbb(`recordings unpublish ${recordID}`)).toMatchObject({ code: 0, out: '1 recording unpublished.\n' })
    expect((await bbb('recordings list --state unpublished')).out).toContain(recordID)
    expect(await bbb(`recordings publish ${recordID}`)).toMatchObject({ code: 0 })
    expect(await bbb('recordings list --state nonsense')).toMatchObject({ code: 2, err: /published/ })
    expect(JSON.parse((await bbb('recordings list --state any --json')).out)).toMatchObject([{ recordID }])
    expect(await bbb(`recordings delete ${recordID} --yes`)).toMatchObject({ code: 0, out: '1 recording deleted.\n' })
    expect(await bbb(`recordings delete ${recordID} --yes`)).toMatchObject({ code: 1, err: /notFound/ })
    expect(await bbb('recordings publish')).toMatchObject({ code: 2, err: /missing required argument/ })
  })

  test('tracks list and put', async () => {
    const { bbb, fake } = terminal()
    const recordID = fake.simulate.addRecording({
      meetingID: 'algebra',
      textTracks: [{ lang: 'en-US', kind: 'subtitles', label: 'English', source: 'upload', content: 'WEBVTT\n' }],
    })
    expect((await bbb(`tracks list ${recordID}`)).out).toMatch(/^LANGUAGE {2}KIND {7}LABEL {4}SOURCE\nen-US/)
    const put = await bbb([
      'tracks',
      'put',
      recordID,
      '/tmp/my "odd" näme.srt',
      '--lang',
      'de-DE',
      '--label',
      'Deutsch',
    ])
    expect(put).toMatchObject({ code: 0, err: '' })
    const broken = { readFile: () => Promise.reject(new Error('ENOENT')) }
    expect(await bbb(`tracks put ${recordID} gone.vtt --lang en`, broken)).toMatchObject({
      code: 2,
      err: /gone\.vtt cannot be read/,
    })
    expect(await bbb(`tracks put ${recordID} a.vtt --lang en --kind songs`)).toMatchObject({ code: 2 })
    expect(await bbb(`tracks list ${ID}`)).toMatchObject({ code: 1, err: /noRecordings/ })
  })
})

describe('hooks', () => {
  test('list, ensure, destroy, ping', async () => {
    const { bbb } = terminal()
    expect((await bbb('hooks list')).out).toBe('No hook is registered.\n')
    const ensure = 'hooks ensure https://lms.example.org/bbb --event user-joined,user-left'
    expect((await bbb(ensure)).out).toMatch(/registered now/)
    expect((await bbb(ensure)).out).toMatch(/registered as wanted/)
    expect((await bbb('hooks ensure https://lms.example.org/bbb')).out).toMatch(/made anew\.\ndiffered {2}eventID/)
    const [hook] = JSON.parse((await bbb('hooks list --json')).out)
    expect((await bbb('hooks list')).out).toContain(`${hook.hookID}  https://lms.example.org/bbb  all`)
    expect(await bbb(`hooks destroy ${hook.hookID}`)).toMatchObject({ code: 0 })
    expect(await bbb(`hooks destroy ${hook.hookID}`)).toMatchObject({ code: 1, err: /there is no hook/ })
    expect(await bbb('hooks ping')).toEqual({ code: 0, out: 'bbb-webhooks answers.\n', err: '' })
    expect(await bbb('hooks ensure not-a-url')).toMatchObject({ code: 2 })
  })

  test('a hook of the server’s configuration is said to be out of reach', async () => {
    const { bbb } = terminal({ webhooks: { permanentUrls: ['https://lms.example.org/bbb'] } })
    const ensured = await bbb('hooks ensure https://lms.example.org/bbb --event user-joined')
    expect(ensured).toMatchObject({ code: 1, out: /no call can change that/ })
  })

  test('a server without bbb-webhooks', async () => {
    const { bbb } = terminal({ webhooks: false })
    expect(await bbb('hooks ping')).toMatchObject({ code: 1, err: /404/ })
  })
})

describe('what cannot be undone is confirmed', () => {
  test('without a person, only by --yes', async () => {
    const { bbb, fake } = terminal()
    await bbb('create algebra')
    expect(await bbb('end algebra')).toMatchObject({ code: 2, err: /--yes/ })
    expect(fake.meeting('algebra')).toBeDefined()
    expect(await bbb(`recordings delete ${ID}`)).toMatchObject({ code: 2, err: /--yes/ })
  })

  test('by the word that is asked for, and by no other', async () => {
    const { bbb, fake } = terminal()
    await bbb('create algebra')
    const asked: string[] = []
    const says = (word: string) => ({
      ask: async (question: string) => {
        asked.push(question)
        return word
      },
    })
    expect(await bbb('end algebra', says('y'))).toMatchObject({ code: 1, err: /nothing was done/ })
    expect(fake.meeting('algebra')).toBeDefined()
    expect(await bbb('end algebra', says(' algebra '))).toMatchObject({ code: 0 })
    expect(fake.meeting('algebra')).toBeUndefined()
    expect(asked).toEqual(Array(2).fill('This ends algebra for everybody in it. Type algebra to go on: '))
    expect(await bbb(`recordings delete ${ID}`, says('yes'))).toMatchObject({ code: 1 })
  })
})

describe('T24 no secret is shown', () => {
  const EVERYTHING = [
    'list',
    'info algebra',
    'create algebra',
    'recordings list',
    `recordings publish ${ID}`,
    `tracks list ${ID}`,
    'hooks list',
    'hooks ensure http://127.0.0.1:1/bbb',
    'hooks ping',
    'doctor',
    'end algebra --yes',
    'create a,b',
  ]
  const spellings = [SECRET, encodeURIComponent(SECRET), JSON.stringify(SECRET).slice(1, -1), btoa(SECRET)]

  test.each([[''], [' --json'], [' --verbose']])('by any command%s, done or failed', async flag => {
    const { bbb, fake } = terminal()
    const { BbbClient } = await import('bbb-client')
    const fetch = (url: string, init: Parameters<typeof answer>[2]) => answer(fake, url, init)
    const endCallbackUrl = 'https://127.0.0.1:1/token-of-callback'
    await new BbbClient({ url: 'https://bbb.example.org', secret: SECRET, fetch }).create({
      meetingID: 'algebra',
      name: 'Algebra',
      privileged: { endCallbackUrl },
    })
    expect(fake.meeting('algebra')?.metadata.get('endcallbackurl')).toBe(endCallbackUrl)
    for (const words of EVERYTHING) {
      const { out, err } = await bbb(words + flag)
      const text = out + err
      expect(spellings.filter(spelling => text.includes(spelling))).toEqual([])
      expect(text).not.toMatch(/checksum=|token-of-callback/)
    }
    const wrong = { env: { BBB_SERVER_URL: 'https://bbb.example.org', BBB_SHARED_SECRET: `${SECRET}-wrong` } }
    for (const words of EVERYTHING) {
      const { out, err } = await bbb(words + flag, wrong)
      expect(spellings.filter(spelling => (out + err).includes(spelling))).toEqual([])
    }
  })

  test('passwords of a meeting are hidden in JSON, and said to be', async () => {
    const { bbb } = terminal()
    await bbb('create algebra')
    const info = JSON.parse((await bbb('info algebra --json')).out)
    expect(info).toMatchObject({ attendeePW: '[hidden]', moderatorPW: '[hidden]', meetingID: 'algebra' })
    const created = JSON.parse((await bbb('create algebra --json')).out)
    expect(created).toMatchObject({ attendeePW: '[hidden]', moderatorPW: '[hidden]' })
  })
})

describe('T51 text of strangers', () => {
  test('cannot move the cursor, colour the terminal or turn the direction, in tables and in JSON', async () => {
    const { bbb, fake } = terminal()
    await bbb(['create', 'algebra'])
    const evil = 'Eve\u009b31m\u202eadA\u200b\ttab'
    fake.simulate.join('algebra', { fullName: evil, role: 'VIEWER', userID: 'e' })
    for (const words of ['info algebra', 'info algebra --json', 'list --json']) {
      expect((await bbb(words)).out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e]/)
    }
    expect(JSON.parse((await bbb('info algebra --json')).out).attendees[0].fullName).toContain('Eve')
  })

  test('is made visible where it is XML’s own to refuse too', async () => {
    const { visible } = await import('../../src/cli/output.ts')
    expect(visible('a\u001b[2J\u0007\u202eb')).toBe('a\ufffd[2J\ufffd\ufffdb')
    expect(visible('one\r\ntwo\u2028three')).toBe('one two three')
    expect(visible('می\u200cخواهم 👩\u200d👧')).toBe('می\u200cخواهم 👩\u200d👧')
  })

  test('wide and combined characters keep the columns', async () => {
    const { table } = await import('../../src/cli/output.ts')
    const text = table(
      ['NAME', 'N'],
      [
        ['李雷', 1],
        ['e\u0301a', 22],
        ['👩‍👩‍👧', 3],
      ],
    )
    expect(text).toBe('NAME   N\n李雷   1\ne\u0301a    22\n👩‍👩‍👧     3\n')
  })
})
