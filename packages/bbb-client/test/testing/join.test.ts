import { describe, expect, it } from 'vitest'
import type { FakeBbb } from '../../src/testing/index.ts'
import { type Answer, ask, newFake, query } from './support.ts'

const who = { fullName: 'Ada', meetingID: 'room-1', userID: 'u-1' }

async function withRoom(parameters: Record<string, string | number> = {}, version = '3.0') {
  const { fake, clock } = newFake({ version, publicUrl: 'https://bbb.test' })
  const base = { meetingID: 'room-1', name: 'Algebra', attendeePW: 'ap', moderatorPW: 'mp' }
  const created = await ask(fake, 'create', query({ ...base, ...parameters }))
  return { fake, clock, createTime: Number(created.text('createTime')) }
}

async function join(fake: FakeBbb, parameters: Record<string, string | number | boolean>): Promise<Answer> {
  return ask(fake, 'join', query({ ...who, ...parameters }))
}

/** The errors that a redirect carries. */
function redirectErrors(answer: Answer): { key: string; message: string }[] {
  return JSON.parse(new URL(answer.headers.location ?? '').searchParams.get('errors') ?? '[]')
}

/** Loads the room, as a browser would. */
async function open(fake: FakeBbb, answer: Answer) {
  const { pathname, search } = new URL(answer.text('url') ?? answer.headers.location ?? '')
  return fake.handle({ method: 'GET', target: pathname + search, headers: {} })
}

