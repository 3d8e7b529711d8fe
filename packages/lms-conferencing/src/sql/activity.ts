import type { Transaction } from 'kysely'
import type { Activity } from '../model.ts'
import type { RunActivity, StoreTransaction } from '../store.ts'
import { makeStale } from './results.ts'
import type { ActivityTable, TableNames, Tables } from './schema.ts'

type ActivityQueries = Pick<StoreTransaction, 'putActivity' | 'getActivity'>

export function activityQueries(db: Transaction<Tables>, tables: TableNames): ActivityQueries {
  const rowsOf = (tenantId: string, classId: string) =>
    db.selectFrom(tables.activity).selectAll().where('tenant_id', '=', tenantId).where('class_id', '=', classId)

  return {
    async putActivity(tenantId, classId, runs) {
      let changed = 0
      for (const run of runs) {
        const before = await rowsOf(tenantId, classId).where('instance', '=', run.instance).execute()
        const known = new Set(before.map(contentOf))
        const rows = toRows(tenantId, classId, run)
        const news = rows.filter(row => !known.has(contentOf(row)))
        if (news.length === 0 && rows.length === before.length) continue
        changed += Math.max(1, news.length)
        await db
          .deleteFrom(tables.activity)
          .where('tenant_id', '=', tenantId)
          .where('class_id', '=', classId)
          .where('instance', '=', run.instance)
          .execute()
        for (const row of rows) await db.insertInto(tables.activity).values(row).execute()
      }
      if (changed > 0) await makeStale(db, tables, { tenantId, classId })
      return changed
    },

    async getActivity(tenantId, classId) {
      const rows = await rowsOf(tenantId, classId).execute()
      if (rows.length === 0) return null
      const people: Record<string, Activity> = Object.create(null)
      let pollsPublished = 0
      for (const row of rows) {
        if (row.person === '') pollsPublished += row.polls_published
        else people[row.person] = plus(people[row.person], row)
      }
      return { pollsPublished, people }
    },
  }
}

/** A person renamed before keeps the counters of then: those that came since are let go. */
export async function renameInActivity(
  db: Transaction<Tables>,
  tables: TableNames,
  { tenantId, from, to }: { readonly tenantId: string; readonly from: string; readonly to: string },
): Promise<void> {
  if (from === '' || to === '') return
  const rows = await db
    .deleteFrom(tables.activity)
    .where('tenant_id', '=', tenantId)
    .where('person', '=', from)
    .returningAll()
    .execute()
  for (const row of rows) {
    await db
      .insertInto(tables.activity)
      .values({ ...row, person: to })
      .onConflict(conflict => conflict.doNothing())
      .execute()
  }
}

/** The run as a whole, so that one with nobody in it is known too, then each person once. */
function toRows(tenantId: string, classId: string, { instance, pollsPublished, people }: RunActivity): ActivityTable[] {
  const key = { tenant_id: tenantId, class_id: classId, instance }
  const rows = new Map<string, ActivityTable>()
  rows.set('', { ...key, person: '', ...nothing, polls_published: pollsPublished })
  for (const { person, activity } of people) {
    if (person === '') continue
    const { talkMs, messages, raisedHands, reactions, pollAnswers } = plus(activity, rows.get(person) ?? nothing)
    rows.set(person, {
      ...key,
      person,
      polls_published: 0,
      talk_ms: talkMs,
      messages,
      raised_hands: raisedHands,
      reactions,
      poll_answers: pollAnswers,
    })
  }
  return [...rows.values()]
}

type Counters = Omit<ActivityTable, 'tenant_id' | 'class_id' | 'instance' | 'person'>

const nothing: Counters = {
  polls_published: 0,
  talk_ms: 0,
  messages: 0,
  raised_hands: 0,
  reactions: 0,
  poll_answers: 0,
}

const plus = (sum: Activity | undefined, row: Counters): Activity => ({
  talkMs: (sum?.talkMs ?? 0) + row.talk_ms,
  messages: (sum?.messages ?? 0) + row.messages,
  raisedHands: (sum?.raisedHands ?? 0) + row.raised_hands,
  reactions: (sum?.reactions ?? 0) + row.reactions,
  pollAnswers: (sum?.pollAnswers ?? 0) + row.poll_answers,
})

const contentOf = (row: ActivityTable): string =>
  JSON.stringify([
    row.person,
    row.polls_published,
    row.talk_ms,
    row.messages,
    row.raised_hands,
    row.reactions,
    row.poll_answers,
  ])
