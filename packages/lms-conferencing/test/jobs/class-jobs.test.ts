import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { openStore } from 'lms-conferencing/sql'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createConferencing } from '../../src/conferencing.ts'
import { storeJobs } from '../../src/jobs/store-jobs.ts'
import type { ConferencingOptions } from '../../src/options.ts'
import type { Store } from '../../src/store.ts'
import { sampleClass } from '../../src/testing/store/samples.ts'
import type { Notice } from '../../src/use-cases/notice.ts'
import { temporaryDirectory } from '../sql/support.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { listedRecording, PlainProvider, unavailable } from '../support/plain-provider.ts'
import { memoryLogger, morning, retryAfterMs, startsAt, teacher } from '../support/world.ts'

const minute = 60_000
const leaseMs = 30_000

/** Several processes over one file and one provider. One that is left alone has died; one with a clock of its own may stand still. */
function createProcesses(options: Partial<ConferencingOptions> = {}) {
  const url = `sqlite:${join(temporaryDirectory(), 'lms.db')}`
  const clock = new ManualClock(morning)
  const provider = new PlainProvider()
  const notices: Notice[] = []
  const log: string[] = []
  return {
    clock,
    provider,
    log,
    told: (): readonly string[] => notices.map(({ type }) => type),
    async process(ownClock = clock) {
      const store = await openStore(url)
      const conferencing = createConferencing({
        providers: { bbb: provider },
        store,
        clock: ownClock,
        random: () => 0,
        jobs: storeJobs({ leaseMs }),
        notify: notice => void notices.push(notice),
        logger: memoryLogger(log),
        ...options,
      })
      onTestFinished(async () => {
        await conferencing.stop()
        await store.close()
      })
      return {
        store,
        conferencing,
        plan: (changes = {}) =>
          conferencing.createClass({ courseId: 'course', teacherId: 'tea', title: 'Lesson', startsAt, ...changes }),
      }
    },
  }
}

/** Stands still in the middle of a call until it is let go. */
function stopIn(provider: PlainProvider, call: string): { readonly reached: Promise<void>; goOn(): void } {
  const reached = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  provider.failNext(call, () => {
    reached.resolve()
    return gate.promise
  })
  return { reached: reached.promise, goOn: gate.resolve }
}

const jobsOf = async (store: Store): Promise<readonly string[]> =>
  (await store.read(tx => tx.listJobs('default'))).map(({ name }) => name).filter(name => name !== 'sweep')

