import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Answer, ask, conformanceData, newFake, query, send, signedTarget } from './support.ts'

const minute = 60_000

async function withRoom(parameters: Record<string, string | number> = {}, options: Parameters<typeof newFake>[0] = {}) {
  const { fake, clock } = newFake(options)
  const all = { meetingID: 'room-1', name: 'Algebra', attendeePW: 'ap', moderatorPW: 'mp', ...parameters }
  await ask(fake, 'create', query(all))
  const info = () => ask(fake, 'getMeetingInfo', 'meetingID=room-1')
  return { fake, clock, info }
}

describe('index', () => {
  it.each([
    ['2.6', false, ['version', 'apiVersion', 'bbbVersion']],
    ['3.0', false, ['version', 'apiVersion', 'bbbVersion', 'graphqlWebsocketUrl', 'graphqlApiUrl']],
  ])('of %s tells no release unless told to', async (version, revealVersion, names) => {
    const { fake } = newFake({ version, revealVersion })
    for (const path of ['/bigbluebutton/api', '/bigbluebutton/api/']) {
      const answer = await send(fake, path)
      expect([...answer.body.matchAll(/<(\w+)>/g)].map(match => match[1])).toEqual(['response', 'returncode', ...names])
      expect(answer.text('bbbVersion')).toBe('')
    }
  })

  it('T23 reveals the release when the administrator allows it', async () => {
    for (const [version, shown] of [
      ['2.4', '2.4.9'],
      ['3.0.22', '3.0.22'],
    ] as const) {
      const { fake } = newFake({ version, revealVersion: true })
      expect((await send(fake, '/bigbluebutton/api')).text('bbbVersion')).toBe(shown)
    }
  })

  it('answers JSON to a request that says it is JSON itself', async () => {
    const { fake } = newFake()
    const { body } = await send(fake, '/bigbluebutton/api', { contentType: 'application/json' })
    expect(JSON.parse(body).response.returncode).toBe('SUCCESS')
  })

  it.each(['1.1', '3.1', 'latest', '3.0.x', ''])('refuses the release %j', version => {
    expect(() => newFake({ version })).toThrow(TypeError)
  })
})

