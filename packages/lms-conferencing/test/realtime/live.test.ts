import { describe, expect, it } from 'vitest'
import { createApiWorld } from '../http/support.ts'
import { listedRecording } from '../support/plain-provider.ts'
import { came, went } from '../support/world.ts'
import { isLive, openDoor, openPage } from './support.ts'

async function createLiveWorld() {
  const world = await createApiWorld()
  const door = await openDoor({ conferencing: world.conferencing, ...world.ports })
  return { ...world, ...door }
}

describe('a page that follows along', () => {
  it('hears of a class from its plan to its recording, each person what is theirs', async () => {
    const { url, ask, newClass, conferencing, provider } = await createLiveWorld()
    const id = await newClass()
    const [tea, ana, list] = [
      openPage(url, 'tea', { classes: [id] }),
      openPage(url, 'ana', { classes: [id] }),
      openPage(url, 'ana', { courses: ['course-1'] }),
    ]
    for (const page of [tea, ana, list]) await isLive(page)

    await ask('tea', 'POST', `courses/live-classes/${id}/start_class/`)
    for (const page of [tea, ana, list]) {
      await page.until(() => page.messages.some(one => one.type === 'class' && one.live_class.status === 'live'))
    }
    await conferencing.receiveCallback('bbb', provider.callback({ meetingKey: `meeting-${id}` }, came('ana', -30)))
    await conferencing.rounds.callbacks()
    for (const page of [tea, ana, list]) {
      await page.until(() => page.messages.some(one => one.type === 'people' && one.people_now === 1))
    }
    await tea.until(() => tea.messages.some(one => one.type === 'attendance' && one.totals?.in_class_now === 1))
    await ana.until(() => ana.messages.some(one => one.type === 'attendance' && one.record?.in_class_now === true))
    expect(list.messages.some(({ type }) => type === 'attendance')).toBe(false)

    await conferencing.receiveCallback('bbb', provider.callback({ meetingKey: `meeting-${id}` }, went('ana', -20)))
    await conferencing.rounds.callbacks()
    provider.recorded.set(`meeting-${id}`, [listedRecording()])
    await ask('tea', 'POST', `courses/live-classes/${id}/end_class/`)
    await conferencing.rounds.recordings()
    for (const page of [tea, ana, list]) {
      await page.until(() => page.messages.some(one => one.type === 'recordings' && one.recordings.length === 1))
      await page.until(() => page.messages.some(one => one.type === 'class' && one.live_class.status === 'completed'))
    }
    await ana.until(() => ana.messages.some(one => one.type === 'attendance' && one.final))
    const all = JSON.stringify([tea.messages, ana.messages, list.messages])
    expect(all).not.toMatch(/ticket|rooms\.example\/join|attendees of|moderators of/)
  })
})