describe('making meetings', () => {
  test('F19 create ran, the process died before its answer: one meeting, same id and passwords, ready after the restart', async () => {
    const { clock, provider, process, told } = createProcesses()
    const one = await process()
    const row = Promise.withResolvers<string>()
    provider.failNext('openMeeting', () => {
      row.resolve('sent')
      return new Promise(() => {})
    })
    void one.plan()
    await row.promise
    const [pending] = await one.store.read(tx => tx.listClasses({ tenantId: 'default' }))
    const { liveClass, meeting } = pending ?? sampleClass()
    provider.rooms.set(meeting.meetingId, { instance: 'run-1', people: new Set() })

    const other = await process()
    expect(await other.conferencing.rounds.provision(), 'the request has not had its time').toBe(0)
    clock.advance(retryAfterMs)
    expect(await other.conferencing.rounds.provision()).toBe(1)
    const ready = await other.store.read(tx => tx.getClass('default', liveClass.id))
    expect(ready?.liveClass).toMatchObject({ provisioning: 'ready', meetingId: meeting.meetingId })
    expect(ready?.meeting).toEqual({ ...meeting, details: { run: 'run-1' } })
    expect(provider.rooms.size).toBe(1)
    expect(told()).toEqual(['class-ready'])
  })

  test('pauses outlive the process that made them', async () => {
    const { clock, provider, process } = createProcesses()
    provider.failNext('openMeeting', ...Array.from({ length: 4 }, () => unavailable()))
    await (await process()).plan()
    const attempts: number[] = []
    for (let second = 0; second < 30; second++) {
      const before = provider.calls.length
      await (await process()).conferencing.rounds.provision()
      if (provider.calls.length > before) attempts.push(second)
      clock.advance(1000)
    }
    expect(attempts).toEqual([6, 9, 14, 24])
  })

  test('F25 a process that stood still for longer than its lease makes no second effect', async () => {
    const { clock, provider, process, told, log } = createProcesses()
    const one = await process(new ManualClock(morning))
    const { id } = await one.conferencing.createClass(
      { courseId: 'course', teacherId: 'tea', title: 'Lesson', startsAt },
      { provision: 'later' },
    )
    const stopped = stopIn(provider, 'openMeeting')
    const late = one.conferencing.rounds.provision()
    await stopped.reached
    const other = await process()
    expect(await other.conferencing.rounds.provision()).toBe(0)
    clock.advance(leaseMs)
    expect(await other.conferencing.rounds.provision()).toBe(1)
    const ready = await other.store.read(tx => tx.getClass('default', id))
    stopped.goOn()
    expect(await late).toBe(0)
    expect(await other.store.read(tx => tx.getClass('default', id))).toEqual(ready)
    expect(told()).toEqual(['class-ready'])
    expect(log.join('\n')).toContain('job is done by another process')
  })

  test('a class given another plan while its room is made waits until the provider has heard of that', async () => {
    const { provider, clock, process } = createProcesses()
    const { conferencing } = await process()
    const stopped = stopIn(provider, 'openMeeting')
    const creating = conferencing.createClass({ courseId: 'course', teacherId: 'tea', title: 'Lesson', startsAt })
    await stopped.reached
    const [planned] = await conferencing.listClasses()
    const other = await process()
    provider.failNext('openMeeting', unavailable())
    await other.conferencing.updateClass(planned?.id ?? '', { title: 'Another lesson' })
    stopped.goOn()
    expect(await creating).toMatchObject({ title: 'Another lesson', provisioning: 'pending' })
    clock.advance(retryAfterMs)
    expect(await other.conferencing.rounds.provision()).toBe(1)
    expect(await conferencing.getClass(planned?.id ?? '')).toMatchObject({ provisioning: 'ready' })
    expect(provider.calls).toHaveLength(3)
  })

  test('a class that is gone, or needs nothing any more, costs no call', async () => {
    const { provider, clock, process } = createProcesses()
    const { conferencing, store, plan } = await process()
    provider.failNext('openMeeting', unavailable(), unavailable(), unavailable())
    const [gone, cancelled, made] = [await plan(), await plan(), await plan()]
    await store.transaction(tx => tx.deleteClass('default', gone.id))
    await conferencing.cancelClass(cancelled.id)
    await conferencing.createMeeting(made.id)
    const before = provider.calls.length
    clock.advance(retryAfterMs)
    expect(await conferencing.rounds.provision()).toBe(0)
    expect(provider.calls).toHaveLength(before)
    expect(await jobsOf(store)).not.toContain('provision')
  })
})

describe('awaiting recordings', () => {
  test('F25 a late list overwrites nothing, and nobody is told twice', async () => {
    const { provider, clock, process, told } = createProcesses()
    const slowClock = new ManualClock(morning)
    const one = await process(slowClock)
    const { id, meetingId } = await one.plan()
    await one.conferencing.startClass(id, teacher)
    await one.conferencing.endClass(id)
    const stopped = stopIn(provider, 'recordings')
    provider.recorded.set(meetingId, [listedRecording({ state: 'processing', published: false })])
    const late = one.conferencing.rounds.recordings()
    await stopped.reached
    clock.advance(leaseMs)
    provider.recorded.set(meetingId, [listedRecording()])
    const other = await process()
    expect(await other.conferencing.rounds.recordings()).toBe(1)
    provider.recorded.set(meetingId, [listedRecording({ state: 'processing', published: false })])
    stopped.goOn()
    expect(await late).toBe(0)
    const [kept] = await other.store.read(tx => tx.listRecordings('default', id))
    expect(kept).toMatchObject({ published: true, state: 'published' })
    expect(told().filter(type => type === 'recording-ready')).toHaveLength(1)
  })

  test('a class that is not recorded is not asked for', async () => {
    const { process } = createProcesses()
    const { conferencing, store, plan } = await process()
    const { id } = await plan({ record: false })
    await conferencing.startClass(id, teacher)
    await conferencing.endClass(id)
    expect(await jobsOf(store)).not.toContain('recordings')
  })
})

