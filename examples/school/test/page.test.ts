import { beforeAll, describe, expect, it } from 'vitest'
import { createPage, createSchool, preparePage } from '../src/index.ts'

const page = createPage({ framework: 'a fetch handler', people: createSchool().people })
let built = page

const ask = (path: string, init: RequestInit = {}, handler = built) =>
  handler(new Request(`https://lms.example${path}`, { headers: { accept: 'text/html,*/*' }, ...init }))

describe('the page as it is served', () => {
  beforeAll(async () => {
    const said: string[] = []
    await preparePage(line => said.push(line))
    expect(said.join('\n')).not.toContain('could not be built')
    // What was built by now.
    built = createPage({ framework: 'a fetch handler', people: createSchool().people })
  })

  it('is there at every address a browser opens, and lets nothing in from elsewhere', async () => {
    for (const path of ['/', '/courses/biology', '/classes/3f0c/recording']) {
      const response = await ask(path)
      expect([path, response.status, response.headers.get('content-type')]).toEqual([
        path,
        200,
        'text/html; charset=utf-8',
      ])
      expect(await response.text()).toContain('<div id="app">')
      expect(response.headers.get('content-security-policy')).toMatch(
        /default-src 'none'; script-src 'self'; style-src/,
      )
      expect(response.headers.get('referrer-policy')).toBe('no-referrer')
      expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    }
  })

  it('has files that stay in caches as long as their names', async () => {
    const html = await (await ask('/')).text()
    const script = /src="(\/assets\/[^"]+\.js)"/.exec(html)?.[1] ?? ''
    const first = await ask(script)
    expect([first.status, first.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8'])
    expect(first.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    const etag = first.headers.get('etag') ?? ''
    const again = await ask(script, { headers: { 'if-none-match': etag } })
    expect([again.status, await again.text()]).toEqual([304, ''])
    expect((await ask('/')).headers.get('cache-control')).toBe('no-cache')
  })

  it.each(['/assets/none.js', '/../package.json', '/%2e%2e/package.json', '/assets/..%2f..%2fbuild.ts'])(
    'is not what is not its own: %s',
    async path => expect((await ask(path)).status).toBe(404),
  )

  it('answers programs, and methods it does not know, as such', async () => {
    expect((await ask('/courses', { headers: { accept: 'application/json' } })).status).toBe(404)
    const posted = await ask('/', { method: 'POST' })
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  it('lists the people one can be, for the page and for whoever asks by hand', async () => {
    const people = await (await ask('/demo/people.json')).json()
    expect(people).toHaveLength(33)
    expect(people).toContainEqual({
      user_id: 'teacher-1',
      display_name: 'Katarzyna Zielińska',
      role: 'teacher',
      token: 'demo-teacher-1',
      courses: [{ id: 'biology', title: 'Biology 7b' }],
    })
    expect(await (await ask('/demo/')).text()).toContain('demo-student-30')
  })
})