describe('calls about meetings', () => {
  it.each<[string, string, string]>([
    ['getMeetingInfo', 'meetingID=none', 'notFound'],
    ['getMeetingInfo', '', 'notFound'],
    ['getMeetingInfo', 'meetingID=x', 'notFound'],
    ['end', 'meetingID=none&password=mp', 'notFound'],
    ['end', 'meetingID=none&password=m', 'invalidPassword'],
    ['isMeetingRunning', '', 'missingParamMeetingID'],
    ['isMeetingRunning', 'meetingID=x', 'sizeError'],
    ['isMeetingRunning', 'meetingID=a%2Cb', 'validationError'],
    ['sendChatMessage', 'meetingID=room-1', 'nullError'],
    ['sendChatMessage', 'meetingID=room-1&message=', 'sizeError'],
    ['sendChatMessage', `meetingID=room-1&message=${'a'.repeat(501)}`, 'sizeError'],
    ['sendChatMessage', `meetingID=room-1&message=a&userName=${'a'.repeat(256)}`, 'sizeError'],
    ['sendChatMessage', 'meetingID=none&message=hello', 'meetingNotFound'],
    ['sendChatMessage', 'meetingID=room-1&message=hello', 'meetingNotFound'],
  ])('%s?%s is %s', async (call, text, key) => {
    const { fake } = await withRoom()
    const answer = await ask(fake, call, text)
    expect([answer.returncode, answer.messageKey]).toEqual(['FAILED', key])
  })

  it('empty lists are successes with a key', async () => {
    const { fake } = newFake()
    expect((await ask(fake, 'getMeetings')).body).toBe(
      '<response>\n<returncode>SUCCESS</returncode>\n<meetings/>\n<messageKey>noMeetings</messageKey>\n<message>no meetings were found on this server</message>\n</response>',
    )
    expect((await ask(fake, 'getSessions')).messageKey).toBe('noSessions')
  })

  it('finds by internal id and by its beginning, so that a short hex id can hit a foreign meeting', async () => {
    const { fake, info } = await withRoom()
    const internal = (await info()).text('internalMeetingID') ?? ''
    for (const id of [internal, internal.slice(0, 40), internal.slice(0, 2)]) {
      expect((await ask(fake, 'getMeetingInfo', query({ meetingID: id }))).text('meetingID')).toBe('room-1')
    }
  })

  it('a chat message from the server reaches the room', async () => {
    const { fake } = await withRoom()
    fake.simulate.join('room-1', { fullName: 'Ada' })
    const answer = await ask(fake, 'sendChatMessage', 'meetingID=room-1&message=Five+minutes%21&userName=Office')
    expect([answer.returncode, answer.messageKey]).toEqual(['SUCCESS', ''])
    expect(fake.meeting('room-1')?.chat).toEqual([{ name: 'Office', text: 'Five minutes!' }])
    expect((await ask(fake, 'sendChatMessage', 'message=hello')).status).toBe(500)
  })

  it('inserts documents, and answers without a key', async () => {
    const { fake } = await withRoom()
    const body = '<modules><module name="presentation"><document url="https://x.test/a.pdf"/></module></modules>'
    const init = { method: 'POST', body, contentType: 'application/xml' }
    const answer = await ask(fake, 'insertDocument', 'meetingID=room-1', init)
    expect(answer.body).toBe(
      '<response>\n<returncode>SUCCESS</returncode>\n<message>Presentation is being uploaded</message>\n</response>',
    )
    expect(fake.meeting('room-1')?.documents.map(({ name }) => name)).toEqual(['a.pdf'])
    const unknown = await ask(fake, 'insertDocument', 'meetingID=none', init)
    expect([unknown.returncode, unknown.messageKey, unknown.text('message')]).toEqual([
      'FAILED',
      undefined,
      'Meeting with id [none] not found.',
    ])
    const empty = await ask(fake, 'insertDocument', 'meetingID=room-1', { ...init, body: '<modules></modules>' })
    expect([empty.status, empty.body]).toEqual([200, ''])
    const form = { ...init, contentType: 'application/x-www-form-urlencoded' }
    expect((await ask(fake, 'insertDocument', 'meetingID=room-1', form)).messageKey).toBe('unsupportedContentType')
  })

  it.each<[string, string, string, number]>([
    ['join', 'POST', '3.0', 404],
    ['join', 'POST', '2.6', 302],
    ['publishRecordings', 'POST', '3.0', 404],
    ['sendChatMessage', 'GET', '2.7', 404],
    ['insertDocument', 'POST', '2.4', 404],
    ['insertDocument', 'GET', '3.0', 404],
    ['getMeetings', 'POST', '3.0', 200],
    ['getmeetings', 'GET', '3.0', 404],
    ['constructor', 'GET', '3.0', 404],
    ['setConfigXML', 'POST', '2.6', 404],
  ])('%s by %s on %s: HTTP %i', async (call, method, version, status) => {
    const { fake } = newFake({ version })
    const answer = await ask(fake, call, 'fullName=A', { method })
    expect(answer.status).toBe(status)
    if (status === 404) expect(answer.body).toMatch(/^<!doctype html>/)
  })

  it('groups the counts of getMeetings before 3.0', async () => {
    for (const [version, shown] of [
      ['2.6', '1,001'],
      ['3.0', '1001'],
    ] as const) {
      const { fake, info } = await withRoom({}, { version })
      for (let count = 0; count < 1_001; count++) fake.simulate.join('room-1', { fullName: `P${count}` })
      expect((await ask(fake, 'getMeetings')).text('participantCount')).toBe(shown)
      expect((await info()).text('participantCount')).toBe('1001')
    }
  })

  it('an empty meeting is not running, and nobody is in it', async () => {
    const { info } = await withRoom()
    const answer = await info()
    const shown = ['running', 'hasUserJoined', 'startTime', 'endTime', 'participantCount'].map(name =>
      answer.text(name),
    )
    expect(shown).toEqual(['false', 'false', '0', '0', '0'])
    expect(answer.body).toContain('<attendees>\n</attendees>\n<metadata>\n</metadata>')
  })

  it('takes the absolute form of a target, and its origin for links', async () => {
    const { fake } = await withRoom()
    const target = signedTarget('join', 'meetingID=room-1&fullName=Ada&role=VIEWER')
    const { headers } = await send(fake, `https://bbb.school.test${target}`)
    expect(headers.location?.startsWith('https://bbb.school.test/html5client/join?sessionToken=')).toBe(true)
  })

  it('getMeetings lists who has left, getMeetingInfo does not', async () => {
    const { fake, info } = await withRoom()
    const session = fake.simulate.join('room-1', { fullName: 'Ada', userID: 'u-1' })
    fake.simulate.join('room-1', { fullName: 'Bob', userID: 'u-2' })
    fake.simulate.leave(session)
    expect((await info()).all('userID')).toEqual(['u-2'])
    const all = await ask(fake, 'getMeetings')
    expect([all.all('userID'), all.text('participantCount')]).toEqual([['u-1', 'u-2'], '1'])
  })

  it('counts microphones, listeners and cameras', async () => {
    const { fake, info } = await withRoom()
    const [ada, bob, eve, zoe] = ['Ada', 'Bob', 'Eve', 'Zoë'].map(fullName =>
      fake.simulate.join('room-1', { fullName, role: 'MODERATOR' }),
    )
    if (!ada || !bob || !eve || !zoe) throw new Error('four people')
    fake.simulate.talk(ada)
    fake.simulate.joinAudio(bob, true)
    fake.simulate.joinAudio(zoe, true)
    fake.simulate.camera(eve)
    const answer = await info()
    const counts = ['listenerCount', 'voiceParticipantCount', 'videoCount', 'moderatorCount', 'participantCount']
    expect(counts.map(name => answer.text(name))).toEqual(['2', '1', '1', '4', '4'])
    expect(answer.all('isPresenter')).toEqual(['true', 'false', 'false', 'false'])
    expect(answer.all('isListeningOnly')).toEqual(['false', 'true', 'false', 'true'])
    expect(answer.all('hasJoinedVoice')).toEqual(['true', 'false', 'false', 'false'])
    expect(answer.all('hasVideo')).toEqual(['false', 'false', 'true', 'false'])
  })
})

