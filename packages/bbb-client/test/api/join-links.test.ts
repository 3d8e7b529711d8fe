import { type BbbClient, BbbParamError, type JoinParams } from 'bbb-client'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { meetingId, RUNS, some, text } from '../support/arbitrary.ts'
import { type TestServer, testServer } from '../support/server.ts'
import { readQuery } from '../support/server-models.ts'

const ATTENDEE = 'attendee-password'
const MODERATOR = 'moderator-password'

type Rights = 'none' | 'viewer' | 'moderator'
const rank: Readonly<Record<Rights, number>> = { none: 0, viewer: 1, moderator: 2 }

/** Since 2.4: a valid role decides, whatever the password; else the password does (BigBlueButton's ApiController). */
function roleFirst(parameters: ReadonlyMap<string, string>): Rights {
  const role = parameters.get('role')?.toLowerCase()
  if (role === 'moderator' || role === 'viewer') return role
  return passwordOnly(parameters)
}

function passwordOnly(parameters: ReadonlyMap<string, string>): Rights {
  const password = parameters.get('password')
  return password === MODERATOR ? 'moderator' : password === ATTENDEE ? 'viewer' : 'none'
}

/** Turns away a link of another run of the meeting; a missing createTime is not compared. */
function admitted(parameters: ReadonlyMap<string, string>, createTime: number): boolean {
  const given = parameters.get('createTime')
  return given === undefined || Number(given) === createTime
}

const optional = some({
  userID: text(1, 40),
  createTime: fc.constantFrom(1704164645123),
  guest: fc.boolean(),
  auth: fc.boolean(),
  bot: fc.boolean(),
  excludeFromDashboard: fc.boolean(),
  passwords: fc.constant({ attendeePW: ATTENDEE, moderatorPW: MODERATOR }),
  firstName: text(1, 40),
  userdata: fc.constantFrom({ bbb_role: 'MODERATOR' }, { bbb_a: '&role=MODERATOR' }),
  extra: fc.constantFrom({ newOne: 'role=MODERATOR' }),
})

function link(role: 'VIEWER' | 'MODERATOR'): fc.Arbitrary<JoinParams> {
  return fc
    .tuple(fc.record({ meetingID: meetingId(), fullName: text(1, 60), role: fc.constant(role) }), optional)
    .map(([needed, more]) => ({ ...needed, ...more }))
}

let server: TestServer
let client: BbbClient
beforeAll(async () => {
  server = await testServer()
  client = server.client()
})
afterAll(() => server.close())

const parametersOf = (url: string): Map<string, string> => readQuery(url.split('?')[1] ?? '').parameters

describe('T8 roles', () => {
  it('a viewer is a viewer by both rules of servers, and holds no moderator password in any form', () => {
    fc.assert(
      fc.property(link('VIEWER'), params => {
        const url = client.joinUrl(params)
        const parameters = parametersOf(url)
        expect(roleFirst(parameters)).toBe('viewer')
        expect(passwordOnly(parameters)).toBe(params.passwords === undefined ? 'none' : 'viewer')
        expect(decodeURIComponent(url)).not.toContain(MODERATOR)
      }),
      { numRuns: RUNS },
    )
  })

  it('a moderator is one by both rules, where passwords are given', () => {
    fc.assert(
      fc.property(link('MODERATOR'), params => {
        const parameters = parametersOf(client.joinUrl(params))
        expect(roleFirst(parameters)).toBe('moderator')
        expect(passwordOnly(parameters)).toBe(params.passwords === undefined ? 'none' : 'moderator')
      }),
      { numRuns: RUNS },
    )
  })

  it.each([
    'viewer',
    'moderator',
    'Moderator',
    'ADMIN',
    '',
    'MODERATOR ',
    'ＭＯＤＥＲＡＴＯＲ',
    ['MODERATOR'],
    null,
    undefined,
    true,
  ])('the role %j, as a browser might send it, is refused', role => {
    expect(() => client.joinUrl({ meetingID: 'room', fullName: 'Ada', role: role as never })).toThrow(BbbParamError)
  })

  it('one password cannot be given for any role, nor two that are the same', () => {
    const person = { meetingID: 'room', fullName: 'Ada', role: 'VIEWER' } as const
    expect(() => client.joinUrl({ ...person, password: MODERATOR } as never)).toThrow(/password is not a parameter/)
    expect(() => client.joinUrl({ ...person, extra: { password: MODERATOR } })).toThrow(/reserved/)
    expect(() => client.joinUrl({ ...person, passwords: { attendeePW: 'same', moderatorPW: 'same' } })).toThrow(/same/)
    expect(() => client.joinUrl({ ...person, passwords: { attendeePW: ATTENDEE } as never })).toThrow(/moderatorPW/)
  })
})

describe('T10 a link does not bind its holder', () => {
  it.each(['VIEWER', 'MODERATOR'] as const)('%s: whatever is left out of the link, it gives no more rights', role => {
    const url = client.joinUrl({
      meetingID: 'room',
      fullName: 'Ada',
      role,
      userID: 'user-1',
      createTime: 1704164645123,
      passwords: { attendeePW: ATTENDEE, moderatorPW: MODERATOR },
      excludeFromDashboard: true,
      userdata: { bbb_title: 'x' },
    })
    const whole = parametersOf(url)
    const names = [...whole.keys()]
    for (let subset = 0; subset < 2 ** names.length; subset++) {
      const left = new Map([...whole].filter((_pair, i) => (subset & (2 ** i)) === 0))
      for (const rule of [roleFirst, passwordOnly])
        expect(rank[rule(left)], [...left.keys()].join()).toBeLessThanOrEqual(rank[rule(whole)])
    }
  })

  it('a link of an earlier run of the meeting is turned away', () => {
    const earlier = client.joinUrl({ meetingID: 'room', fullName: 'Ada', role: 'VIEWER', createTime: 1704164645123 })
    expect(admitted(parametersOf(earlier), 1704164645123)).toBe(true)
    expect(admitted(parametersOf(earlier), 1704168245123)).toBe(false)
  })

  it('joinUrl opens no connection', async () => {
    expect(server.targets).toEqual([])
    expect(await server.connections()).toBe(0)
  })
})
