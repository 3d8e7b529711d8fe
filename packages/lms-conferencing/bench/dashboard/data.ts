import { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import pg from 'pg'
import type { DashboardListName } from '../../src/store-results.ts'

/** When the bench takes place, in epoch milliseconds. */
export const now = Date.UTC(2027, 2, 1, 9, 30)
const COURSES_OF_A_STUDENT = 40
const CLASSES_OF_A_COURSE = 40
const COMPLETED_OF_A_COURSE = 32
/** In each course of a group; twelve or thirteen of them in a class, so that there are ten results to a class. */
const STUDENTS_OF_A_GROUP = 13
const DAY = 86_400_000
/** How many groups of courses, or students' results of classes, go into one statement: between two, Ctrl-C is heard. */
const GROUPS_AT_ONCE = 5

/**
 * Made data, and the bare SQL over it. A group is forty courses with the same students: in each course thirty-two
 * classes are over, one in ten courses has one live, and seven or eight are planned, off, or were missed.
 */
export interface BareDatabase {
  readonly classesOfGroup: number
  growTo(groups: number, progress: (classes: number) => void): Promise<void>
  /** A group of its own whose courses have had so many classes. */
  addHistory(group: number, classesOfACourse: number): Promise<void>
  coursesOf(group: number): readonly string[]
  studentOf(group: number, number: number): string
  count(): Promise<{ readonly classes: number; readonly results: number }>
  /** One page of a list and its count, in as few words as it takes; answers how many rows the page has. */
  read(list: DashboardListName, courseIds: readonly string[], person: string, limit: number): Promise<number>
  close(): Promise<void>
}

const common = {
  classesOfGroup: COURSES_OF_A_STUDENT * CLASSES_OF_A_COURSE,
  coursesOf: (group: number): readonly string[] =>
    Array.from({ length: COURSES_OF_A_STUDENT }, (_, index) => `course-${group * COURSES_OF_A_STUDENT + index}`),
  studentOf: (group: number, number: number): string => `student-${group}-${number % (STUDENTS_OF_A_GROUP - 1)}`,
} as const

/** What the two databases say differently. */
interface Words {
  /** Numbers from 0 to below a limit, as `n`. */
  numbers(limit: string): string
  /** A text as an id of 36 characters, in no order. */
  id(text: string): string
}

const columns = `tenant_id, id, course_id, teacher_id, title, description, starts_at, duration_minutes, status, provider,
  server_id, meeting_id, meeting_key, moderator_password, attendee_password, meeting_details, provisioning, record,
  has_recording, started_at, ended_at, created_at, updated_at, version`

/** Classes of the courses from one to below another, by their number in the course, as they come to be made. */
function classesSql(
  { numbers, id }: Words,
  fromCourse: number,
  toCourse: number,
  classes: number,
  done: number,
): string {
  const startsAt = `(${now} - ${9 * 3_600_000} + cast(j - ${done} as bigint) * ${DAY} + (c % 9) * 3600000)`
  const status = `case when j < ${done} then 'completed' when j = ${done} and c % 10 = 0 then 'live'
    when j = ${classes - 1} then 'cancelled' else 'scheduled' end`
  return `insert into conferencing_classes (${columns})
    select 'school', key, 'course-' || c, 'teacher-' || c, 'Lesson ' || j || ' of course ' || c,
      'What this lesson is about, in a sentence or two that people write.', starts_at, 60, status, 'none',
      'https://bbb.example', key, key, key, key, '{"createTime":"1767600000000"}', 'ready', 1, j % 2,
      case when status in ('live', 'completed') then starts_at end,
      case when status = 'completed' then starts_at + 3600000 end, starts_at - 1000, starts_at, 4
    from (
      select c, j, ${id(`c || '-' || j`)} as key, ${startsAt} as starts_at, ${status} as status
      from (select n as j from ${numbers(String(classes))}) as js,
        (select n + ${fromCourse} as c from ${numbers(String(toCourse - fromCourse))}) as cs
      order by j, c) as made`
}

const statesSql = `insert into conferencing_attendance_states
    (tenant_id, class_id, facts_version, results_version, rules, computed_at)
  select 'school', id, 40, 40, 'rules', ended_at from conferencing_classes c
  where status = 'completed' and tenant_id = 'school'
    and not exists (select 1 from conferencing_attendance_states s where s.tenant_id = 'school' and s.class_id = c.id)
  order by id`

/** Of the classes whose id begins between two letters: in the order of the key, as fast as a database can be filled. */
const resultsSql = (
  { numbers }: Words,
  from: string,
  to: string,
): string => `insert into conferencing_attendance_results
    (tenant_id, class_id, person, status, credited_ms, held_ms, minutes, percent_tenths, participation_score, late,
     left_early, confidence, provenance, on_roster, erased)
  select 'school', id, 'student-' || (course / ${COURSES_OF_A_STUDENT}) || '-' || n, 'present', 3300000 + n * 1000,
    3600000, 55, 917, 92, 0, 0, 'exact', '["webhook"]', 1, 0
  from (
    select id, has_recording, cast(substr(course_id, 8) as integer) as course from conferencing_classes c
    where tenant_id = 'school' and status = 'completed' and id >= '${from}' and id < '${to}'
      and not exists (select 1 from conferencing_attendance_results r where r.tenant_id = 'school' and r.class_id = c.id)
  ) as over, ${numbers(String(STUDENTS_OF_A_GROUP))} as people
  where n < ${STUDENTS_OF_A_GROUP - 1} or has_recording = 1
  order by id, n`

/** A database with the tables in it, told one statement at a time. */
interface Told {
  readonly words: Words
  run(sql: string): Promise<void>
  /** After many rows: what the database needs to know of them. */
  settle(): Promise<void>
}

const letters = [...'0123456789abcdef', 'g']

function making({ words, run, settle }: Told): Pick<BareDatabase, 'growTo' | 'addHistory'> {
  let groups = 0

  async function finish(): Promise<void> {
    await run(statesSql)
    for (const [index, to] of letters.entries()) {
      const from = letters[index - 1]
      if (from === undefined) continue
      await run(resultsSql(words, from, to))
      await setImmediate()
    }
    await settle()
  }

  return {
    async growTo(wanted, progress) {
      while (groups < wanted) {
        const next = Math.min(wanted, groups + GROUPS_AT_ONCE)
        const [from, to] = [groups * COURSES_OF_A_STUDENT, next * COURSES_OF_A_STUDENT]
        await run(classesSql(words, from, to, CLASSES_OF_A_COURSE, COMPLETED_OF_A_COURSE))
        await setImmediate()
        groups = next
        if (groups % 50 === 0 || groups === wanted) progress(groups * common.classesOfGroup)
      }
      await finish()
    },
    async addHistory(group, classes) {
      const from = group * COURSES_OF_A_STUDENT
      await run(classesSql(words, from, from + COURSES_OF_A_STUDENT, classes, classes - 2))
      await finish()
    },
  }
}

/** Of a list: the status of its classes, what else is asked of them, and in which direction they go. */
const lists = {
  upcoming: {
    status: 'scheduled',
    also: `and c.starts_at > ${now - DAY} and c.starts_at + c.duration_minutes * 60000 > ${now}`,
    order: 'asc',
  },
  live: { status: 'live', also: '', order: 'asc' },
  completed: { status: 'completed', also: '', order: 'desc' },
} as const

/** What a list shows of each class; `person` is the parameter with the student. */
const shown = (list: DashboardListName): string =>
  list === 'completed'
    ? `c.*, r.status as result_status, r.minutes, r.percent_tenths, r.participation_score, m.mark,
        s.results_version >= s.facts_version as is_current`
    : 'c.*'
const attended = (list: DashboardListName, person: string): string =>
  list === 'completed'
    ? `left join conferencing_attendance_states s on s.tenant_id = 'school' and s.class_id = c.id
       left join conferencing_attendance_results r
         on r.tenant_id = 'school' and r.class_id = c.id and r.person = ${person}
       left join conferencing_attendance_marks m
         on m.tenant_id = 'school' and m.class_id = c.id and m.person = ${person}`
    : `left join (select 1) as nobody on ${person} = ''`

export async function bareSqlite(path: string): Promise<BareDatabase> {
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: false })
  database.exec('pragma synchronous = off; pragma cache_size = -500000; pragma temp_store = memory')
  const words: Words = {
    numbers: limit =>
      `(with recursive r (n) as (select 0 union all select n + 1 from r where n + 1 < ${limit}) select n from r)`,
    id: text => `uuid(${text})`,
  }
  database.function('uuid', { deterministic: true }, text => idOf(String(text)))
  // With no larger cache than the store's own connection has.
  const reading = new DatabaseSync(path)
  const prepare = (list: DashboardListName) => {
    const { status, also, order } = lists[list]
    const mine = `c.tenant_id = 'school' and c.course_id = k.value and c.status = '${status}' ${also}`
    return reading.prepare(
      `select ${shown(list)}, (select count(*) from json_each(?1) k cross join conferencing_classes c where ${mine}) as total
       from json_each(?1) k
       cross join conferencing_classes c on c.rowid in (select c.rowid from conferencing_classes c where ${mine}
         order by c.starts_at ${order}, c.id ${order} limit ?3)
       ${attended(list, '?2')}
       order by c.starts_at ${order}, c.id ${order} limit ?3`,
    )
  }
  const statements = { upcoming: prepare('upcoming'), live: prepare('live'), completed: prepare('completed') }
  return {
    ...common,
    ...making({
      words,
      async run(sql) {
        database.exec(sql)
      },
      async settle() {
        database.exec('pragma wal_checkpoint(truncate)')
      },
    }),
    async count() {
      const count = (table: string): number =>
        Number(database.prepare(`select count(*) as n from conferencing_${table}`).get()?.n)
      return { classes: count('classes'), results: count('attendance_results') }
    },
    async read(list, courseIds, person, limit) {
      return statements[list].all(JSON.stringify(courseIds), person, limit).length
    },
    async close() {
      reading.close()
      database.close()
    },
  }
}

