import { describe, expect, it } from 'vitest'
import type { AttendanceEvent } from '../../src/model.ts'
import type { ReconcileProgress } from '../../src/use-cases/reconcile.ts'
import { refusal, unavailable } from '../support/plain-provider.ts'
import { came, closed, createWorld, minute, opened, teacher, type World, went } from '../support/world.ts'

function goTo({ clock }: Pick<World, 'clock'>, minutes: number): void {
  clock.advance(minute(minutes) - clock.now())
}

/** A class that was held from 0 to 60, of which the callbacks said this, and the provider's own record says that. */
async function held(said: readonly AttendanceEvent[], record: readonly AttendanceEvent[] | null = null) {
  const world = await createWorld()
  const { id } = await world.plan()
  goTo(world, 0)
  await world.conferencing.startClass(id, teacher)
  const row = await world.store.read(tx => tx.getClass('default', id))
  if (!row) throw new Error('no such class')
  world.provider.reports.set(row.meeting.meetingId, record)
  await world.conferencing.receiveCallback('bbb', world.provider.callback(row.meeting, ...said))
  await world.conferencing.rounds.callbacks()
  goTo(world, 60)
  await world.conferencing.endClass(id)
  const asked = () => world.provider.calls.filter(call => call === 'report').length
  const kept = () => world.store.read(tx => tx.getReconciliation('default', id))
  return {
    ...world,
    id,
    asked,
    kept,
    report: (facts: readonly AttendanceEvent[] | null) => world.provider.reports.set(row.meeting.meetingId, facts),
  }
}

const whole = [opened(0), came('ana', 0), came('bob', 0), went('ana', 60), went('bob', 60), closed(60)]

