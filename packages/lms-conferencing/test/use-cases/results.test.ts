import { describe, expect, it } from 'vitest'
import { createConferencing } from '../../src/conferencing.ts'
import { ConferencingError } from '../../src/errors.ts'
import type { AttendanceEvent } from '../../src/model.ts'
import type { ConferencingOptions } from '../../src/options.ts'
import { came, closed, createWorld, memoryLogger, minute, opened, teacher, type World, went } from '../support/world.ts'

const hour = 3_600_000

async function deliver({ conferencing, provider }: World, id: string, ...events: AttendanceEvent[]): Promise<void> {
  await conferencing.receiveCallback('bbb', provider.callback({ meetingKey: `meeting-${id}` }, ...events))
  await conferencing.rounds.callbacks()
}

/** A class from nine to ten to which Ana came, and Bob did not. */
async function held(world: World): Promise<string> {
  const { conferencing, clock, plan } = world
  const { id } = await plan()
  clock.advance(hour / 2)
  await conferencing.startClass(id, teacher)
  await deliver(world, id, opened(0), came('ana', 0))
  clock.advance(hour)
  await deliver(world, id, went('ana', 60))
  await conferencing.endClass(id)
  return id
}

const onDashboard = async ({ conferencing }: World, userId: string) => {
  const { completed } = await conferencing.dashboard({ userId, courseIds: ['course'], status: 'completed' })
  return completed.map(({ attendance, isFinal, mark }) => ({
    status: attendance?.status,
    minutes: attendance?.minutes,
    isFinal,
    mark,
  }))
}

/** The same place with other options, as after a change of its configuration. */
const reconfigured = ({ provider, store, clock, notices, log }: World, options: Partial<ConferencingOptions>) =>
  createConferencing({
    providers: { bbb: provider },
    store,
    clock,
    roster: () => [{ userId: 'ana', displayName: 'Ana Ñ' }],
    notify: notice => void notices.push(notice),
    logger: memoryLogger(log),
    ...options,
  })

