import { describe, expect, it } from 'vitest'
import { came } from '../support/world.ts'
import { type ApiWorld, createApiWorld } from './support.ts'

/** A class of the first course that is over, and to which Ana came. */
async function held({ ask, newClass, conferencing, provider, clock }: ApiWorld): Promise<string> {
  const id = await newClass()
  await ask('tea', 'POST', `courses/live-classes/${id}/start_class/`)
  clock.advance(90 * 60_000)
  await conferencing.receiveCallback('bbb', provider.callback({ meetingKey: `meeting-${id}` }, came('ana', 30)))
  await conferencing.rounds.callbacks()
  await ask('tea', 'POST', `courses/live-classes/${id}/end_class/`)
  return id
}

describe('marks', () => {
  it('of a teacher are shown beside the figures: with the note to teachers, without it to the student', async () => {
    const world = await createApiWorld()
    const { ask, clock } = world
    const id = await held(world)
    const path = `courses/live-classes/${id}/attendance/ana/mark/`
    const put = await ask('tea', 'PUT', path, { mark: 'excused', note: 'Doctor' })
    const at = new Date(clock.now()).toISOString()
    const mark = { user_id: 'ana', mark: 'excused', note: 'Doctor', marked_by: 'tea', marked_at: at }
    expect([put.status, put.json.data]).toEqual([200, mark])

    const attendance = `courses/live-classes/${id}/attendance/`
    const before = (await ask('tea', 'GET', attendance)).json.data
    expect(before.marks).toEqual([mark])
    expect(before.records[0]).toMatchObject({ user_id: 'ana', status: 'present' })
    expect((await ask('ana', 'GET', attendance)).json.data.marks).toEqual([{ ...mark, note: null }])
    const dashboard = async () => (await ask('ana', 'GET', 'dashboard/my-virtual-classes/')).json.data.completed
    expect(await dashboard()).toMatchObject([
      { attendance: { status: 'present' }, attendance_final: true, attendance_mark: 'excused' },
    ])

    const none = { user_id: 'ana', mark: null, note: null, marked_by: null, marked_at: null }
    for (let time = 0; time < 2; time++) {
      const removed = await ask('tea', 'DELETE', path)
      expect([removed.status, removed.json.data]).toEqual([200, none])
    }
    expect((await ask('tea', 'GET', attendance)).json.data.marks).toEqual([])
    expect(await dashboard()).toMatchObject([{ attendance: { status: 'present' }, attendance_mark: null }])
  })

  it('of a student are shown to no other student', async () => {
    const world = await createApiWorld()
    const id = await held(world)
    await world.ask('tea', 'PUT', `courses/live-classes/${id}/attendance/bob/mark/`, { mark: 'excused' })
    expect((await world.ask('ana', 'GET', `courses/live-classes/${id}/attendance/`)).json.data.marks).toEqual([])
  })

  it.each(['PUT', 'DELETE'])('T53 are for teachers of the course alone: %s', async method => {
    const world = await createApiWorld()
    const id = await held(world)
    const path = `courses/live-classes/${id}/attendance/ana/mark/`
    const body = method === 'PUT' ? { mark: 'present' } : undefined
    const statuses: number[] = []
    for (const who of [null, 'ana', 'tom', 'tea', 'adi'])
      statuses.push((await world.ask(who, method, path, body)).status)
    expect(statuses).toEqual([401, 403, 403, 200, 200])
    expect((await world.ask('tea', method, 'courses/live-classes/none/attendance/ana/mark/', body)).status).toBe(404)
  })

  it.each([
    [{ mark: 'perfect' }, 'mark'],
    [{}, 'mark'],
    [{ mark: 'late', note: 'x'.repeat(2001) }, 'note'],
    [{ mark: 'late', extra: 1 }, 'body'],
  ])('name the field that is wrong: %j', async (body, field) => {
    const world = await createApiWorld()
    const id = await held(world)
    const { status, json } = await world.ask('tea', 'PUT', `courses/live-classes/${id}/attendance/ana/mark/`, body)
    expect([status, Object.keys(json.error?.details ?? {})]).toEqual([400, [field]])
  })

  it('are for people of the class, and for a class that is not called off', async () => {
    const { ask, newClass } = await createApiWorld()
    const id = await newClass()
    const mark = (person: string) =>
      ask('tea', 'PUT', `courses/live-classes/${id}/attendance/${person}/mark/`, { mark: 'excused' })
    const stranger = await mark('eve')
    expect([stranger.status, Object.keys(stranger.json.error?.details ?? {})]).toEqual([400, ['user_id']])
    expect((await mark('bob')).status).toBe(200)
    await ask('tea', 'DELETE', `courses/live-classes/${id}/`)
    expect((await mark('bob')).status).toBe(409)
  })
})
