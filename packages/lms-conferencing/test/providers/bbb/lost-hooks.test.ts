import { describe, expect, it } from 'vitest'
import { attendanceCsv, attendanceTimeline, type ClassGap, gapText } from '../../../src/attendance/index.ts'
import type { LiveClass } from '../../../src/model.ts'
import { bbbSchool } from '../../support/bbb-school.ts'

type School = Awaited<ReturnType<typeof bbbSchool>>

const clock = (time: number): string => new Date(time).toISOString().slice(11, 16)
const sentences = (gaps: readonly ClassGap[]): string[] => gaps.map(gap => gapText(gap, { time: clock }))
const minutesOf = async (school: School, { id }: LiveClass): Promise<Record<string, number>> => {
  const { report } = await school.running().attendance(id)
  return Object.fromEntries(report.rows.map(({ person, minutes }) => [person, minutes]))
}

/**
 * Ana is there for the hour. From 20 to 40 the webhooks service has forgotten our hook, and takes no new one; Bob leaves
 * at 25, Cho comes at 30 and leaves at 55.
 */
async function untilFortyOne(looks: boolean) {
  const school = await bbbSchool()
  const liveClass = await school.lesson()
  school.join(liveClass, 'ana')
  const bob = school.join(liveClass, 'bob')
  await school.goTo(20, { looks })
  school.fake.simulate.restartWebhooks()
  school.fake.faults.add({ kind: 'status', status: 502, call: 'hooks/list', times: 3 })
  await school.goTo(25, { looks })
  school.fake.simulate.leave(bob)
  await school.goTo(30, { looks })
  const cho = school.join(liveClass, 'cho')
  await school.goTo(41, { looks })
  return { school, liveClass, cho }
}

async function toTheEnd(
  { school, liveClass, cho }: Awaited<ReturnType<typeof untilFortyOne>>,
  looks: boolean,
): Promise<void> {
  await school.goTo(55, { looks })
  school.fake.simulate.leave(cho)
  await school.goTo(60, { looks })
  await school.running().endClass(liveClass.id)
  await school.clock.advance(5_000)
  await school.work({ looks })
}