describe('how a meeting ends', () => {
  const running = async (info: () => Promise<Answer>) => (await info()).returncode === 'SUCCESS'

  it('nobody came within five minutes', async () => {
    const { clock, info } = await withRoom()
    await clock.advance(5 * minute - 1)
    expect(await running(info)).toBe(true)
    await clock.advance(1)
    expect(await running(info)).toBe(false)
  })

  it.each([
    [{ meetingExpireIfNoUserJoinedInMinutes: 0 }, 24 * 60, true],
    [{ meetingExpireIfNoUserJoinedInMinutes: 30 }, 29, true],
    [{ meetingExpireIfNoUserJoinedInMinutes: 30 }, 30, false],
    [{ meetingExpireIfNoUserJoinedInMinutes: 'soon' }, 5, false],
  ])('with %o, after %i minutes it is live: %s', async (parameters, minutes, expected) => {
    const { clock, info } = await withRoom(parameters)
    await clock.advance(minutes * minute)
    expect(await running(info)).toBe(expected)
  })

  it('a minute after the last one left, unless somebody comes back', async () => {
    const { fake, clock, info } = await withRoom()
    const session = fake.simulate.join('room-1', { fullName: 'Ada' })
    await clock.advance(60 * minute)
    fake.simulate.leave(session)
    await clock.advance(minute - 1)
    fake.simulate.reconnect(session)
    await clock.advance(10 * minute)
    expect(await running(info)).toBe(true)
    fake.simulate.leave(session)
    await clock.advance(minute)
    expect(await running(info)).toBe(false)
  })

  it('never, with meetingExpireWhenLastUserLeftInMinutes=0', async () => {
    const { fake, clock, info } = await withRoom({ meetingExpireWhenLastUserLeftInMinutes: 0 })
    fake.simulate.leave(fake.simulate.join('room-1', { fullName: 'Ada' }))
    await clock.advance(24 * 60 * minute)
    expect(await running(info)).toBe(true)
  })

  it('when its duration is over', async () => {
    const { fake, clock, info } = await withRoom({ duration: 45 })
    fake.simulate.join('room-1', { fullName: 'Ada' })
    await clock.advance(45 * minute - 1)
    expect(await running(info)).toBe(true)
    await clock.advance(1)
    expect(await running(info)).toBe(false)
  })

  it('a minute after the last moderator left, if asked', async () => {
    const { fake, clock, info } = await withRoom({ endWhenNoModerator: 'true' })
    await ask(fake, 'join', 'meetingID=room-1&fullName=Late&role=MODERATOR')
    fake.simulate.join('room-1', { fullName: 'Ada' })
    await clock.advance(10 * minute)
    const teacher = fake.simulate.join('room-1', { fullName: 'Teacher', role: 'MODERATOR' })
    fake.simulate.leave(teacher)
    await clock.advance(30_000)
    fake.simulate.reconnect(teacher)
    await clock.advance(10 * minute)
    expect(await running(info)).toBe(true)
    fake.simulate.leave(teacher)
    await clock.advance(minute)
    expect(await running(info)).toBe(false)
  })

  it('by end, whatever the password; a second end finds nothing', async () => {
    const { fake, info } = await withRoom()
    expect((await ask(fake, 'end', 'meetingID=room-1&password=wrong')).messageKey).toBe('sentEndMeetingRequest')
    expect(await running(info)).toBe(false)
    expect((await ask(fake, 'end', 'meetingID=room-1&password=mp')).messageKey).toBe('notFound')
  })

  it('a moment after end, where the server takes its time', async () => {
    const { fake, clock, info } = await withRoom({}, { endDelayMs: 500 })
    await ask(fake, 'end', 'meetingID=room-1')
    expect((await info()).text('hasBeenForciblyEnded')).toBe('true')
    expect((await ask(fake, 'end', 'meetingID=room-1')).messageKey).toBe('sentEndMeetingRequest')
    await clock.advance(500)
    expect(await running(info)).toBe(false)
  })
})

