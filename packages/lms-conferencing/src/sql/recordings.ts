import type { Transaction } from 'kysely'
import type { PlaybackFormat, Recording } from '../model.ts'
import type { StoreTransaction } from '../store.ts'
import type { ChangeLog } from './changes.ts'
import type { RecordingTable, TableNames, Tables } from './schema.ts'

type RecordingQueries = Pick<StoreTransaction, 'upsertRecordings' | 'listRecordings'>

/** How many recordings go into one statement. */
const BATCH = 100

export function recordingQueries(db: Transaction<Tables>, tables: TableNames, log: ChangeLog): RecordingQueries {
  return {
    async upsertRecordings(tenantId, recordings) {
      for (let first = 0; first < recordings.length; first += BATCH) {
        // The last of several that are the same one.
        const rows = new Map(
          recordings.slice(first, first + BATCH).map(one => [keyOf(one.classId, one.recordId), toRow(tenantId, one)]),
        )
        const found = await db
          .selectFrom(tables.recordings)
          .selectAll()
          .where('tenant_id', '=', tenantId)
          .where('class_id', 'in', [...new Set([...rows.values()].map(row => row.class_id))])
          .where('record_id', 'in', [...new Set([...rows.values()].map(row => row.record_id))])
          .execute()
        const known = new Map(found.map(row => [keyOf(row.class_id, row.record_id), row]))
        // Read from the provider again and again, most lists bring nothing new.
        const changed = [...rows].flatMap(([key, row]) => {
          const before = known.get(key)
          return before && isSame(before, row) ? [] : row
        })
        if (changed.length === 0) continue
        await db
          .insertInto(tables.recordings)
          .values(changed)
          .onConflict(conflict =>
            conflict.columns(['tenant_id', 'class_id', 'record_id']).doUpdateSet(({ ref }) => ({
              name: ref('excluded.name'),
              state: ref('excluded.state'),
              published: ref('excluded.published'),
              started_at: ref('excluded.started_at'),
              ended_at: ref('excluded.ended_at'),
              duration_seconds: ref('excluded.duration_seconds'),
              size_bytes: ref('excluded.size_bytes'),
              playback: ref('excluded.playback'),
            })),
          )
          .execute()
        await log.noteAll(
          tenantId,
          changed.map(row => row.class_id),
          'recordings',
        )
      }
    },

    async listRecordings(tenantId, classId) {
      const rows = await db
        .selectFrom(tables.recordings)
        .selectAll()
        .where('tenant_id', '=', tenantId)
        .where('class_id', '=', classId)
        .orderBy('record_id')
        .execute()
      // Sorted here: databases disagree on where NULL stands.
      return rows.map(fromRow).sort((a, b) => (a.startedAt?.getTime() ?? 0) - (b.startedAt?.getTime() ?? 0))
    },
  }
}

const keyOf = (...names: readonly string[]): string => JSON.stringify(names)

/** Whether two rows say the same, whatever the order of their columns. */
function isSame(a: RecordingTable, b: RecordingTable): boolean {
  const text = (row: RecordingTable): string => JSON.stringify(Object.entries(row).sort(([x], [y]) => (x < y ? -1 : 1)))
  return text(a) === text(b)
}

const toRow = (tenantId: string, recording: Recording): RecordingTable => ({
  tenant_id: tenantId,
  class_id: recording.classId,
  record_id: recording.recordId,
  name: recording.name,
  state: recording.state,
  published: Number(recording.published),
  started_at: recording.startedAt?.getTime() ?? null,
  ended_at: recording.endedAt?.getTime() ?? null,
  duration_seconds: recording.durationSeconds,
  size_bytes: recording.sizeBytes,
  playback: JSON.stringify(recording.playback),
})

function fromRow(row: RecordingTable): Recording {
  const playback: readonly PlaybackFormat[] = JSON.parse(row.playback)
  return {
    recordId: row.record_id,
    classId: row.class_id,
    name: row.name,
    state: row.state,
    published: row.published !== 0,
    startedAt: row.started_at === null ? null : new Date(row.started_at),
    endedAt: row.ended_at === null ? null : new Date(row.ended_at),
    durationSeconds: row.duration_seconds,
    sizeBytes: row.size_bytes,
    playback,
  }
}
