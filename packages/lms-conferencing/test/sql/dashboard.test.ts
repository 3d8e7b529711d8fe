import { DatabaseSync } from 'node:sqlite'
import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import { openStore } from 'lms-conferencing/sql'
import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type BareDatabase, barePostgres, bareSqlite, now } from '../../bench/dashboard/data.ts'
import { createConferencing } from '../../src/conferencing.ts'
import type { ConferenceProvider } from '../../src/provider.ts'
import { dashboardSql } from '../../src/sql/dashboard.ts'
import { type Tables, tableNames } from '../../src/sql/schema.ts'
import type { DashboardListName } from '../../src/store-results.ts'
import { onEachDatabase } from '../support/databases.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { PlainProvider } from '../support/plain-provider.ts'

const all: readonly DashboardListName[] = ['upcoming', 'live', 'completed']
const page = 20
/** How many classes each of the forty courses with a long history has had. */
const history = 80

const sqlite = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: db => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
})
const postgres = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: db => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

function statement(bare: BareDatabase, group: number, lists: readonly DashboardListName[]) {
  const who = { tenantId: 'school', person: bare.studentOf(group, 1), courseIds: bare.coursesOf(group) }
  const query = { ...who, lists, now: new Date(now), rules: 'rules', limit: page, offset: 0 }
  const tables = tableNames('conferencing_')
  return {
    sqlite: dashboardSql(query, { tables }).compile(sqlite),
    postgres: dashboardSql(query, { tables, schema: 'public' }).compile(postgres),
  }
}

/** A provider that fails whatever it is asked. */
const unasked: ConferenceProvider = new Proxy(new PlainProvider({ name: 'none' }), {
  get(provider, key) {
    if (key === 'name') return provider.name
    throw new Error(`asked for ${String(key)}`)
  },
})

describe('a dashboard among many classes', () => {
  onEachDatabase(({ name, open }) => {
    async function filled() {
      const url = await open()
      const statements: string[] = []
      const store = await openStore(url, { onStatement: ({ sql }) => statements.push(sql) })
      const bare = await (name === 'SQLite' ? bareSqlite(url.slice('sqlite:'.length)) : barePostgres(url))
      onTestFinished(async () => {
        await bare.close()
        await store.close()
      })
      await bare.growTo(2, () => {})
      await bare.addHistory(2, history)
      return { url, store, bare, statements }
    }

    test('is one statement for any list, asks no provider and no roster, and computes nothing', async () => {
      const { store, bare, statements } = await filled()
      const conferencing = createConferencing({
        providers: { none: unasked },
        store,
        tenantId: 'school',
        clock: new ManualClock(new Date(now)),
        roster: () => {
          throw new Error('asked for the roster')
        },
      })
      const [courseIds, userId] = [bare.coursesOf(1), bare.studentOf(1, 1)]
      for (const status of [...all, 'all', undefined] as const) {
        statements.length = 0
        const found = await conferencing.dashboard({ userId, courseIds, status })
        expect(statements).toHaveLength(1)
        if (status === undefined) {
          expect(found.counts).toEqual({ upcoming: 240, live: 4, completed: 1280 })
          expect([found.upcoming.length, found.live.length, found.completed.length]).toEqual([page, 4, page])
          expect(found.completed.map(({ attendance }) => attendance?.minutes)).toEqual(new Array(page).fill(55))
        }
      }
    })

    test('reads one index for what it chooses and counts, and opens only what it shows', async () => {
      const { url, bare } = await filled()
      for (const lists of [...all.map(list => [list]), all]) {
        if (name === 'SQLite') expectIndexesOnly(sqlitePlan(url, statement(bare, 1, lists).sqlite))
        else {
          for (const group of [1, 2]) {
            const plan = await postgresPlan(url, statement(bare, group, lists).postgres)
            expect(
              plan.filter(({ type, table }) => type === 'Seq Scan' && table !== 'conferencing_attendance_marks'),
            ).toEqual([])
            // Counting is by index; beside it, each course gives a page twice, however long its history.
            const counted = plan.filter(({ isCount }) => isCount)
            for (const { type, index } of counted) {
              expect([type, index]).toEqual(['Index Only Scan', 'conferencing_classes_by_course_status'])
            }
            const read = plan.filter(({ isCount }) => !isCount).reduce((sum, { rows }) => sum + rows, 0)
            expect(read).toBeLessThanOrEqual(lists.length * (2 * 40 * page + 4 * page))
          }
        }
      }
    })
  })
})

function sqlitePlan(
  url: string,
  { sql, parameters }: { sql: string; parameters: readonly unknown[] },
): readonly string[] {
  const database = new DatabaseSync(url.slice('sqlite:'.length), { readOnly: true })
  try {
    const values = parameters.map(value => (typeof value === 'number' ? value : String(value)))
    const steps = database.prepare(`explain query plan ${sql}`).all(...values)
    return steps.map(({ detail }) => String(detail))
  } finally {
    database.close()
  }
}

/** Every look at a table is a search by key; classes are chosen from the one index without opening them. */
function expectIndexesOnly(plan: readonly string[]): void {
  const looks = plan.filter(step => /^(SEARCH|SCAN) [csrm]\b/.test(step))
  expect(looks.filter(step => step.startsWith('SCAN'))).toEqual([])
  const [shown, chosen] = [
    looks.filter(step => step.endsWith('LEFT-JOIN')),
    looks.filter(step => !step.endsWith('LEFT-JOIN')),
  ]
  expect(shown.filter(step => !/\((tenant_id=\? AND )(id|class_id)=\?/.test(step))).toEqual([])
  const byCourse =
    'USING COVERING INDEX conferencing_classes_by_course_status (tenant_id=? AND course_id=? AND status=?'
  expect(chosen.filter(step => !step.includes(byCourse))).toEqual([])
  expect(chosen.length).toBeGreaterThanOrEqual(3)
  // One sort for each list, of what the courses give, and one for all that is shown.
  const sorts = plan.filter(step => step.includes('TEMP B-TREE')).length
  expect(sorts).toBe(chosen.length / 3 + 1)
}

interface PlanNode {
  readonly type: string
  readonly table: string | undefined
  readonly index: string | undefined
  readonly isCount: boolean
  /** In all loops together. */
  readonly rows: number
}

async function postgresPlan(
  url: string,
  { sql, parameters }: { sql: string; parameters: readonly unknown[] },
): Promise<readonly PlanNode[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    // Small tables would be read whole; where that goes on, there is no index to use.
    await client.query('set enable_seqscan = off')
    const { rows } = await client.query(`explain (analyze, format json) ${sql}`, [...parameters])
    return scansOf(rows[0]['QUERY PLAN'][0].Plan, false)
  } finally {
    await client.end()
  }
}

// biome-ignore lint/suspicious/noExplicitAny: the shape is the database's, and what is not there fails the test
function scansOf(node: any, inAggregate: boolean): readonly PlanNode[] {
  const below = (node.Plans ?? []).flatMap((child: unknown) => scansOf(child, node['Node Type'] === 'Aggregate'))
  if (node['Relation Name'] === undefined) return below
  const rows = node['Actual Rows'] * node['Actual Loops']
  const scan = { type: node['Node Type'], table: node['Relation Name'], index: node['Index Name'], rows }
  return [{ ...scan, isCount: inAggregate }, ...below]
}