describe('join', () => {
  it('sends the browser to the room, with a cookie', async () => {
    const { fake } = await withRoom()
    const answer = await join(fake, { role: 'MODERATOR' })
    expect(answer.status).toBe(302)
    expect(answer.headers.location).toMatch(/^https:\/\/bbb\.test\/html5client\/join\?sessionToken=[a-z0-9]{16}$/)
    expect(answer.headers['set-cookie']).toMatch(/^JSESSIONID=[0-9A-F]{32}; Path=\/; HttpOnly$/)
  })

  it('answers XML for redirect=false', async () => {
    const { fake } = await withRoom()
    const { body } = await join(fake, { role: 'viewer', redirect: 'FALSE' })
    expect(body.split('\n').map(text => text.replace(/>.*</, '><'))).toEqual([
      '<response>',
      '<returncode></returncode>',
      '<messageKey></messageKey>',
      '<message></message>',
      '<meeting_id></meeting_id>',
      '<user_id></user_id>',
      '<auth_token></auth_token>',
      '<session_token></session_token>',
      '<guestStatus></guestStatus>',
      '<url></url>',
      '</response>',
    ])
    expect(body).toMatch(/<user_id>w_[a-z0-9]{12}<\/user_id>\n<auth_token>[a-z0-9]{12}</)
  })

  it('makes nobody a participant before the room is opened', async () => {
    const { fake } = await withRoom()
    const answer = await join(fake, { role: 'VIEWER', redirect: false })
    expect((await ask(fake, 'isMeetingRunning', 'meetingID=room-1')).text('running')).toBe('false')
    expect((await ask(fake, 'getSessions')).all('userName')).toEqual(['Ada'])
    expect((await open(fake, answer)).status).toBe(200)
    expect((await ask(fake, 'isMeetingRunning', 'meetingID=room-1')).text('running')).toBe('true')
    expect((await ask(fake, 'getMeetingInfo', 'meetingID=room-1')).all('userID')).toEqual(['u-1'])
  })

  it.each<[string, Record<string, string>, string | undefined]>([
    ['role moderator', { role: 'moderator' }, 'MODERATOR'],
    ['role in any case', { role: 'VieWer' }, 'VIEWER'],
    ['role wins over the password', { role: 'MODERATOR', password: 'ap' }, 'MODERATOR'],
    ['role wins over a wrong password', { role: 'VIEWER', password: 'zzz' }, 'VIEWER'],
    ['an unknown role falls through to the password', { role: 'OWNER', password: 'mp' }, 'MODERATOR'],
    ['attendee password', { password: 'ap' }, 'VIEWER'],
    ['wrong password', { password: 'zzz' }, undefined],
    ['neither', {}, undefined],
  ])('T8 %s', async (_, given, role) => {
    const { fake } = await withRoom()
    const answer = await join(fake, { ...given, redirect: false })
    if (role === undefined) {
      expect([answer.status, answer.messageKey]).toEqual([200, 'Params required'])
    } else {
      await open(fake, answer)
      expect((await ask(fake, 'getMeetingInfo', 'meetingID=room-1')).text('role')).toBe(role)
    }
  })

  it('says what is missing in the words of the server', async () => {
    const { fake } = await withRoom()
    expect((await join(fake, { password: 'zzz' })).text('message')).toBe('You must enter a valid password')
    expect((await join(fake, {})).text('message')).toContain('sould the meeting has one')
  })

  it.each<[string, string, Record<string, string>, string]>([
    ['unknown meeting', '2.6', { meetingID: 'none' }, '302 meetingForciblyEnded'],
    ['unknown meeting', '3.0.10', { meetingID: 'none' }, '200 meetingForciblyEnded'],
    ['unknown meeting', '3.0.18', { meetingID: 'none' }, '302 meetingForciblyEnded'],
    ['no name', '2.6', { fullName: '' }, '302 missingParamFullName'],
    ['no name, unknown meeting', '3.0', { fullName: '', meetingID: 'none' }, '302 missingParamFullName'],
    ['other createTime', '2.6', { createTime: '1', role: 'VIEWER' }, '302 mismatchCreateTimeParam'],
    ['other createTime', '3.0.10', { createTime: '1', role: 'VIEWER' }, '200 mismatchCreateTimeParam'],
    ['other createTime', '3.0', { createTime: '1', role: 'VIEWER' }, '200 mismatchCreateTimeParam'],
    ['createTime of letters', '3.0', { createTime: 'abc', role: 'VIEWER' }, '302 validationError'],
    ['guest=maybe', '3.0', { guest: 'maybe', role: 'VIEWER' }, '302 validationError'],
  ])('%s on %s with redirect=false', async (_, version, given, expected) => {
    const { fake } = await withRoom({}, version)
    const answer = await join(fake, { ...given, redirect: false })
    const key = answer.status === 302 ? redirectErrors(answer)[0]?.key : answer.messageKey
    expect(`${answer.status} ${key}`).toBe(expected)
  })

  it('throws without fullName before 3.0 (HTTP 500)', async () => {
    for (const [version, status] of [
      ['2.6', 500],
      ['3.0', 302],
    ] as const) {
      const { fake } = await withRoom({}, version)
      expect((await ask(fake, 'join', 'meetingID=room-1&password=mp')).status).toBe(status)
    }
  })

  it('escapes the errors of a redirect as java.net.URI does', async () => {
    const { fake } = await withRoom()
    const { headers } = await join(fake, { meetingID: 'none' })
    expect(headers.location).toBe(
      'https://bbb.test?errors=[%7B%22key%22:%22meetingForciblyEnded%22,%22message%22:%22You%20can%20not%20join%20a%20meeting%20that%20has%20already%20been%20forcibly%20ended%22%7D]',
    )
  })

  it.each<[string, Record<string, string>, string]>([
    ['logoutURL', { logoutURL: 'https://lms.test/out' }, 'https://lms.test/out?errors='],
    [
      'errorRedirectUrl wins',
      { logoutURL: 'https://lms.test/out', errorRedirectUrl: 'https://lms.test/back?course=7' },
      'https://lms.test/back?course=7&errors=',
    ],
  ])('sends errors to %s', async (_, given, start) => {
    const { fake } = await withRoom()
    const { headers } = await join(fake, { meetingID: 'none', ...given })
    expect(headers.location?.startsWith(start)).toBe(true)
  })

  it('T9 a link with createTime fits its own session only', async () => {
    const { fake, createTime } = await withRoom()
    expect((await join(fake, { role: 'VIEWER', createTime })).headers.location).toContain('sessionToken')
    await ask(fake, 'end', 'meetingID=room-1')
    await ask(fake, 'create', 'meetingID=room-1&name=Algebra')
    expect(redirectErrors(await join(fake, { role: 'VIEWER', createTime }))[0]?.key).toBe('mismatchCreateTimeParam')
  })

  it('counts people, not tabs, against maxParticipants', async () => {
    const { fake } = await withRoom({ maxParticipants: 2 })
    await open(fake, await join(fake, { role: 'VIEWER', userID: 'a' }))
    await open(fake, await join(fake, { role: 'VIEWER', userID: 'b' }))
    expect((await join(fake, { role: 'VIEWER', userID: 'a' })).headers.location).toContain('sessionToken')
    expect(redirectErrors(await join(fake, { role: 'VIEWER', userID: 'c' }))[0]?.key).toBe('maxParticipantsReached')
  })

  it('ends the oldest of more than three sessions of one person', async () => {
    const { fake } = await withRoom()
    const sessions: Answer[] = []
    for (let count = 0; count < 4; count++) {
      const answer = await join(fake, { role: 'VIEWER' })
      sessions.push(answer)
      await open(fake, answer)
    }
    expect((await ask(fake, 'getMeetingInfo', 'meetingID=room-1')).text('participantCount')).toBe('3')
    const [oldest] = sessions
    expect(oldest && (await open(fake, oldest)).status).toBe(403)
  })

  it.each<[string, string, boolean, string]>([
    ['ALWAYS_ACCEPT', 'VIEWER', true, 'ALLOW'],
    ['ALWAYS_DENY', 'VIEWER', false, 'guestDeniedAccess'],
    ['ALWAYS_DENY', 'MODERATOR', true, 'ALLOW'],
    ['ASK_MODERATOR', 'VIEWER', false, 'WAIT'],
    ['ASK_MODERATOR', 'VIEWER', true, 'WAIT'],
    ['ASK_MODERATOR', 'MODERATOR', true, 'ALLOW'],
    ['ALWAYS_ACCEPT_AUTH', 'VIEWER', true, 'WAIT'],
    ['ALWAYS_ACCEPT_AUTH', 'VIEWER', false, 'ALLOW'],
    ['SOMETHING_ELSE', 'VIEWER', false, 'guestDeniedAccess'],
  ])('guest policy %s, %s, guest=%s: %s', async (guestPolicy, role, guest, expected) => {
    const { fake } = await withRoom({ guestPolicy })
    const answer = await join(fake, { role, guest, redirect: false })
    expect(answer.text('guestStatus') ?? answer.messageKey).toBe(expected)
  })

  it('keeps a waiting guest out until a moderator lets him in', async () => {
    const { fake } = await withRoom({ guestPolicy: 'ASK_MODERATOR' })
    const answer = await join(fake, { role: 'VIEWER', redirect: false })
    expect((await open(fake, answer)).body).toContain('Please wait')
    expect((await ask(fake, 'isMeetingRunning', 'meetingID=room-1')).text('running')).toBe('false')
    fake.simulate.decideGuest('room-1', 'u-1', true)
    await open(fake, answer)
    expect((await ask(fake, 'isMeetingRunning', 'meetingID=room-1')).text('running')).toBe('true')
  })

  it('keeps userdata whose name splits in two', async () => {
    const { fake } = await withRoom()
    const userdata = { 'userdata-bbb_client_title': 'T & t', 'userdata-with-dash': 'gone', userdata_x: 'gone' }
    await open(fake, await join(fake, { role: 'VIEWER', ...userdata }))
    const { body } = await ask(fake, 'getMeetingInfo', 'meetingID=room-1')
    expect(body).toContain('<customdata>\n<bbb_client_title>T &amp; t</bbb_client_title>\n</customdata>')
    expect(body).not.toContain('gone')
  })

  it('drops control characters from the name, and uses the w_ id where no userID is sent', async () => {
    const { fake } = await withRoom()
    await open(fake, await ask(fake, 'join', query({ fullName: 'A\u0007da', meetingID: 'room-1', role: 'VIEWER' })))
    const info = await ask(fake, 'getMeetingInfo', 'meetingID=room-1')
    expect(info.text('fullName')).toBe('Ada')
    expect(info.text('userID')).toMatch(/^w_[a-z0-9]{12}$/)
  })
})
