import { describe, expect, it } from 'vitest'
import { came, opened, went } from '../support/world.ts'
import { createApiWorld } from './support.ts'

async function heldClass() {
  const world = await createApiWorld()
  const id = await world.newClass({ title: 'Knots <script>' })
  world.clock.advance(30 * 60_000)
  await world.ask('tea', 'POST', `courses/live-classes/${id}/start_class/`)
  await world.conferencing.receiveCallback(
    'bbb',
    world.provider.callback({ meetingKey: `meeting-${id}` }, opened(0), came('ana', 2), went('ana', 50)),
  )
  await world.conferencing.rounds.callbacks()
  world.clock.advance(60 * 60_000)
  await world.ask('tea', 'POST', `courses/live-classes/${id}/end_class/`)
  const picture = (query = '') => `courses/live-classes/${id}/attendance/timeline.svg${query}`
  // The picture is no JSON: asked without the helper that reads envelopes.
  const draw = (who: string, query?: string) =>
    world.api(
      new Request(`https://lms.example/api/v1/${picture(query)}`, { headers: { authorization: `Bearer ${who}` } }),
    )
  return { ...world, picture, draw }
}

describe('GET …/attendance/timeline.svg', () => {
  it('draws the class for its teacher, escaped, as a document that runs nothing', async () => {
    const { draw } = await heldClass()
    const response = await draw('tea')
    const svg = await response.text()
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/svg+xml; charset=utf-8'])
    expect(response.headers.get('content-security-policy')).toBe("default-src 'none'; style-src 'unsafe-inline'")
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(svg).toMatch(/^<svg /)
    expect(svg).toContain('<title id="attendance-title">Knots &lt;script&gt;</title>')
    expect(svg).toContain('aria-label="Ana Ñ: ')
  })

  it('writes times as its reader does', async () => {
    const { draw } = await heldClass()
    const utc = await (await draw('tea', '?theme=dark')).text()
    const there = await (await draw('tea', '?locale=en-US&time_zone=America/New_York&theme=dark')).text()
    expect(utc).not.toContain('prefers-color-scheme')
    expect(there).toMatch(/\d\d:\d\d\s[AP]M/)
    expect(utc).not.toMatch(/\d\d:\d\d\s[AP]M/)
  })

  it('is for teachers only: it shows everybody', async () => {
    const { ask, picture } = await heldClass()
    const refused = await Promise.all(['ana', 'tom'].map(who => ask(who, 'GET', picture())))
    expect(refused.map(({ status }) => status)).toEqual([403, 403])
    expect((await ask(null, 'GET', picture())).status).toBe(401)
  })

  it.each([
    ['?locale=not_a_language!', 'locale'],
    ['?time_zone=Mars/Olympus', 'time_zone'],
    ['?theme=blue', 'theme'],
  ])('refuses %s, naming the field', async (query, field) => {
    const { ask, picture } = await heldClass()
    const { status, json } = await ask('tea', 'GET', picture(query))
    expect([status, json.error?.code, Object.keys(json.error?.details ?? {})]).toEqual([400, 'INVALID', [field]])
  })
})
