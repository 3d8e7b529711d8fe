import { describe, expect, it } from 'vitest'
import type { ConferencingOptions } from '../../src/options.ts'
import { listedRecording, PlainProvider, unavailable } from '../support/plain-provider.ts'
import { createWorld, teacher } from '../support/world.ts'

/** A class that is over, with a recording that has been seen. */
async function withRecording(
  changes: Parameters<typeof listedRecording>[0] = {},
  provider = new PlainProvider(),
  options: Partial<ConferencingOptions> = {},
) {
  const world = await createWorld({ providers: { bbb: provider }, ...options })
  const { id, meetingId } = await world.plan()
  await world.conferencing.startClass(id, teacher)
  await world.conferencing.endClass(id)
  provider.recorded.set(meetingId, [listedRecording(changes)])
  await world.conferencing.recordings(id)
  return { ...world, provider, id }
}

describe('changing a recording', () => {
  it('publishes and unpublishes at the provider, and keeps what became of it', async () => {
    const { conferencing, provider, id, notices, clock } = await withRecording({
      published: false,
      state: 'unpublished',
    })
    expect((await conferencing.getClass(id)).hasRecording).toBe(false)
    const shown = await conferencing.publishRecording(id, { recordId: 'record-1', published: true })
    expect(shown).toMatchObject({ recordId: 'record-1', published: true, state: 'published' })
    expect((await conferencing.getClass(id)).hasRecording).toBe(true)
    expect(notices.at(-1)).toMatchObject({ type: 'recording-ready', recording: { recordId: 'record-1' } })

    await conferencing.publishRecording(id, { recordId: 'record-1', published: false })
    clock.advance(60_000)
    expect(await conferencing.recordings(id)).toMatchObject([{ published: false, state: 'unpublished' }])
    expect((await conferencing.getClass(id)).hasRecording).toBe(false)
    expect(provider.calls.filter(call => call === 'publishRecording')).toHaveLength(2)
  })

  it('does nothing when it is so already', async () => {
    const { conferencing, provider, id } = await withRecording()
    await conferencing.publishRecording(id, { recordId: 'record-1', published: true })
    expect(provider.calls).not.toContain('publishRecording')
  })

  it('T54 deletes by name alone, keeps the row, and is done once', async () => {
    const { conferencing, provider, id, clock } = await withRecording()
    for (let times = 0; times < 2; times++) {
      expect(await conferencing.deleteRecording(id, 'record-1')).toMatchObject({ state: 'deleted', published: false })
    }
    clock.advance(60_000)
    expect(await conferencing.recordings(id)).toMatchObject([{ recordId: 'record-1', state: 'deleted' }])
    expect((await conferencing.getClass(id)).hasRecording).toBe(false)
    expect(provider.calls.filter(call => call === 'deleteRecording')).toHaveLength(1)
    await expect(conferencing.publishRecording(id, { recordId: 'record-1', published: true })).rejects.toMatchObject({
      code: 'CONFLICT',
      details: { from: 'deleted', to: 'published' },
    })
  })

  it('leaves one alone that is being processed, naming both ends', async () => {
    const { conferencing, provider, id } = await withRecording({ published: false, state: 'processing' })
    const publish = conferencing.publishRecording(id, { recordId: 'record-1', published: true })
    await expect(publish).rejects.toMatchObject({ code: 'CONFLICT', details: { from: 'processing', to: 'published' } })
    await expect(conferencing.deleteRecording(id, 'record-1')).rejects.toMatchObject({
      code: 'CONFLICT',
      details: { from: 'processing', to: 'deleted' },
    })
    expect(provider.calls).not.toContain('deleteRecording')
  })

  it('changes nothing here when the provider does not answer', async () => {
    const { conferencing, provider, id } = await withRecording()
    provider.failNext('deleteRecording', unavailable())
    await expect(conferencing.deleteRecording(id, 'record-1')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await conferencing.recordings(id)).toMatchObject([{ state: 'published' }])
  })

  it('knows no recording that was never listed', async () => {
    const { conferencing, provider, id } = await withRecording()
    const other = await conferencing.createClass({
      courseId: 'c',
      teacherId: 'tea',
      title: 'Other',
      startsAt: new Date('2027-03-01'),
    })
    for (const [classId, recordId] of [
      [id, 'record-2'],
      [other.id, 'record-1'],
    ] as const) {
      await expect(conferencing.deleteRecording(classId, recordId)).rejects.toMatchObject({
        code: 'RECORDING_NOT_FOUND',
      })
    }
    await expect(conferencing.deleteRecording('nothing', 'record-1')).rejects.toMatchObject({ code: 'CLASS_NOT_FOUND' })
    expect(provider.calls).not.toContain('deleteRecording')
  })

  it('says so where the provider cannot', async () => {
    const { conferencing, id } = await withRecording({}, new PlainProvider({ publishRecordings: false }))
    await expect(conferencing.deleteRecording(id, 'record-1')).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      userMessage: expect.stringContaining('its own pages'),
    })
  })
})
