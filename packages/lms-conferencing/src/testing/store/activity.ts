import { expect } from 'vitest'
import type { RunActivity } from '../../store.ts'
import { sampleClass } from './samples.ts'
import type { StoreTest } from './suite.ts'

const did = (talkMs: number, pollAnswers = 0) => ({ talkMs, messages: 1, raisedHands: 2, reactions: 3, pollAnswers })

const run = (instance: string, people: Readonly<Record<string, number>>, pollsPublished = 1): RunActivity => ({
  instance,
  pollsPublished,
  people: Object.entries(people).map(([person, talkMs]) => ({ person, activity: did(talkMs) })),
})

/** What the provider counted. */
export function describeActivity(test: StoreTest): void {
  test('the runs of a class are added up, and a second report of a run takes the place of the first', async store => {
    await store.transaction(async tx => {
      await tx.insertClass(sampleClass())
      expect(await tx.getActivity('school', 'class-1')).toBe(null)
      expect(await tx.putActivity('school', 'class-1', [run('i', { ana: 10, __proto: 1 }), run('j', { ana: 5 })])).toBe(
        5,
      )
      expect(await tx.putActivity('school', 'class-1', [run('i', { __proto: 1, ana: 10 })])).toBe(0)
    })
    const before = await store.read(tx => tx.getActivity('school', 'class-1'))
    expect(before?.pollsPublished).toBe(2)
    expect(before?.people.ana).toEqual({ talkMs: 15, messages: 2, raisedHands: 4, reactions: 6, pollAnswers: 0 })
    await store.transaction(tx => tx.putActivity('school', 'class-1', [run('i', { bob: 7 }, 0)]))
    const after = await store.read(tx => tx.getActivity('school', 'class-1'))
    expect(after).toMatchObject({ pollsPublished: 1, people: { ana: did(5), bob: did(7) } })
  })

  test('a run that nobody was in has been counted all the same', async store => {
    await store.transaction(async tx => {
      await tx.insertClass(sampleClass())
      await tx.putActivity('school', 'class-1', [run('i', {}, 0)])
    })
    const counted = await store.read(tx => tx.getActivity('school', 'class-1'))
    expect([counted?.pollsPublished, Object.keys(counted?.people ?? { nobody: 0 })]).toEqual([0, []])
  })

  test('T49 counters go with the name, and totals stay', async store => {
    await store.transaction(async tx => {
      await tx.insertClass(sampleClass())
      await tx.putActivity('school', 'class-1', [run('i', { ana: 10 }), run('j', { ana: 5 })])
      await tx.renamePerson('school', 'ana', 'erased-1')
    })
    const people = (await store.read(tx => tx.getActivity('school', 'class-1')))?.people
    expect([people?.ana, people?.['erased-1']?.talkMs]).toEqual([undefined, 15])
    // Reported once more, and erased once more.
    await store.transaction(async tx => {
      await tx.putActivity('school', 'class-1', [run('i', { ana: 10, 'erased-1': 3 })])
      await tx.renamePerson('school', 'ana', 'erased-1')
      expect(Object.keys((await tx.getActivity('school', 'class-1'))?.people ?? {})).toEqual(['erased-1'])
    })
  })

  test('T53 another school has counters of its own, and they go with the class', async store => {
    await store.transaction(async tx => {
      await tx.insertClass(sampleClass())
      await tx.putActivity('school', 'class-1', [run('i', { ana: 10 })])
      expect(await tx.getActivity('other', 'class-1')).toBe(null)
      await tx.renamePerson('other', 'ana', 'nobody')
      expect((await tx.getActivity('school', 'class-1'))?.people.ana?.talkMs).toBe(10)
      await tx.deleteClass('school', 'class-1')
      expect(await tx.getActivity('school', 'class-1')).toBe(null)
    })
  })
}