describe('attendance as kept', () => {
  it('holds a row for everybody who was expected as soon as a class is over', async () => {
    const world = await createWorld()
    const id = await held(world)
    const kept = await world.store.read(tx => tx.listResults('default', id))
    expect(kept).toMatchObject([
      { person: 'ana', status: 'present', minutes: 60, percentage: 100, heldMs: hour, provenance: ['webhook'] },
      { person: 'bob', status: 'absent', minutes: 0, percentage: 0, heldMs: hour, provenance: [] },
    ])
    expect(await onDashboard(world, 'ana')).toEqual([{ status: 'present', minutes: 60, isFinal: true, mark: null }])
    expect(await onDashboard(world, 'bob')).toEqual([{ status: 'absent', minutes: 0, isFinal: true, mark: null }])
    expect(await onDashboard(world, 'eve')).toMatchObject([{ status: undefined, isFinal: true }])
    expect(world.notices.map(({ type }) => type)).not.toContain('attendance-corrected')
  })

  it('follows a fact that comes late, and tells whose figures were others before', async () => {
    const world = await createWorld()
    const id = await held(world)
    await deliver(world, id, came('bob', 30), went('bob', 60))
    expect(world.notices.at(-1)).toEqual({
      type: 'attendance-corrected',
      liveClass: expect.objectContaining({ id }),
      corrections: [
        {
          userId: 'bob',
          before: { status: 'absent', minutes: 0, percentage: 0, participationScore: 0 },
          after: { status: 'partial', minutes: 30, percentage: 50, participationScore: 50 },
        },
      ],
    })
    expect(await onDashboard(world, 'bob')).toMatchObject([{ status: 'partial', minutes: 30, isFinal: true }])
    const told = world.notices.length
    await deliver(world, id, came('bob', 30))
    await deliver(world, id, closed(61))
    expect(world.notices.slice(told).filter(({ type }) => type === 'attendance-corrected')).toEqual([])
  })

  it('says that something is still to be counted, until a round or a reader has counted it', async () => {
    const world = await createWorld()
    const id = await held(world)
    const add = (person: string) =>
      world.store.transaction(tx => tx.addEvents('default', id, [{ event: came(person, 0), provenance: 'report' }]))
    await add('bob')
    expect(await onDashboard(world, 'bob')).toMatchObject([{ status: 'absent', isFinal: false }])
    expect(await world.conferencing.rounds.results()).toBe(1)
    expect(await world.conferencing.rounds.results()).toBe(0)
    expect(await onDashboard(world, 'bob')).toMatchObject([{ status: 'present', isFinal: true }])
    await add('eve')
    await world.conferencing.attendance(id)
    expect(await onDashboard(world, 'eve')).toEqual([{ status: null, minutes: 60, isFinal: true, mark: null }])
  })

  it('follows a gap that is found later', async () => {
    const world = await createWorld()
    const id = await held(world)
    const gap = { tenantId: 'default', provider: 'bbb', serverId: null, from: minute(20), to: minute(80) } as const
    await world.store.transaction(tx =>
      tx.addGap({ ...gap, cause: 'receiver_down', foundAt: new Date(world.clock.now()) }),
    )
    expect(await onDashboard(world, 'ana')).toMatchObject([{ isFinal: false }])
    await world.conferencing.rounds.results()
    const [ana] = (await world.conferencing.attendance(id)).report.rows
    expect(await world.store.read(tx => tx.listResults('default', id))).toMatchObject([
      { person: 'ana', minutes: ana?.minutes, heldMs: ana?.heldMs },
      { person: 'bob' },
    ])
    expect(await onDashboard(world, 'ana')).toMatchObject([{ isFinal: true }])
  })

  it('costs nothing while a class runs', async () => {
    let asked = 0
    const world = await createWorld({
      roster: () => {
        asked++
        return []
      },
    })
    const { id } = await world.plan()
    await world.conferencing.startClass(id, teacher)
    await deliver(world, id, opened(0), came('ana', 0), went('ana', 10))
    expect(asked).toBe(0)
    expect(await world.store.read(tx => tx.getResultsState('default', id))).toBeNull()
    await world.conferencing.endClass(id)
    expect(asked).toBe(1)
  })

  it('is made anew under other rules, and corrects nobody thereby', async () => {
    const world = await createWorld()
    const id = await held(world)
    await deliver(world, id, came('bob', 15), went('bob', 60))
    expect(await onDashboard(world, 'bob')).toMatchObject([{ status: 'late' }])
    const told = world.notices.length
    const milder = reconfigured(world, {
      attendance: { lateAfterMs: 20 * 60_000 },
      roster: () => [{ userId: 'bob', displayName: 'Bob' }],
    })
    const { completed } = await milder.dashboard({ userId: 'bob', courseIds: ['course'] })
    expect(completed).toMatchObject([{ attendance: { status: 'late' }, isFinal: false }])
    expect(await milder.rounds.results()).toBe(1)
    expect(await milder.rounds.results()).toBe(0)
    expect(await onDashboard({ ...world, conferencing: milder }, 'bob')).toMatchObject([
      { status: 'present', isFinal: true },
    ])
    expect(world.notices).toHaveLength(told)
  })

  it('may have rules of its own in each course, which change a completed class when it is looked at', async () => {
    let strict = new Set(['course'])
    const attendance = ({ courseId }: { courseId: string }) => (strict.has(courseId) ? { lateAfterMs: 60_000 } : {})
    const world = await createWorld({ attendance })
    const { conferencing, plan, clock } = world
    const { id } = await plan()
    clock.advance(hour / 2)
    await conferencing.startClass(id, teacher)
    await deliver(world, id, opened(0), came('ana', 5))
    clock.advance(hour)
    await conferencing.endClass(id)
    expect(await onDashboard(world, 'ana')).toMatchObject([{ status: 'late', isFinal: true }])
    strict = new Set()
    expect(await conferencing.rounds.results()).toBe(0)
    expect(await onDashboard(world, 'ana')).toMatchObject([{ status: 'late', isFinal: true }])
    const { options, report } = await conferencing.attendance(id)
    expect([options, report.rows[0]?.status]).toEqual([{}, 'present'])
    expect(await onDashboard(world, 'ana')).toMatchObject([{ status: 'present', isFinal: true }])
    expect(world.notices.filter(({ type }) => type === 'attendance-corrected')).toEqual([])
  })

  it('waits for a roster that cannot be read; the class is over all the same, and others have their turn', async () => {
    let fails = true
    const world = await createWorld({
      roster: () => {
        if (fails) throw new Error('the LMS is being updated')
        return [{ userId: 'ana', displayName: 'Ana Ñ' }]
      },
    })
    await held(world)
    expect(await onDashboard(world, 'ana')).toMatchObject([{ status: undefined, isFinal: false }])
    expect(await world.conferencing.rounds.results()).toBe(0)
    expect(world.log.filter(line => line.includes('attendance not kept yet'))).toHaveLength(2)
    fails = false
    expect(await world.conferencing.rounds.results()).toBe(1)
    expect(await onDashboard(world, 'ana')).toMatchObject([{ status: 'present', isFinal: true }])
  })

  it('T49 keeps its totals when somebody is erased, also when a fact comes late', async () => {
    let roster = [
      { userId: 'ana', displayName: 'Ana Ñ' },
      { userId: 'bob', displayName: 'Bob' },
    ]
    const world = await createWorld({ roster: () => roster })
    const id = await held(world)
    const before = (await world.conferencing.attendance(id)).report.totals
    await world.store.transaction(tx => tx.renamePerson('default', 'ana', 'erased-1'))
    roster = roster.slice(1)
    expect((await world.conferencing.attendance(id)).report.totals).toEqual(before)
    await deliver(world, id, closed(62))
    const kept = await world.store.read(tx => tx.listResults('default', id))
    expect(kept).toMatchObject([
      { person: 'bob', status: 'absent' },
      { person: 'erased-1', status: 'present', minutes: 60, onRoster: true, isErased: true },
    ])
    expect(world.notices.map(({ type }) => type)).not.toContain('attendance-corrected')
  })
})