/** How to provoke an answer that must be byte for byte the recorded or rendered one. */
const provoked: Readonly<
  Record<string, { version?: string; call?: string; query?: string; target?: string; body?: string }>
> = {
  'errors/checksum-missing.xml': { target: '/bigbluebutton/api/getMeetings' },
  'errors/checksum-validator.xml': { target: '/bigbluebutton/api/getMeetings?checksum=0' },
  'errors/checksum-recordings.xml': { target: '/bigbluebutton/api/getRecordings?checksum=0' },
  'errors/chat-nullError.xml': { call: 'sendChatMessage', query: 'meetingID=room-1' },
  'errors/chat-sizeError.xml': { call: 'sendChatMessage', query: 'meetingID=room-1&message=' },
  'errors/meetingNotFound-chat.xml': { call: 'sendChatMessage', query: 'meetingID=none&message=a' },
  'errors/emptyError-name.xml': { call: 'create', query: 'meetingID=ab&name=' },
  'errors/nullError-name.xml': { call: 'create', query: 'meetingID=ab' },
  'errors/sizeError-name.xml': { call: 'create', query: 'meetingID=ab&name=a' },
  'errors/sizeError-meetingID.xml': { call: 'isMeetingRunning', query: 'meetingID=a' },
  'errors/missingParamMeetingID.xml': { call: 'isMeetingRunning' },
  'errors/idNotUnique.xml': { call: 'create', query: 'meetingID=room-1&name=Algebra&attendeePW=xx&moderatorPW=yy' },
  'errors/invalidPassword-length.xml': { call: 'create', query: 'meetingID=ab&name=ab&attendeePW=a' },
  'errors/errors-list.xml': { call: 'create', query: 'meetingID=ab&name=ab&voiceBridge=77777' },
  'errors/join-params-required-password.xml': { call: 'join', query: 'meetingID=room-1&fullName=A&password=zz' },
  'errors/join-params-required-role.xml': { call: 'join', query: 'meetingID=room-1&fullName=A' },
  'errors/mismatchCreateTimeParam.xml': {
    call: 'join',
    query: 'meetingID=room-1&fullName=A&createTime=1&redirect=false',
  },
  'errors/guestDeniedAccess.xml': { call: 'join', query: 'meetingID=closed&fullName=A&role=VIEWER&redirect=false' },
  'errors/maxParticipantsReached.xml': { call: 'join', query: 'meetingID=full&fullName=A&role=VIEWER&redirect=false' },
  'errors/missingParamPublish.xml': { call: 'publishRecordings', query: 'recordID=a' },
  'errors/missingParamRecordID.xml': { call: 'publishRecordings', query: 'publish=true' },
  'errors/notFound-meeting.xml': { call: 'getMeetingInfo', query: 'meetingID=none' },
  'errors/notFound-recordings.xml': { call: 'deleteRecordings', query: 'recordID=none' },
  'errors/parentMeetingDoesNotExist.xml': {
    call: 'create',
    query: 'meetingID=ab&name=ab&isBreakout=true&parentMeetingID=none',
  },
  'errors/parentMeetingIDMissing.xml': { call: 'create', query: 'meetingID=ab&name=ab&isBreakout=true' },
  'errors/parentMeetingIdMissing-2.6.xml': {
    version: '2.6',
    call: 'create',
    query: 'meetingID=ab&name=ab&isBreakout=true',
  },
  'errors/unsupportedContentType.xml': { call: 'create', query: 'meetingID=ab&name=ab', body: 'x' },
  'errors/validationError-comma.xml': { call: 'create', query: 'meetingID=a%2Cb&name=ab' },
  'errors/validationError-external-upload-url.xml': {
    call: 'create',
    query: 'meetingID=ab&name=ab&presentationUploadExternalUrl=x',
  },
  'errors/validationError-record.xml': { call: 'create', query: 'meetingID=ab&name=ab&record=x' },
  'errors/validationError-voiceBridge.xml': { call: 'create', query: 'meetingID=ab&name=ab&voiceBridge=x' },
  'errors/validationError-whitespace-id.xml': { call: 'create', query: 'meetingID=+ab&name=ab' },
  'end/notFound.xml': { call: 'end', query: 'meetingID=none' },
  'end/success.xml': { call: 'end', query: 'meetingID=room-1' },
  'isMeetingRunning/false.xml': { call: 'isMeetingRunning', query: 'meetingID=none' },
  'isMeetingRunning/true.xml': { call: 'isMeetingRunning', query: 'meetingID=full' },
  'sendChatMessage/success.xml': { call: 'sendChatMessage', query: 'meetingID=full&message=hello' },
  'index/version-2.4.xml': { version: '2.4', target: '/bigbluebutton/api' },
  'hooks/error-checksumError.xml': { target: '/bigbluebutton/api/hooks/list' },
  'hooks/error-missingParamCallbackURL.xml': { call: 'hooks/create' },
  'hooks/error-missingParamHookID.xml': { call: 'hooks/destroy' },
  'hooks/error-destroyMissingHook.xml': { call: 'hooks/destroy', query: 'hookID=none' },
  'hooks/error-listHookError.xml': { call: 'hooks/list', query: 'meetingID=none' },
  'hooks/list-empty.xml': { call: 'hooks/list' },
  'hooks/ping.txt': { target: '/bigbluebutton/api/hooks/ping' },
  'getRecordings/none.xml': { call: 'getRecordings', query: 'meetingID=none' },
}

describe.skipIf(!conformanceData)('answers that are known byte for byte', () => {
  it.each(Object.entries(provoked))('%s', async (file, { version = '3.0', call, query: text = '', target, body }) => {
    const { fake } = newFake({ version })
    await ask(
      fake,
      'create',
      query({ meetingID: 'room-1', name: 'Algebra', attendeePW: 'ap', moderatorPW: 'mp', voiceBridge: 77777 }),
    )
    await ask(fake, 'create', query({ meetingID: 'full', name: 'Full', maxParticipants: 1 }))
    await ask(fake, 'create', query({ meetingID: 'closed', name: 'Closed', guestPolicy: 'ALWAYS_DENY' }))
    fake.simulate.join('full', { fullName: 'Ada' })
    const init = body === undefined ? {} : { method: 'POST', body, contentType: 'text/plain' }
    const answer = await send(fake, target ?? signedTarget(call ?? '', text), init)
    expect(answer.body).toBe(readFileSync(join(conformanceData ?? '', 'bbb/fixtures', file), 'utf8').trimEnd())
  })
})
