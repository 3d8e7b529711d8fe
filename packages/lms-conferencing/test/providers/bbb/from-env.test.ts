import { BbbConfigError } from 'bbb-client'
import { describe, expect, it } from 'vitest'
import { ConferencingError } from '../../../src/errors.ts'
import { bbbProviderFromEnv } from '../../../src/providers/bbb/index.ts'

const server = { BBB_SERVER_URL: 'https://bbb.example.org', BBB_SHARED_SECRET: 'a-secret-of-thirty-two-characters' }
const hook = '/api/v1/classes/bbb-webhook/9f2c4e'
const callback = { method: 'POST', target: hook, headers: {}, body: Buffer.from('x') }

const refusal = (env: Record<string, string>): string => {
  try {
    bbbProviderFromEnv(env).verify(callback)
  } catch (error) {
    if (error instanceof ConferencingError) return error.message
  }
  throw new Error('it was not refused')
}

describe('bbbProviderFromEnv', () => {
  it('has callbacks once it has an address for them', () => {
    expect(refusal(server)).toMatch(/No BigBlueButton server calls back/)
    expect(refusal({ ...server, BBB_WEBHOOK_URL: `https://lms.example.org${hook}` })).not.toMatch(/No BigBlueButton/)
  })

  it.each([
    ['BBB_SERVER_URL', { BBB_SHARED_SECRET: server.BBB_SHARED_SECRET }],
    ['BBB_SHARED_SECRET', { BBB_SERVER_URL: server.BBB_SERVER_URL }],
  ])('names %s when it is missing', (name, env) => {
    expect(() => bbbProviderFromEnv(env)).toThrow(BbbConfigError)
    expect(() => bbbProviderFromEnv(env)).toThrow(name)
  })

  it('names a setting that is neither true nor false', () => {
    expect(() => bbbProviderFromEnv({ ...server, BBB_MUTE_ON_START: 'yes' })).toThrow('BBB_MUTE_ON_START')
  })

  it('what is said in code comes before the environment', () => {
    const provider = bbbProviderFromEnv(server, { serverId: 'campus' })
    const spec = {
      classId: 'c1',
      courseId: 'c',
      title: 'T',
      description: '',
      startsAt: new Date(0),
      durationMinutes: 60,
      record: false,
    }
    expect(provider.planMeeting(spec).serverId).toBe('campus')
  })
})
