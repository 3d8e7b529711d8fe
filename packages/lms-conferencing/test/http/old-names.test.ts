import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createConferencing } from '../../src/conferencing.ts'
import { withOldNames } from '../../src/migration/index.ts'
import { PlainProvider } from '../support/plain-provider.ts'
import { type Described, describedBy } from './described.ts'
import { type ApiWorld, createApiWorld } from './support.ts'

const oldNames = ['zoom_meeting_id', 'join_url', 'start_url', 'password']
const lesson = { title: 'Lesson 1', scheduled_at: '2027-03-01T09:00:00Z' }

/** An API in the middle of a move: the first course is on Zoom still, the second on BigBlueButton. */
async function createMovingWorld(options: { readonly oldNames?: boolean } = {}): Promise<ApiWorld & Described> {
  const world = await createApiWorld()
  const conferencing = createConferencing({
    providers: { bbb: world.provider, zoom: new PlainProvider({ name: 'zoom' }) },
    store: world.store,
    clock: world.clock,
    chooseProvider: ({ courseId }) => (courseId === 'course-2' ? 'bbb' : 'zoom'),
  })
  onTestFinished(() => conferencing.stop())
  const moving = await createApiWorld({ conferencing, clock: world.clock, ...options })
  return { ...moving, conferencing, ...(await describedBy(moving.api)) }
}

/** Asks for every answer that has classes in it, in an order in which each has some. */
async function everyAnswer({ ask }: ApiWorld) {
  const answers: { operationId: string; status: number; json: unknown; text: string }[] = []
  async function take(operationId: string, who: string, method: string, path: string, body?: object) {
    const { status, json, text } = await ask(who, method, path, body)
    answers.push({ operationId, status, json, text })
    return json.data
  }
  await take('createCourse', 'tea', 'POST', 'courses/', { title: 'Knots' })
  const { id } = await take('createVirtualClass', 'tea', 'POST', 'courses/course-1/create_virtual_class/', lesson)
  const { id: other } = await take(
    'createVirtualClass',
    'tom',
    'POST',
    'courses/course-2/create_virtual_class/',
    lesson,
  )
  const { id: off } = await take('createVirtualClass', 'tom', 'POST', 'courses/course-2/create_virtual_class/', lesson)
  const { id: done } = await take('createVirtualClass', 'tea', 'POST', 'courses/course-1/create_virtual_class/', lesson)
  await take('updateLiveClass', 'tea', 'PATCH', `courses/live-classes/${id}/`, { duration_minutes: 90 })
  await take('createMeeting', 'tea', 'POST', `courses/live-classes/${id}/create_meeting/`)
  await take('startClass', 'tea', 'POST', `courses/live-classes/${id}/start_class/`)
  await take('startClass', 'tea', 'POST', `courses/live-classes/${done}/start_class/`)
  await take('endClass', 'tea', 'POST', `courses/live-classes/${done}/end_class/`)
  await take('cancelLiveClass', 'tom', 'DELETE', `courses/live-classes/${off}/`)
  await take('getLiveClass', 'ana', 'GET', `courses/live-classes/${id}/`)
  await take('getLiveClass', 'ana', 'GET', `courses/live-classes/${other}/`)
  await take('listLiveClasses', 'ana', 'GET', 'courses/course-1/live-classes/')
  const mine = await take('getMyVirtualClasses', 'ana', 'GET', 'dashboard/my-virtual-classes/')
  expect(mine.counts).toEqual({ upcoming: 1, live: 1, completed: 1 })
  return answers
}

interface Presented {
  readonly provider: string
  readonly meeting_id: string
}

/** Every class in an answer, however deep. */
function classesIn(value: unknown): readonly Presented[] {
  if (typeof value !== 'object' || value === null) return []
  const inner = Object.values(value).flatMap(classesIn)
  return 'provisioning' in value ? [value as unknown as Presented, ...inner] : inner
}

/** A class without the names from before, if it has them. */
const withoutOldNames = (liveClass: Presented): Presented =>
  Object.fromEntries(Object.entries(liveClass).filter(([name]) => !oldNames.includes(name))) as unknown as Presented

describe('old names', () => {
  it('are in every class of every answer, as withOldNames gives them, and in the document', async () => {
    const world = await createMovingWorld({ oldNames: true })
    const found: Presented[] = []
    for (const { operationId, status, json, text } of await everyAnswer(world)) {
      const classes = classesIn(json)
      expect([operationId, classes.length > 0]).toEqual([operationId, true])
      for (const one of classes) expect(one, operationId).toEqual(withOldNames(withoutOldNames(one)))
      expect([operationId, world.faults(operationId, status, json)]).toEqual([operationId, []])
      // T9: no link but the one that start_class was asked for, and no password.
      if (operationId !== 'startClass') expect(text, operationId).not.toContain('https://rooms.example/')
      expect(text).not.toMatch(/moderators of|attendees of/)
      found.push(...classes)
    }
    const zoomIds = new Map(found.map(one => [one.provider, Reflect.get(one, 'zoom_meeting_id')]))
    expect(zoomIds.get('zoom')).toMatch(/^meeting-/)
    expect(zoomIds.get('bbb')).toBeNull()
  })

  it('are nowhere unless they are asked for', async () => {
    for (const options of [{}, { oldNames: false }]) {
      const world = await createMovingWorld(options)
      for (const { operationId, status, json } of await everyAnswer(world)) {
        for (const one of classesIn(json)) expect(one, operationId).toEqual(withoutOldNames(one))
        expect([operationId, world.faults(operationId, status, json)]).toEqual([operationId, []])
      }
      const described = JSON.stringify(world.schemas)
      expect(described).not.toMatch(/zoom_meeting_id|start_url|"password"|deprecated/)
    }
  })

  it('are described as deprecated wherever there is a class, by a document that is valid', async () => {
    const { api, schemas } = await createMovingWorld({ oldNames: true })
    for (const name of ['LiveClass', 'DashboardClass']) {
      const { properties = {} } = schemas[name] ?? {}
      const deprecated = Object.keys(properties).filter(key => properties[key]?.deprecated === true)
      expect([name, deprecated]).toEqual([name, oldNames])
    }
    const document = await (await api(new Request('https://lms.example/openapi.json'))).json()
    expect(await new Validator().validate(Object(document))).toMatchObject({ valid: true })
    const page = await (await api(new Request('https://lms.example/docs'))).text()
    expect(page).toContain('zoom_meeting_id')
  })
})

it("the document does not ask for a course that is an id and an object at once, in the dashboard's classes", async () => {
  const world = await createMovingWorld()
  const [answer] = (await everyAnswer(world)).filter(({ operationId }) => operationId === 'getMyVirtualClasses')
  expect(world.faults('getMyVirtualClasses', answer?.status ?? 0, answer?.json)).toEqual([])
  // Nor does it let pass what does not fit.
  const odd = JSON.parse(answer?.text.replaceAll('"meeting_running":true', '"meeting_running":"yes","odd":1') ?? '')
  expect(world.faults('getMyVirtualClasses', 200, odd)).toEqual([
    expect.stringContaining('meeting_running'),
    expect.stringContaining('odd is not described'),
  ])
})
