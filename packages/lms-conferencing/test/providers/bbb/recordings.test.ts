import { BbbClient } from 'bbb-client'
import { FakeBbb } from 'bbb-client/testing'
import { expect, it, onTestFinished } from 'vitest'
import { bbbProvider } from '../../../src/providers/bbb/index.ts'

const secret = 'a-secret-of-thirty-two-characters'

it('BigBlueButton publishes, unpublishes and deletes one recording and no other', async () => {
  const server = await new FakeBbb({ secret }).serve({ port: 0 })
  onTestFinished(() => server.close())
  const provider = bbbProvider({ client: new BbbClient({ url: server.url, secret }) })
  const meeting = provider.planMeeting({
    classId: 'c1',
    courseId: 'physics',
    title: 'Optics',
    description: '',
    startsAt: new Date('2027-03-01T09:00:00Z'),
    durationMinutes: 60,
    record: true,
  })
  const recordId = server.fake.simulate.addRecording({ meetingID: meeting.meetingId, startTime: 1_795_000_000_000 })
  const other = server.fake.simulate.addRecording({ meetingID: meeting.meetingId, startTime: 1_795_100_000_000 })
  const listed = async () => {
    const found = await provider.recordings(meeting)
    return Object.fromEntries(found.map(recording => [recording.recordId, recording.state]))
  }
  expect(await listed()).toEqual({ [recordId]: 'published', [other]: 'published' })
  await provider.publishRecording?.(meeting, { recordId, published: false })
  expect(await listed()).toEqual({ [recordId]: 'unpublished', [other]: 'published' })
  await provider.publishRecording?.(meeting, { recordId, published: true })
  await provider.deleteRecording?.(meeting, recordId)
  expect(await listed()).toEqual({ [other]: 'published' })
  // Gone is gone.
  await provider.deleteRecording?.(meeting, recordId)
  await expect(provider.publishRecording?.(meeting, { recordId, published: true })).rejects.toMatchObject({
    code: 'MEETING_NOT_FOUND',
    provider: 'bbb',
  })
})
