import { describe, expect, it } from 'vitest'
import { refusal } from '../support/plain-provider.ts'
import { type ApiWorld, createApiWorld, readAnswer } from './support.ts'

const lesson = { title: 'Lesson 1', scheduled_at: '2027-03-01T09:00:00Z' }

const post = async (
  { api }: ApiWorld,
  who: string,
  key: string | null,
  body: object,
  path = 'course-1/create_virtual_class/',
) =>
  readAnswer(
    await api(
      new Request(`https://lms.example/api/v1/courses/${path}`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${who}`,
          'content-type': 'application/json',
          ...(key !== null && { 'Idempotency-Key': key }),
        },
        body: JSON.stringify(body),
      }),
    ),
  )

describe('Idempotency-Key', () => {
  it('the same key makes one class, whether the requests follow each other or run beside each other', async () => {
    const world = await createApiWorld()
    const answers = await Promise.all(Array.from({ length: 5 }, () => post(world, 'tea', 'k-1', lesson)))
    answers.push(await post(world, 'tea', 'k-1', lesson))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(new Set(answers.map(({ json }) => json.data.id)).size).toBe(1)
    expect(await world.conferencing.listClasses()).toHaveLength(1)
    expect(world.provider.rooms.size).toBe(1)
  })

  it('another key, no key, and the key of another person make another class', async () => {
    const world = await createApiWorld()
    for (const [who, key] of [
      ['tea', 'k-1'],
      ['tea', 'k-2'],
      ['tea', null],
      ['tea', null],
      ['adi', 'k-1'],
    ] as const) {
      expect((await post(world, who, key, lesson)).status).toBe(200)
    }
    expect(await world.conferencing.listClasses()).toHaveLength(5)
  })

  it('answers the class as it is now', async () => {
    const world = await createApiWorld()
    const { json } = await post(world, 'tea', 'k-1', lesson)
    await world.ask('tea', 'PATCH', `courses/live-classes/${json.data.id}/`, { title: 'Lesson one' })
    expect((await post(world, 'tea', 'k-1', lesson)).json.data).toMatchObject({ id: json.data.id, title: 'Lesson one' })
  })

  it('the same key for something else is a conflict that names the header, and nothing is made', async () => {
    const world = await createApiWorld()
    await post(world, 'tea', 'k-1', lesson)
    const { status, json } = await post(world, 'tea', 'k-1', { ...lesson, title: 'Lesson 2' })
    expect([status, json.error?.code, json.error?.details]).toEqual([
      409,
      'CONFLICT',
      { 'Idempotency-Key': 'was used for something else' },
    ])
    expect(await world.conferencing.listClasses()).toHaveLength(1)
  })

  it('a key whose class was refused for good may be used again', async () => {
    const world = await createApiWorld()
    world.provider.failNext('openMeeting', refusal)
    expect((await post(world, 'tea', 'k-1', lesson)).status).toBe(422)
    expect((await post(world, 'tea', 'k-1', lesson)).status).toBe(200)
  })

  it('a key that is none is named', async () => {
    const world = await createApiWorld()
    for (const key of ['two words', 'x'.repeat(256)]) {
      const { status, json } = await post(world, 'tea', key, lesson)
      expect([status, Object.keys(json.error?.details ?? {})]).toEqual([400, ['idempotency-key']])
    }
  })

  it('a course that is asked for twice gets one first class', async () => {
    const world = await createApiWorld()
    const course = { title: 'Optics' }
    const first = await post(world, 'tea', 'c-1', course, '')
    world.clock.advance(60_000)
    const again = await post(world, 'tea', 'c-1', course, '')
    const idsOf = (answer: typeof first) => answer.json.data.virtual_classes.map(({ id }: { id: string }) => id)
    expect([first.status, again.status]).toEqual([201, 201])
    expect(again.json.data.id).toBe(first.json.data.id)
    expect(idsOf(again)).toEqual(idsOf(first))
  })
})