describe('announcing classes', () => {
  const announced = (notices: readonly string[]): number => notices.filter(type => type === 'class-reminder').length

  test('a class is announced a quarter of an hour before it starts, once over processes and restarts', async () => {
    const { clock, process, told } = createProcesses()
    const { plan } = await process()
    await plan()
    clock.advance(15 * minute - 1)
    expect(await (await process()).conferencing.rounds.remind()).toBe(0)
    clock.advance(1)
    const processes = [await process(), await process(), await process()]
    await Promise.all(processes.map(({ conferencing }) => conferencing.rounds.remind()))
    clock.advance(minute)
    expect(await (await process()).conferencing.rounds.remind()).toBe(0)
    expect(announced(told())).toBe(1)
  })

  test('a class that is moved is announced for its new time, and only then', async () => {
    const { clock, process, told } = createProcesses()
    const { conferencing, plan } = await process()
    const { id } = await plan()
    const sooner = await plan({ startsAt: new Date(startsAt.getTime() + 6 * 60 * minute) })
    await conferencing.updateClass(sooner.id, { startsAt: new Date(startsAt.getTime() + minute) })
    clock.advance(16 * minute)
    expect(await conferencing.rounds.remind()).toBe(2)
    await conferencing.updateClass(id, { startsAt: new Date(startsAt.getTime() + 60 * minute) })
    expect(await conferencing.rounds.remind()).toBe(0)
    clock.advance(60 * minute)
    expect(await conferencing.rounds.remind()).toBe(1)
    expect(announced(told())).toBe(3)
  })

  test('one that has begun, was cancelled, or started while nobody was there is not announced', async () => {
    const { clock, process, told } = createProcesses()
    const { conferencing, plan } = await process()
    const [begun, cancelled] = [await plan(), await plan()]
    await conferencing.startClass(begun.id, teacher)
    await conferencing.cancelClass(cancelled.id)
    clock.advance(20 * minute)
    expect(await conferencing.rounds.remind()).toBe(0)
    await plan({ startsAt: new Date(startsAt.getTime() + 60 * minute) })
    clock.advance(120 * minute)
    expect(await conferencing.rounds.remind()).toBe(0)
    expect(announced(told())).toBe(0)
  })

  test('how long before is for the platform to say, never included', async () => {
    const early = createProcesses({ reminderMinutes: 25 })
    const one = await early.process()
    await one.plan()
    early.clock.advance(5 * minute)
    expect(await one.conferencing.rounds.remind()).toBe(1)

    const never = createProcesses({ reminderMinutes: 0 })
    const other = await never.process()
    await other.plan()
    expect(await jobsOf(other.store)).toEqual(['provision'])
    expect(() =>
      createConferencing({ providers: { bbb: never.provider }, store: other.store, reminderMinutes: -1 }),
    ).toThrow(/reminderMinutes/)
  })
})

describe('the sweep', () => {
  test('puts what the state asks for and that is not there, and leaves alone what is', async () => {
    const { clock, provider, process } = createProcesses()
    const { conferencing, store } = await process()
    const pending = { tenantId: 'default', provider: 'bbb', startsAt, provisioning: 'pending' } as const
    const over = { ...pending, provisioning: 'ready', status: 'completed', endedAt: new Date(morning) } as const
    await store.transaction(async tx => {
      await tx.insertClass(sampleClass({ ...pending, id: 'imported' }))
      await tx.insertClass(sampleClass({ ...over, id: 'over' }))
      await tx.insertClass(sampleClass({ ...over, id: 'seen', hasRecording: true }))
      await tx.putJob('default', { name: 'remind', key: 'imported', dueAt: new Date(startsAt.getTime() - minute) })
    })
    expect(await conferencing.rounds.sweep()).toBe(3)
    const jobs = (await store.read(tx => tx.listJobs('default'))).map(
      ({ name, key, dueAt }) => `${name} ${key} ${dueAt.toISOString()}`,
    )
    expect(jobs).toEqual([
      `provision imported ${new Date(morning).toISOString()}`,
      `recordings over ${new Date(morning).toISOString()}`,
      'remind imported 2027-03-01T08:59:00.000Z',
    ])
    expect(await conferencing.rounds.provision()).toBe(1)
    expect(provider.rooms.size).toBe(1)
    clock.advance(minute)
    expect(await conferencing.rounds.provision()).toBe(0)
  })

  test('every round repeats in the process that is there', async () => {
    const { clock, provider, process } = createProcesses()
    const { conferencing, store } = await process()
    const first = Promise.withResolvers<void>()
    const second = Promise.withResolvers<void>()
    provider.failNext('keepCallbacks', first.resolve, second.resolve)
    conferencing.start()
    await first.promise
    let isRepeated = false
    void second.promise.then(() => {
      isRepeated = true
    })
    while (!isRepeated) {
      // Each look ends with a timer for the next one.
      await setImmediate()
      clock.advance(1_000)
    }
    await conferencing.stop()
    expect(clock.waiting).toBe(0)
    const names = (await store.read(tx => tx.listJobs('default'))).map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['close', 'keepCallbacks', 'results', 'retention', 'sweep']))
  })
})