describe('hooks that were lost', () => {
  it('A class whose hooks were lost for 20 minutes in the middle shows a gap with provenance, then is repaired by report, and the report says so', async () => {
    const scene = await untilFortyOne(false)
    const { school, liveClass } = scene
    const live = await school.running().attendance(liveClass.id)
    expect(live.report.gaps).toEqual([
      {
        from: school.minute(20),
        to: school.minute(40),
        cause: 'hook_lost',
        state: 'open',
        repairedBy: [],
        blind: [[school.minute(20), school.minute(40)]],
      },
    ])
    expect(sentences(live.report.gaps)).toEqual([
      'Callbacks were lost from 09:20 to 09:40 (hook lost); this time counts for nobody.',
    ])
    expect(live.report.totals.blindMs).toBe(20 * 60_000)
    // Nobody is taken to have left: of the minutes we know, all have been there for all.
    expect(live.report.rows.filter(({ person }) => person === 'ana' || person === 'bob')).toMatchObject([
      { person: 'ana', minutes: 21, provenance: ['webhook'] },
      { person: 'bob', minutes: 21 },
    ])
    expect(school.notices).toContainEqual(
      expect.objectContaining({
        type: 'gap-found',
        gap: { from: school.minute(20), to: school.minute(40), cause: 'hook_lost' },
      }),
    )

    await toTheEnd(scene, false)
    const { report, result } = await school.running().attendance(liveClass.id)
    expect(report.gaps).toMatchObject([{ state: 'repaired', repairedBy: ['report'], blind: [] }])
    const sentence =
      'Callbacks were lost from 09:20 to 09:40 (hook lost); repaired by the provider&#39;s participant report.'
    expect(sentences(report.gaps)).toEqual([sentence.replace('&#39;', "'")])
    expect(await minutesOf(school, liveClass)).toMatchObject({ ana: 60, bob: 25, cho: 25 })
    expect(report.rows.map(({ person, provenance, confidence }) => [person, provenance, confidence])).toEqual([
      ['ana', ['report', 'webhook'], 'exact'],
      ['bob', ['report', 'webhook'], 'exact'],
      ['cho', ['report', 'webhook'], 'exact'],
    ])
    expect(report).toMatchObject({ contradictions: [], totals: { blindMs: 0, heldMs: 60 * 60_000 } })
    const roster = report.rows.map(({ person }) => ({ person, name: person }))
    const held = {
      scheduledStart: school.minute(0),
      plannedMs: 60 * 60_000,
      startedAt: school.minute(0),
      endedAt: school.minute(60),
    }
    expect(attendanceTimeline({ title: 'Waves', class: held, result, roster, gaps: report.gaps })).toContain(sentence)
    expect(attendanceCsv(report.rows, { gaps: report.gaps })).toContain('hook_lost repaired report')
  })

  it('A class whose hooks were lost for 20 minutes in the middle shows a gap with provenance, then is repaired by snapshot, and the report says so', async () => {
    const scene = await untilFortyOne(true)
    const { school, liveClass } = scene
    const { report } = await school.running().attendance(liveClass.id)
    expect(report.gaps).toMatchObject([
      { from: school.minute(20), to: school.minute(40), state: 'repaired', repairedBy: ['snapshot'], blind: [] },
    ])
    expect(sentences(report.gaps)).toEqual([
      'Callbacks were lost from 09:20 to 09:40 (hook lost); repaired by looking at the room every minute.',
    ])
    expect(report.totals.blindMs).toBe(0)
    // To the minute: rooms are looked at once in each.
    expect(await minutesOf(school, liveClass)).toMatchObject({ ana: 41, bob: 25, cho: 10 })
    expect(report.rows.map(({ person, inClassNow, provenance }) => [person, inClassNow, provenance])).toEqual([
      ['ana', true, ['snapshot', 'webhook']],
      ['bob', false, ['snapshot', 'webhook']],
      ['cho', true, ['snapshot']],
    ])

    await toTheEnd(scene, true)
    const final = await school.running().attendance(liveClass.id)
    expect(final.report.gaps).toMatchObject([{ state: 'repaired' }])
    expect(await minutesOf(school, liveClass)).toMatchObject({ ana: 60, bob: 25, cho: 25 })
  })

  it('looks at the room alone give the same minutes, where the server writes no report', async () => {
    const school = await bbbSchool({ reports: false })
    const liveClass = await school.lesson()
    const bob = school.join(liveClass, 'bob')
    school.join(liveClass, 'ana')
    await school.goTo(20)
    school.fake.simulate.restartWebhooks()
    school.fake.faults.add({ kind: 'status', status: 502, call: 'hooks/list', times: 3 })
    await school.goTo(25)
    school.fake.simulate.leave(bob)
    await school.goTo(30)
    const cho = school.join(liveClass, 'cho')
    await school.goTo(55)
    school.fake.simulate.leave(cho)
    await school.goTo(60)
    await school.running().endClass(liveClass.id)
    await school.goTo(95)
    const { report } = await school.running().attendance(liveClass.id)
    expect(report.gaps).toMatchObject([{ state: 'repaired', repairedBy: ['snapshot'] }])
    expect(report.rows.map(({ person, minutes, confidence }) => [person, minutes, confidence])).toEqual([
      ['ana', 60, 'exact'],
      ['bob', 25, 'exact'],
      ['cho', 24, 'exact'],
    ])
  })
})

