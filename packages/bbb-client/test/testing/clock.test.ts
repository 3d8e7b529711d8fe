import { describe, expect, it } from 'vitest'
import { StoppableClock } from '../../src/testing/clock.ts'
import { ManualClock, systemClock } from '../../src/testing/index.ts'

describe('ManualClock', () => {
  it('runs what is due, in the order it is due, at the time it is due', async () => {
    const clock = new ManualClock({ startAt: 1_000 })
    const log: string[] = []
    const note = (name: string) => () => log.push(`${name} ${clock.now()}`)
    clock.setTimeout(note('late'), 50)
    clock.setTimeout(note('first'), 10)
    clock.setTimeout(note('second'), 10)
    clock.setTimeout(note('never'), 101)
    await clock.advance(100)
    expect(log).toEqual(['first 1010', 'second 1010', 'late 1050'])
    expect([clock.now(), clock.pending]).toEqual([1_100, 1])
  })

  it('runs timers that timers start, as far as they are due', async () => {
    const clock = new ManualClock({ startAt: 0 })
    const times: number[] = []
    const again = () => {
      times.push(clock.now())
      clock.setTimeout(again, 30)
    }
    clock.setTimeout(again, 30)
    await clock.advance(100)
    expect(times).toEqual([30, 60, 90])
  })

  it('lets promises settle between two timers', async () => {
    const clock = new ManualClock({ startAt: 0 })
    const log: string[] = []
    clock.setTimeout(async () => {
      for (let turns = 0; turns < 20; turns++) await undefined
      log.push('settled')
    }, 1)
    clock.setTimeout(() => log.push('next'), 2)
    await clock.advance(2)
    expect(log).toEqual(['settled', 'next'])
  })

  it('stands still while work is under way, but not for ever', async () => {
    const clock = new ManualClock({ startAt: 0, patienceMs: 20 })
    const log: string[] = []
    const work = new Promise<void>(resolve => setImmediate(() => setImmediate(resolve)))
    clock.whileBusy(work.then(() => log.push('work')))
    clock.whileBusy(Promise.reject(new Error('its own affair')))
    clock.setTimeout(() => log.push('timer'), 1)
    await clock.advance(1)
    expect(log).toEqual(['work', 'timer'])
    clock.whileBusy(new Promise(() => undefined))
    await clock.advance(1_000)
    expect(clock.now()).toBe(1_001)
  })

  it('forgets cleared timers, and takes two advances one after the other', async () => {
    const clock = new ManualClock({ startAt: 0 })
    let ran = 0
    const timer = clock.setTimeout(() => ran++, 5)
    clock.clearTimeout(timer)
    clock.setTimeout(() => ran++, 15)
    await Promise.all([clock.advance(10), clock.advance(10)])
    expect([ran, clock.now()]).toEqual([1, 20])
  })

  it('passes on what a timer throws, and goes on afterwards', async () => {
    const clock = new ManualClock({ startAt: 0 })
    clock.setTimeout(() => {
      throw new Error('from a timer')
    }, 1)
    await expect(clock.advance(1)).rejects.toThrow('from a timer')
    await clock.advance(9)
    expect(clock.now()).toBe(10)
  })
})

describe('the system clock', () => {
  it('T58 calls back, clears, and holds no process', async () => {
    const kept = process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
    const far = systemClock.setTimeout(() => undefined, 2 ** 40)
    expect(process.getActiveResourcesInfo().filter(name => name === 'Timeout').length).toBe(kept)
    systemClock.clearTimeout(far)
    await new Promise<void>(resolve => systemClock.setTimeout(resolve, -1))
    expect(systemClock.now()).toBeGreaterThan(Date.UTC(2020, 0))
  })
})

describe('StoppableClock', () => {
  it('takes every timer back, and starts none afterwards', async () => {
    const manual = new ManualClock()
    const clock = new StoppableClock(manual)
    let ran = 0
    clock.setTimeout(() => ran++, 1)
    clock.clearTimeout(clock.setTimeout(() => ran++, 1))
    await manual.advance(1)
    clock.setTimeout(() => ran++, 1)
    clock.stop()
    clock.clearTimeout(clock.setTimeout(() => ran++, 1))
    await manual.advance(10)
    expect([ran, manual.pending]).toEqual([1, 0])
  })
})