describe('a class is compared with its provider’s own record', () => {
  it('half an hour after its end, once, and another process knows', async () => {
    const world = await held(whole, whole)
    for (const at of [64, 70, 89]) {
      goTo(world, at)
      expect(await world.conferencing.rounds.reconcile()).toBe(0)
    }
    expect(world.asked()).toBe(0)
    goTo(world, 90)
    expect(await world.conferencing.rounds.reconcile()).toBe(1)
    for (const at of [91, 120, 1500]) {
      goTo(world, at)
      expect(await world.conferencing.rounds.reconcile()).toBe(0)
    }
    expect(world.asked()).toBe(1)
    expect(await world.kept()).toMatchObject({ state: 'done', hasReport: true, added: 0, at: new Date(minute(90)) })
    const { report } = await world.conferencing.attendance(world.id)
    expect(report.rows[0]).toMatchObject({ provenance: ['report', 'webhook'] })
  })

  it('F11 five minutes after its end where a leave was lost: repaired within ten, and said to be from the report', async () => {
    const said = whole.filter(event => !(event.type === 'left' && event.session === 'session-bob'))
    const world = await held(said, [...said, went('bob', 40)])
    const before = await world.conferencing.attendance(world.id)
    expect(before.report.rows[1]).toMatchObject({ person: 'bob', minutes: 60, confidence: 'imputed' })
    goTo(world, 65)
    expect(await world.conferencing.rounds.reconcile()).toBe(1)
    const { report } = await world.conferencing.attendance(world.id)
    expect(report.rows[1]).toMatchObject({
      person: 'bob',
      status: 'partial',
      minutes: 40,
      confidence: 'exact',
      provenance: ['report', 'webhook'],
    })
    expect(world.notices).toContainEqual(
      expect.objectContaining({
        type: 'attendance-corrected',
        corrections: [
          expect.objectContaining({ userId: 'bob', after: expect.objectContaining({ status: 'partial' }) }),
        ],
      }),
    )
    // Reports may change for a while: once more after half an hour.
    goTo(world, 90)
    expect(await world.conferencing.rounds.reconcile()).toBe(1)
    expect(await world.kept()).toMatchObject({ state: 'done', added: 1, attempts: 2 })
  })

  it('again with growing pauses while a report is missing that something depends on, for a day', async () => {
    const world = await held([opened(0), came('ana', 0), closed(60)])
    const at: number[] = []
    for (let now = 64; now < 60 + 26 * 60; now++) {
      goTo(world, now)
      const before = world.asked()
      await world.conferencing.rounds.reconcile()
      if (world.asked() > before) at.push(now)
    }
    expect(at.slice(0, 8)).toEqual([65, 66, 68, 72, 80, 96, 128, 188])
    expect(at.at(-1)).toBeLessThan(60 + 25 * 60)
    expect(await world.kept()).toMatchObject({ state: 'done', hasReport: false })
    world.report(whole)
    await world.conferencing.reconcile(world.id)
    const { report } = await world.conferencing.attendance(world.id)
    expect(report.rows.map(({ minutes, confidence }) => [minutes, confidence])).toEqual([
      [60, 'exact'],
      [60, 'exact'],
    ])
  })

  it('again when the provider does not answer; a silent one is asked once in a round', async () => {
    const world = await held(whole, whole)
    const { id } = await world.plan()
    await world.conferencing.startClass(id, teacher)
    await world.conferencing.endClass(id)
    goTo(world, 95)
    world.provider.failNext('report', unavailable())
    expect(await world.conferencing.rounds.reconcile()).toBe(0)
    expect(world.asked()).toBe(1)
    expect(await world.kept()).toMatchObject({ state: 'waiting', attempts: 1, nextAt: new Date(minute(96)) })
    goTo(world, 96)
    world.provider.failNext('report', refusal)
    expect(await world.conferencing.rounds.reconcile()).toBe(1)
    goTo(world, 98)
    expect(await world.conferencing.rounds.reconcile()).toBe(1)
    expect(await world.kept()).toMatchObject({ state: 'done', hasReport: true })
  })

  it('once more when lost callbacks become known after it was done', async () => {
    const world = await held(whole, whole)
    goTo(world, 90)
    await world.conferencing.rounds.reconcile()
    goTo(world, 91)
    // The registration was last known to be well in the middle of the class.
    await world.store.transaction(tx => tx.setLastWell('default', 'callbacks bbb plain-1', new Date(minute(30))))
    world.provider.registered = 'created'
    await world.conferencing.rounds.keepCallbacks()
    const gaps = (await world.conferencing.attendance(world.id)).report.gaps
    expect(gaps).toMatchObject([{ to: minute(60), state: 'repaired', repairedBy: ['report'] }])
    expect(await world.conferencing.rounds.reconcile()).toBe(1)
  })

  it('lets go of looks at the room that say nothing more, and remembers the time they cover', async () => {
    const world = await createWorld()
    const { id } = await world.plan()
    goTo(world, 0)
    await world.conferencing.startClass(id, teacher)
    const row = await world.store.read(tx => tx.getClass('default', id))
    if (!row) throw new Error('no such class')
    const tell = async (...events: AttendanceEvent[]): Promise<void> => {
      await world.conferencing.receiveCallback('bbb', world.provider.callback(row.meeting, ...events))
      await world.conferencing.rounds.callbacks()
    }
    await tell(opened(0, 'run-1'), came('ana', 0, 'run-1'))
    world.provider.rooms.get(row.meeting.meetingId)?.people.add('ana')
    for (let at = 1; at < 60; at++) {
      goTo(world, at)
      await world.conferencing.rounds.snapshots()
    }
    goTo(world, 60)
    await tell(went('ana', 60, 'run-1'), closed(60, 'run-1'))
    await world.conferencing.endClass(id)
    const looks = async () =>
      (await world.store.read(tx => tx.listEvents('default', id))).filter(({ event }) => event.type === 'snapshot')
    const before = await world.conferencing.attendance(id)
    expect(await looks()).toHaveLength(59)
    goTo(world, 90)
    await world.conferencing.rounds.reconcile()
    expect(await looks()).toHaveLength(0)
    const after = await world.conferencing.attendance(id)
    expect(after.result).toEqual(before.result)
    expect(await world.store.read(tx => tx.getReconciliation('default', id))).toMatchObject({
      watched: [[minute(0), minute(60)]],
    })
    await world.store.transaction(tx =>
      tx.addGap({
        ...{ tenantId: 'default', provider: 'bbb', serverId: null, foundAt: new Date(minute(95)) },
        ...{ from: minute(10), to: minute(20), cause: 'receiver_down' },
      }),
    )
    expect((await world.conferencing.attendance(id)).report.gaps).toMatchObject([
      { state: 'repaired', repairedBy: ['snapshot'] },
    ])
  })

  it('by hand: says what was found, and a class that runs is still compared after it', async () => {
    const world = await held(
      [opened(0), came('ana', 0), went('ana', 20), closed(60)],
      [opened(0), came('ana', 0), went('ana', 45), closed(60)],
    )
    const found = await world.conferencing.reconcile(world.id)
    expect(found).toMatchObject({
      classId: world.id,
      hasReport: true,
      added: 1,
      gaps: [],
      contradictions: [{ person: 'ana', differenceMs: 25 * 60_000 }],
    })
    await expect(world.conferencing.reconcile('nobody')).rejects.toMatchObject({ code: 'CLASS_NOT_FOUND' })
    const { id } = await world.plan({ startsAt: new Date(minute(60)) })
    await world.conferencing.startClass(id, teacher)
    expect(await world.conferencing.reconcile(id)).toMatchObject({ hasReport: false, added: 0 })
    expect(await world.store.read(tx => tx.getReconciliation('default', id))).toBeNull()
  })

  it('all since a moment, with progress, going on where one provider fails', async () => {
    const world = await held(whole, [...whole, came('eva', 10), went('eva', 20)])
    const { id } = await world.plan({ startsAt: new Date(minute(30)) })
    await world.conferencing.startClass(id, teacher)
    await world.conferencing.endClass(id)
    world.provider.failNext('report', unavailable())
    const progress: ReconcileProgress[] = []
    const first = await world.conferencing.reconcileSince({
      since: new Date(minute(0)),
      onProgress: one => void progress.push(one),
    })
    expect(first).toEqual({ classes: 2, added: 0, failed: [world.id] })
    expect(progress).toMatchObject([
      { done: 1, total: 2, classId: world.id, found: null, error: { code: 'UNAVAILABLE' } },
      { done: 2, total: 2, classId: id, error: null },
    ])
    expect(await world.conferencing.reconcileSince({ since: new Date(minute(0)) })).toMatchObject({
      added: 2,
      failed: [],
    })
    expect(await world.conferencing.reconcileSince({ since: new Date(minute(61)) })).toMatchObject({ classes: 0 })
  })
})