describe('F10 a receiver that was down', () => {
  it.each([
    { name: '6 minutes', length: 6, duration: 60 },
    { name: '3 hours', length: 180, duration: 300 },
  ])(
    '$name: the hook is back five minutes after it, who is still there is found, what nobody knows is a gap',
    async ({ length, duration }) => {
      const school = await bbbSchool({ webhooks: { failedHooksGo: 'at-once' } })
      const liveClass = await school.lesson(duration)
      school.join(liveClass, 'ana')
      const bob = school.join(liveClass, 'bob')
      await school.goTo(10)
      await school.down()
      // Something to call about, and to give up.
      await school.clock.advance(30_000)
      school.fake.simulate.leave(bob)
      await school.goTo(11)
      school.join(liveClass, 'cho')
      const back = 10 + length
      await school.goTo(back)
      expect((await school.client.hooks.list()).length).toBe(0)
      await school.up()
      await school.goTo(back + 5)
      expect((await school.client.hooks.list()).map(({ callbackURL }) => callbackURL)).toEqual([school.callbackUrl])

      const live = await school.running().attendance(liveClass.id)
      const rows = Object.fromEntries(live.report.rows.map(row => [row.person, row]))
      // Those who are there were found by asking, the one who is not has not been there since he was last seen.
      expect(rows.ana).toMatchObject({ inClassNow: true, lateByMs: 0 })
      expect(rows.bob).toMatchObject({ inClassNow: false })
      expect(rows.cho).toMatchObject({ inClassNow: true, provenance: expect.arrayContaining(['snapshot']) })
      expect(live.report.gaps[0]).toMatchObject({ from: school.minute(10), cause: 'receiver_down', state: 'open' })
      const { gaps } = live.report
      expect(gaps.at(-1)?.to).toBeLessThanOrEqual(school.minute(back + 5))
      // A gap has a start and an end, and is nobody's absence: Ana has been there for all of the time that is known.
      const blindMs = live.report.totals.blindMs
      expect(blindMs).toBeGreaterThan(0)
      expect(rows.ana?.creditedMs).toBe(live.result.heldMs)
      expect(live.result.heldMs + blindMs).toBe(school.minute(back + 5) - school.minute(0))
      expect(rows.cho?.lateByMs).toBe(10 * 60_000)

      // In the end BigBlueButton's own record tells of everything.
      await school.goTo(duration)
      await school.running().endClass(liveClass.id)
      await school.goTo(duration + 6)
      const { report } = await school.running().attendance(liveClass.id)
      expect(report.gaps.every(({ state, repairedBy }) => state === 'repaired' && repairedBy[0] === 'report')).toBe(
        true,
      )
      expect(await minutesOf(school, liveClass)).toMatchObject({ ana: duration, bob: 10, cho: duration - 11 })
    },
  )

  it('3 hours, where the webhooks service still calls: a gap that ends with what it sends again', async () => {
    const school = await bbbSchool()
    const liveClass = await school.lesson(300)
    school.join(liveClass, 'ana')
    await school.goTo(10)
    await school.down()
    await school.goTo(187)
    const bob = school.join(liveClass, 'bob')
    await school.goTo(189)
    school.fake.simulate.leave(bob)
    await school.goTo(190)
    await school.up()
    await school.goTo(195)
    const { report } = await school.running().attendance(liveClass.id)
    expect(report.gaps).toMatchObject([
      { from: school.minute(10), to: school.minute(190) - 295_600, cause: 'receiver_down', state: 'open' },
    ])
    // Nobody looked, and nobody needed to: what happened in the last minutes came after all.
    expect(report.rows.find(({ person }) => person === 'bob')).toMatchObject({ minutes: 2, provenance: ['webhook'] })
  })

  it('4 minutes: BigBlueButton calls again, and there is no gap', async () => {
    const school = await bbbSchool({ webhooks: { failedHooksGo: 'at-once' } })
    const liveClass = await school.lesson()
    school.join(liveClass, 'ana')
    const bob = school.join(liveClass, 'bob')
    await school.goTo(11)
    await school.down()
    school.fake.simulate.leave(bob)
    await school.goTo(15)
    await school.up()
    await school.goTo(21)
    const { report } = await school.running().attendance(liveClass.id)
    expect(report.gaps).toEqual([])
    expect(await minutesOf(school, liveClass)).toMatchObject({ ana: 21, bob: 11 })
  })
})

describe('F11 a callback that the sender takes for delivered', () => {
  it('is made good within ten minutes of the meeting, from what BigBlueButton wrote down', async () => {
    const school = await bbbSchool()
    const liveClass = await school.lesson()
    school.join(liveClass, 'ana')
    const bob = school.join(liveClass, 'bob')
    await school.goTo(19, { looks: false })
    // 401 counts as delivered: what is sent meanwhile is lost, and the hook stays.
    await school.refuse(async () => {
      school.fake.simulate.leave(bob)
      await school.clock.advance(1_000)
      await school.fake.idle()
    })
    await school.goTo(59, { looks: false })
    const before = await school.running().attendance(liveClass.id)
    expect(before.report.gaps).toEqual([])
    expect(before.report.rows.find(({ person }) => person === 'bob')).toMatchObject({ inClassNow: true })
    await school.goTo(60, { looks: false })
    await school.running().endClass(liveClass.id)
    await school.goTo(70, { looks: false })
    const { report } = await school.running().attendance(liveClass.id)
    expect(report.rows.find(({ person }) => person === 'bob')).toMatchObject({
      minutes: 19,
      confidence: 'exact',
      provenance: ['report', 'webhook'],
    })
    // That he had not left was assumed; nobody said so.
    expect(report.contradictions).toEqual([])
  })
})
