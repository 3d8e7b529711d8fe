import type { Transaction } from 'kysely'
import type { TableNames, Tables } from '../schema.ts'

/** Classes that share one meeting are asked for by it. */
export async function sharedMeetings({ schema }: Transaction<Tables>, tables: TableNames): Promise<void> {
  await schema
    .createIndex(`${tables.classes}_by_meeting_id`)
    .on(tables.classes)
    .columns(['tenant_id', 'provider', 'meeting_id', 'starts_at'])
    .execute()
}
