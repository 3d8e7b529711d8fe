import { createHash } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { adoptClasses, expandTable, runMigration } from '../../src/migration/index.ts'
import { openStore } from '../../src/sql/index.ts'
import { onEachDatabase } from '../support/databases.ts'
import { corpus, kindNames, sourceOf } from './corpus.ts'
import { lmsWith } from './support.ts'

const ROWS = kindNames.length * 2

onEachDatabase(({ open }) => {
  test('T60 every row with a provider becomes a class of the store, with its instant, link and passwords; the rows stay as they are', async () => {
    const { lms, options } = await lmsWith(await open(), corpus(ROWS))
    const store = await openStore(await open())
    onTestFinished(() => store.close())
    await expandTable(options)
    const adopt = { ...options, store }
    expect(await adoptClasses(adopt)).toMatchObject({ adopted: 0, undecided: ROWS })
    await runMigration(options)
    const source = await sourceOf(lms)
    const rows = [...corpus(ROWS)]
    const decided = rows.filter(({ expected }) => expected.outcome !== 'rejected')
    expect(await adoptClasses({ ...adopt, dryRun: true })).toMatchObject({ adopted: decided.length })
    expect(await store.read(tx => tx.listClasses({ tenantId: 'default' }))).toEqual([])

    const result = await adoptClasses(adopt)
    expect(result).toMatchObject({
      isComplete: true,
      adopted: decided.length,
      undecided: ROWS - decided.length,
      already: 0,
    })
    // Ids that several rows name: two fixed ones twice, and the one that neighbours share.
    expect(result.shared).toBeGreaterThan(0)
    for (const { old, expected } of decided) {
      const row = await store.read(tx => tx.getClass('default', old.id))
      expect(row).toMatchObject({
        liveClass: {
          title: old.title,
          description: old.description,
          courseId: old.course_id,
          durationMinutes: 60,
          status: old.status,
          provider: expected.provider,
          meetingId: expected.meeting_id ?? '',
          hasRecording: old.recording_url !== null && old.recording_url !== '',
        },
        meeting: { serverId: 'default' },
      })
      // A room that is still to be opened gets the passwords nobody has written down; two that differ.
      const { moderatorPassword, attendeePassword } = row?.meeting ?? {}
      if (expected.provider === 'bbb' && old.status === 'scheduled') {
        expect(moderatorPassword).toMatch(/^[\w-]{24}$/)
        expect(attendeePassword).not.toBe(moderatorPassword)
        const meetingId = expected.meeting_id ?? ''
        expect(row?.meeting.meetingKey).toBe(createHash('sha1').update(meetingId).digest('hex'))
      } else {
        expect({ moderatorPassword, attendeePassword }).toEqual({
          moderatorPassword: '',
          attendeePassword: expected.attendee_password ?? '',
        })
        expect(['', expected.meeting_id]).toContain(row?.meeting.meetingKey)
      }
      expect(row?.liveClass.startsAt.getTime()).toBe(expected.startsAt)
      const recordings = await store.read(tx => tx.listRecordings('default', old.id))
      expect(recordings.map(({ playback }) => playback[0]?.url)).toEqual(old.recording_url ? [old.recording_url] : [])
    }
    expect(await sourceOf(lms)).toBe(source)
    expect(await adoptClasses(adopt)).toMatchObject({ adopted: 0, already: decided.length, shared: 0 })
    expect(await adoptClasses({ ...adopt, dryRun: true })).toMatchObject({ adopted: 0, already: decided.length })
  })
})
