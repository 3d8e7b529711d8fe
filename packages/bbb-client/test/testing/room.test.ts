import { afterEach, describe, expect, it } from 'vitest'
import type { FakeBbb } from '../../src/testing/index.ts'
import { ask, eventIds, newFake, newReceiver, query, type Receiver, send, signedTarget } from './support.ts'

const opened: { fake: FakeBbb; receiver: Receiver }[] = []

afterEach(async () => {
  for (const { fake, receiver } of opened.splice(0)) {
    await fake.close()
    await receiver.close()
  }
})

async function withRoom(parameters: Record<string, string | boolean> = {}) {
  const { fake, clock } = newFake({ publicUrl: 'https://bbb.test', webhooks: { inOrder: true } })
  const receiver = await newReceiver()
  opened.push({ fake, receiver })
  await send(fake, signedTarget('hooks/create', query({ callbackURL: `${receiver.url}/cb` })))
  await ask(fake, 'create', query({ meetingID: 'room-1', name: '<Algebra> & more', record: true, ...parameters }))
  const enter = async (fullName: string, role = 'VIEWER') => {
    const joined = await ask(fake, 'join', query({ meetingID: 'room-1', fullName, role, userID: `id-${fullName}` }))
    const { pathname, search } = new URL(joined.headers.location ?? '')
    const page = await send(fake, pathname + search)
    const act = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
      send(fake, `/html5client/action${search}`, {
        method: 'POST',
        body: query(fields),
        contentType: 'application/x-www-form-urlencoded;charset=UTF-8',
        headers,
      })
    const state = async () => JSON.parse((await send(fake, `/html5client/state${search}`)).body)
    return { page, act, state, reload: () => send(fake, pathname + search) }
  }
  const events = async () => {
    await fake.idle()
    return eventIds(receiver.received).slice(1)
  }
  return { fake, clock, enter, events }
}

