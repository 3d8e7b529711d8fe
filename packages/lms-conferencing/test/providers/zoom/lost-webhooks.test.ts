import { describe, expect, it, onTestFinished } from 'vitest'
import { gapText } from '../../../src/attendance/index.ts'
import { createConferencing } from '../../../src/conferencing.ts'
import type { Participant } from '../../../src/model.ts'
import type { CallbackRequest } from '../../../src/provider.ts'
import { openStore } from '../../../src/sql/index.ts'
import { promptly, zoomWorld } from '../../support/zoom-under-test.ts'

const minuteMs = 60_000
const person = (userId: string, role: Participant['role'] = 'attendee'): Participant => ({
  userId,
  displayName: userId,
  role,
})

/** A class on Zoom, on one clock; while our receiver is down Zoom gets no answer, and calls again by its own schedule. */
async function school() {
  let isUp = true
  const isLost = { next: false }
  const world = zoomWorld({
    send: async ({ headers, body }) => {
      if (isLost.next) return { status: 200, body: '' }
      if (!isUp) throw new Error('connection refused')
      const request: CallbackRequest = { method: 'POST', target: '/api/v1/classes/zoom-webhook/9f2c4e', headers, body }
      const answer = await conferencing.receiveCallback('zoom', request)
      return { status: 200, body: answer ?? '' }
    },
  })
  const { clock, fake, provider } = world
  const store = await openStore('sqlite::memory:')
  const startsAt = Math.ceil(clock.now() / minuteMs) * minuteMs
  const conferencing = createConferencing({
    providers: { zoom: provider },
    store,
    clock: promptly(clock),
    random: () => 0,
    roster: () => ['ana', 'bob'].map(userId => ({ userId, displayName: userId })),
  })
  onTestFinished(async () => {
    await fake.close()
    await store.close()
  })
  if (!(await fake.subscribe('https://school.example/api/v1/classes/zoom-webhook/9f2c4e'))) throw new Error('challenge')

  async function goTo(minutes: number): Promise<void> {
    while (clock.now() < startsAt + minutes * minuteMs) {
      await clock.advance(minuteMs - ((clock.now() - startsAt) % minuteMs))
      await fake.idle()
      if (!isUp) continue
      await conferencing.rounds.callbacks()
      await conferencing.rounds.heartbeat()
      await conferencing.rounds.close()
      await conferencing.rounds.reconcile()
    }
  }
  async function lesson(durationMinutes: number) {
    const { id } = await conferencing.createClass({
      courseId: 'physics',
      teacherId: 'tea',
      title: 'Waves',
      startsAt: new Date(startsAt),
      durationMinutes,
    })
    await goTo(0)
    await conferencing.rounds.heartbeat()
    const { joinUrl } = await conferencing.startClass(id, person('tea', 'moderator'))
    fake.visit(joinUrl)
    await fake.idle()
    return id
  }
  async function join(classId: string, userId: string) {
    const { joinUrl } = await conferencing.joinInfo(classId, person(userId))
    if (joinUrl === null) throw new Error('no way in')
    return fake.visit(joinUrl)
  }
  return {
    fake,
    conferencing,
    goTo,
    lesson,
    join,
    minute: (minutes: number): number => startsAt + minutes * minuteMs,
    up: (value: boolean): void => {
      isUp = value
    },
    /** Zoom takes what it sends meanwhile for delivered. */
    async lose(during: () => void): Promise<void> {
      isLost.next = true
      during()
      await fake.idle()
      isLost.next = false
    },
  }
}

const clock = (time: number): string => new Date(time).toISOString().slice(11, 16)

describe('webhooks of Zoom that were lost', () => {
  it('A class whose webhooks were lost while nobody listened shows a gap with provenance, then is repaired by the participant report, and the report says so (F10)', async () => {
    const { fake, conferencing, goTo, lesson, join, minute, up } = await school()
    const id = await lesson(180)
    await join(id, 'ana')
    const bob = await join(id, 'bob')
    await goTo(20)
    up(false)
    bob.leave()
    await goTo(140)
    up(true)
    await goTo(141)
    const live = await conferencing.attendance(id)
    // Zoom calls again for 85 minutes: what happened in the last ones before we were back is not lost.
    const [gap] = live.report.gaps
    expect(gap).toMatchObject({ from: minute(20), to: minute(141 - 85), cause: 'receiver_down', state: 'open' })
    expect(live.report.totals.blindMs).toBe(36 * minuteMs)
    expect(live.report.rows.find(row => row.person === 'bob')).toMatchObject({ inClassNow: true })

    await goTo(180)
    await conferencing.endClass(id)
    await fake.idle()
    await goTo(191)
    const { report } = await conferencing.attendance(id)
    expect(report.gaps).toMatchObject([{ state: 'repaired', repairedBy: ['report'] }])
    expect(report.gaps.map(one => gapText(one, { time: clock }))).toEqual([
      `Callbacks were lost from ${clock(minute(20))} to ${clock(minute(56))} (our receiver was down); repaired by the provider's participant report.`,
    ])
    expect(report.rows.filter(row => row.onRoster)).toMatchObject([
      { person: 'ana', minutes: 180, confidence: 'exact', provenance: ['report', 'webhook'] },
      { person: 'bob', minutes: 20, confidence: 'exact', provenance: ['report', 'webhook'] },
    ])
    expect(report.totals.blindMs).toBe(0)
  })

  it('F11 one that Zoom takes for delivered is made good within ten minutes of the meeting', async () => {
    const { fake, conferencing, goTo, lesson, join, lose } = await school()
    const id = await lesson(60)
    await join(id, 'ana')
    const bob = await join(id, 'bob')
    await goTo(30)
    await lose(() => bob.leave())
    await goTo(60)
    await conferencing.endClass(id)
    await fake.idle()
    await conferencing.rounds.callbacks()
    const before = await conferencing.attendance(id)
    expect(before.report.rows[1]).toMatchObject({ person: 'bob', minutes: 60, confidence: 'imputed' })
    await goTo(70)
    const { report } = await conferencing.attendance(id)
    expect(report.rows[1]).toMatchObject({
      person: 'bob',
      minutes: 30,
      confidence: 'exact',
      provenance: ['report', 'webhook'],
    })
    expect(report).toMatchObject({ gaps: [], contradictions: [] })
  })
})