describe('a mark of a teacher', () => {
  const bob = { userId: 'bob', who: 'tea' } as const

  it('stands beside the figures, which no mark changes and which change no mark', async () => {
    const world = await createWorld()
    const classId = await held(world)
    const { conferencing, clock } = world
    const made = await conferencing.markAttendance({ ...bob, classId, mark: { mark: 'excused', note: 'Doctor' } })
    const mark = { person: 'bob', mark: 'excused', note: 'Doctor', markedBy: 'tea', markedAt: new Date(clock.now()) }
    expect(made).toEqual(mark)
    await deliver(world, classId, came('bob', 30))
    const { marks, report } = await conferencing.attendance(classId)
    expect([...marks.values()]).toEqual([mark])
    expect(report.rows.find(({ person }) => person === 'bob')?.status).toBe('partial')
    expect(await onDashboard(world, 'bob')).toMatchObject([{ status: 'partial', mark: 'excused' }])
    await conferencing.markAttendance({ ...bob, classId, mark: { mark: 'late' } })
    expect(await onDashboard(world, 'bob')).toMatchObject([{ mark: 'late' }])
    await conferencing.markAttendance({ ...bob, classId, mark: null })
    await conferencing.markAttendance({ ...bob, classId, mark: null })
    expect(await onDashboard(world, 'bob')).toMatchObject([{ status: 'partial', mark: null }])
  })

  it('T52 is noted with who made it and who took it back', async () => {
    const { conferencing, store, plan } = await createWorld()
    const { id: classId } = await plan()
    await conferencing.markAttendance({ ...bob, classId, mark: { mark: 'excused' } })
    await conferencing.markAttendance({ ...bob, who: 'adi', classId, mark: null })
    await conferencing.markAttendance({ ...bob, who: 'adi', classId, mark: null })
    expect(await store.read(tx => tx.listOperations('default', 10))).toMatchObject([
      { what: 'unmark-attendance', who: 'adi', count: 1 },
      { what: 'mark-attendance', who: 'tea', count: 1 },
    ])
  })

  it('is refused for whoever is not in the class, for a class that was called off, and when it says too much', async () => {
    const { conferencing, store, plan } = await createWorld()
    const { id: classId } = await plan()
    const refusal = async (change: object): Promise<unknown> => {
      try {
        return await conferencing.markAttendance({ ...bob, classId, mark: { mark: 'late' }, ...change })
      } catch (error) {
        return error instanceof ConferencingError ? [error.code, ...Object.keys(error.details)] : error
      }
    }
    expect(await refusal({ userId: 'eve' })).toEqual(['INVALID', 'user_id'])
    expect(await refusal({ mark: { mark: 'late', note: 'x'.repeat(2001) } })).toEqual(['INVALID', 'note'])
    expect(await refusal({ mark: { mark: 'not_held' } })).toEqual(['INVALID', 'mark'])
    expect(await refusal({ classId: 'none' })).toEqual(['CLASS_NOT_FOUND', 'class_id'])
    await conferencing.cancelClass(classId)
    expect(await refusal({})).toEqual(['CONFLICT', 'class_id', 'status'])
    expect(await store.read(tx => tx.listOperations('default', 10))).toEqual([])
  })
})