describe('the room page', () => {
  it('lets the person in when it is loaded', async () => {
    const { enter, events, fake } = await withRoom()
    const { page } = await enter('Ada', 'MODERATOR')
    expect([page.status, page.headers['content-type'], page.headers['cache-control']]).toEqual([
      200,
      'text/html;charset=utf-8',
      'no-store',
    ])
    expect(await events()).toEqual(['user-joined', 'user-presenter-assigned'])
    expect(fake.meeting('room-1')?.attendees.map(({ fullName }) => fullName)).toEqual(['Ada'])
  })

  it('needs nothing from elsewhere, and is well built', async () => {
    const { enter } = await withRoom()
    const { body, headers } = (await enter('Ada', 'MODERATOR')).page
    expect(body).not.toMatch(/(?:src|href)="(?!\/)/)
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    expect(body).toMatch(/^<!doctype html>\n<html lang="en">/)
    expect(body).toContain('name="viewport"')
    expect(body).toContain('color-scheme: light dark')
    const ids = [...body.matchAll(/ id="([^"]+)"/g)].map(match => match[1])
    expect(new Set(ids).size).toBe(ids.length)
    for (const [, target] of body.matchAll(/(?:for|aria-labelledby)="([^"]+)"/g)) expect(ids).toContain(target)
    for (const [, content] of body.matchAll(/<button[^>]*>(.*?)<\/button>/g)) expect(content?.trim()).not.toBe('')
  })

  it('T12 shows names and messages as text', async () => {
    const { enter } = await withRoom()
    const eve = await enter('<img src=x onerror=alert(1)>')
    await eve.act({ do: 'chat', text: '<script>alert(2)</script>' })
    const { body } = await eve.reload()
    expect(body).not.toContain('<img')
    expect(body).not.toContain('<script>alert')
    expect(body).toContain('&lt;Algebra&gt; &amp; more')
  })

  it('raises hands, talks and chats, with and without scripts', async () => {
    const { enter, events } = await withRoom()
    const ada = await enter('Ada')
    const plain = await ada.act({ do: 'hand' })
    expect([plain.status, plain.headers.location]).toEqual([
      303,
      expect.stringMatching(/^\/html5client\/join\?sessionToken=/),
    ])
    const scripted = await ada.act({ do: 'talk' }, { accept: 'application/json' })
    expect(JSON.parse(scripted.body).me).toEqual({ hand: true, talking: true, status: 'ALLOW' })
    await ada.act({ do: 'talk' })
    await ada.act({ do: 'hand' })
    await ada.act({ do: 'chat', text: 'hello' })
    await ada.act({ do: 'chat', text: '   ' })
    expect(await events()).toEqual([
      'user-joined',
      'user-raise-hand-changed',
      'user-audio-voice-enabled',
      'user-audio-unmuted',
      'user-audio-muted',
      'user-raise-hand-changed',
      'chat-group-message-sent',
    ])
    expect((await ada.state()).chat).toEqual([{ name: 'Ada', text: 'hello' }])
  })

  it('shows everybody to everybody', async () => {
    const { enter } = await withRoom()
    const ada = await enter('Ada', 'MODERATOR')
    const bob = await enter('Bob')
    await bob.act({ do: 'hand' })
    const { people } = await ada.state()
    expect(people).toEqual([
      { name: 'Ada', me: true, moderator: true, presenter: true, hand: false, talking: false },
      { name: 'Bob', me: false, moderator: false, presenter: false, hand: true, talking: false },
    ])
    expect((await ada.reload()).body).toMatch(/<li>Bob<span class="badge on">hand raised<\/span><\/li>/)
  })

  it('leaving ends the session: the link must be opened again', async () => {
    const { enter, events } = await withRoom()
    const ada = await enter('Ada')
    expect((await ada.act({ do: 'leave' })).body).toContain('You have left')
    expect(await events()).toEqual(['user-joined', 'user-left'])
    expect((await ada.reload()).status).toBe(403)
    expect((await ada.state()).open).toBe(false)
  })

  it.each([
    ['https://lms.test/back?x=1', 303],
    ['javascript:alert(1)', 200],
  ])('T11 leaving goes to %s: HTTP %i', async (logoutURL, code) => {
    const { enter } = await withRoom({ logoutURL })
    const answer = await (await enter('Ada')).act({ do: 'leave' })
    expect([answer.status, answer.headers.location]).toEqual([code, code === 303 ? logoutURL : undefined])
  })

  it('closing the page is leaving, unless it is opened again at once', async () => {
    const { enter, events, clock } = await withRoom()
    const ada = await enter('Ada')
    const closed = await ada.act({ do: 'close', page: '1' })
    expect([closed.status, closed.headers.location]).toEqual([204, undefined])
    await clock.advance(1_000)
    await ada.reload()
    await clock.advance(60_000)
    expect(await events()).toEqual(['user-joined'])
    await ada.act({ do: 'close', page: '1' })
    await clock.advance(60_000)
    expect(await events()).toEqual(['user-joined'])
    await ada.act({ do: 'close', page: '2' })
    await clock.advance(2_000)
    expect(await events()).toEqual(['user-joined', 'user-left'])
  })

  it('gives moderators, and nobody else, the record and end buttons', async () => {
    const { enter, events, fake } = await withRoom()
    const bob = await enter('Bob')
    const ada = await enter('Ada', 'MODERATOR')
    expect(bob.page.body).not.toMatch(/value="(end|record)"/)
    await bob.act({ do: 'record' })
    await bob.act({ do: 'end' })
    expect(fake.meeting('room-1')?.recording).toBe(false)
    await ada.act({ do: 'record' })
    expect((await bob.state()).recording).toBe(true)
    expect((await ada.act({ do: 'end' })).status).toBe(200)
    expect((await events()).slice(-4)).toEqual(['user-left', 'user-left', 'meeting-ended', 'rap-archive-started'])
    expect((await bob.reload()).status).toBe(403)
  })

  it('lets a moderator decide about waiting guests', async () => {
    const { enter, fake } = await withRoom({ guestPolicy: 'ASK_MODERATOR' })
    const ada = await enter('Ada', 'MODERATOR')
    const [bob, eve] = [await enter('Bob'), await enter('Eve')]
    expect(bob.page.body).toContain('Please wait')
    const { waiting } = await ada.state()
    expect(waiting.map(({ name }: { name: string }) => name)).toEqual(['Bob', 'Eve'])
    await bob.act({ do: 'admit', id: waiting[0].id })
    expect((await bob.state()).me.status).toBe('WAIT')
    await ada.act({ do: 'admit', id: waiting[0].id })
    await ada.act({ do: 'deny', id: waiting[1].id })
    expect((await bob.reload()).body).toContain('You are Bob')
    expect((await eve.reload()).body).toContain('did not let you in')
    expect(fake.meeting('room-1')?.attendees.map(({ status }) => status)).toEqual(['present', 'present', 'registered'])
  })

  it('knows no stranger', async () => {
    const { fake } = await withRoom()
    for (const target of ['/html5client/join', '/html5client/join?sessionToken=nobody']) {
      expect((await send(fake, target)).status).toBe(403)
    }
    expect((await send(fake, '/html5client/action?sessionToken=nobody', { method: 'POST' })).status).toBe(403)
    expect((await send(fake, '/somewhere/else')).status).toBe(404)
  })
})

describe('the start page and the playback', () => {
  it('lists meetings and recordings, without a link into a room', async () => {
    const { fake, enter } = await withRoom()
    await enter('Ada')
    const recordID = fake.simulate.addRecording({ meetingID: 'old', name: 'Last <week>' })
    fake.simulate.addRecording({ meetingID: 'hidden', name: 'Hidden', state: 'unpublished' })
    const { body } = await send(fake, '/')
    expect(body).toContain('<td>&lt;Algebra&gt; &amp; more</td><td>1</td>')
    expect(body).toContain(`href="https://bbb.test/playback/presentation/2.3/${recordID}"`)
    expect(body).toContain('<td>Hidden</td><td>unpublished</td><td>–</td>')
    expect(body).not.toContain('sessionToken')
  })

  it('is empty on a new server', async () => {
    const { fake } = newFake()
    const { body } = await send(fake, '/')
    expect(body).toContain('No meeting is running.')
    expect(body).toContain('Nothing has been recorded.')
  })

  it('plays published recordings only', async () => {
    const { fake } = await withRoom()
    const recordID = fake.simulate.addRecording({ meetingID: 'old', name: 'Last <week>' })
    const watch = (format: string, id: string) => send(fake, `/playback/${format}/2.3/${id}`)
    expect((await watch('presentation', recordID)).body).toContain('<h1>Last &lt;week&gt;</h1>')
    expect((await watch('video', recordID)).status).toBe(404)
    expect((await watch('presentation', 'none')).status).toBe(404)
    await ask(fake, 'publishRecordings', query({ recordID, publish: false }))
    expect((await watch('presentation', recordID)).status).toBe(404)
  })
})