/** FNV-1a four times over, in the form of a UUID. */
function idOf(text: string): string {
  let id = ''
  for (let part = 0; part < 4; part++) {
    let hash = 0x811c9dc5 ^ part
    for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
    id += ((hash ^ (hash >>> 13)) >>> 0).toString(16).padStart(8, '0')
  }
  return id.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

export async function barePostgres(url: string): Promise<BareDatabase> {
  const client = new pg.Client({ connectionString: url })
  // A server that is stopped, as by Ctrl-C, says so to whoever is connected.
  client.on('error', () => {})
  await client.connect()
  await client.query(`set session_replication_role = replica; set synchronous_commit = off`)
  const words: Words = {
    numbers: limit => `(select generate_series(0, ${limit} - 1) as n)`,
    id: text => `md5(${text})::uuid::text`,
  }
  const byList = new Map<DashboardListName, string>()
  for (const list of ['upcoming', 'live', 'completed'] as const) {
    const { status, also, order } = lists[list]
    const mine = `c.tenant_id = 'school' and c.course_id = k.course_id and c.status = '${status}' ${also.replace('60000', '60000::bigint')}`
    const courses = 'unnest($1::text[]) as k (course_id)'
    byList.set(
      list,
      `select ${shown(list)}, (select count(*) from ${courses}, conferencing_classes c where ${mine}) as total
       from (
         select c.id from ${courses} cross join lateral (
           select c.id, c.starts_at from conferencing_classes c where ${mine}
           order by c.starts_at ${order}, c.id ${order} limit $3) c
         order by c.starts_at ${order}, c.id ${order} limit $3) page
       join conferencing_classes c on c.tenant_id = 'school' and c.id = page.id
       ${attended(list, '$2::text')}
       order by c.starts_at ${order}, c.id ${order}`,
    )
  }
  return {
    ...common,
    ...making({
      words,
      async run(sql) {
        await client.query(sql)
      },
      async settle() {
        await client.query('vacuum analyze')
      },
    }),
    async count() {
      const count = async (table: string): Promise<number> =>
        Number((await client.query<{ n: string }>(`select count(*) as n from conferencing_${table}`)).rows[0]?.n)
      return { classes: await count('classes'), results: await count('attendance_results') }
    },
    async read(list, courseIds, person, limit) {
      const { rows } = await client.query(byList.get(list) ?? '', [courseIds, person, limit])
      return rows.length
    },
    async close() {
      await client.end()
    },
  }
}
