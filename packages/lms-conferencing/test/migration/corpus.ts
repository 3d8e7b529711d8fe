import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'

/** A row of `live_classes` as the LMS had it before the move, by column. */
export interface OldRow {
  readonly id: string
  readonly course_id: string
  readonly title: string
  readonly description: string
  readonly scheduled_at: string
  readonly duration_minutes: number
  readonly status: string
  readonly zoom_meeting_id: string | null
  readonly join_url: string | null
  readonly start_url: string | null
  readonly password: string | null
  readonly recording_url: string | null
  readonly recording_password: string | null
  readonly has_recording: boolean
  readonly recording_processed: boolean
  readonly created_at: string
  readonly updated_at: string
}

/** What must become of it, written down by whoever made the row and not by the code that decides. */
export interface Expected {
  readonly outcome: 'migrated' | 'kept' | 'rejected'
  readonly reason: string
  readonly provider: 'zoom' | 'bbb' | null
  readonly meeting_id: string | null
  readonly moderator_password: string | null
  readonly attendee_password: string | null
  /** Epoch milliseconds; `null` where the row has no instant. */
  readonly startsAt: number | null
}

export interface CorpusRow {
  readonly old: OldRow
  readonly expected: Expected
}

/** The same numbers for the same seed, on any machine. */
function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0
  return below => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const NOON = Date.UTC(2026, 2, 1, 12)

type Make = (index: number, random: (below: number) => number) => { old: Partial<OldRow>; expected: Partial<Expected> }

const zoomId = (index: number): string => String(85_000_000_000 + index)
const joinUrl = (id: string): string => `https://school.zoom.us/j/${id}?pwd=QUJDREVG%2Bg`
/** Host tokens make start URLs long. */
const startUrl = (id: string, random: (below: number) => number): string =>
  `https://school.zoom.us/s/${id}?zak=eyJ${Array.from({ length: 1200 + random(2000) }, () => BASE64[random(62)]).join('')}`
const text = (random: (below: number) => number, length: number): string =>
  Array.from({ length }, () => BASE64[random(64)]).join('')

/** Every kind of row there is: ordinary ones and each edge. */
const kinds: Readonly<Record<string, Make>> = {
  planned: (index, random) => ({
    old: {
      zoom_meeting_id: zoomId(index),
      join_url: joinUrl(zoomId(index)),
      start_url: startUrl(zoomId(index), random),
    },
    expected: { meeting_id: zoomId(index), reason: 'zoom_id_and_link' },
  }),
  'planned, id alone, empty links': index => ({
    old: { zoom_meeting_id: zoomId(index), join_url: '', start_url: '' },
    expected: { meeting_id: zoomId(index), reason: 'zoom_id' },
  }),
  'over, with a recording': index => ({
    old: {
      zoom_meeting_id: zoomId(index),
      join_url: joinUrl(zoomId(index)),
      status: 'completed',
      recording_url: `https://school.zoom.us/rec/play/${index}`,
      recording_password: 'p&"\'<>',
      has_recording: true,
      recording_processed: true,
    },
    expected: { meeting_id: zoomId(index), reason: 'zoom_id_and_link', outcome: 'kept' },
  }),
  'in progress': index => ({
    old: { zoom_meeting_id: zoomId(index), join_url: joinUrl(zoomId(index)), status: 'live' },
    expected: { meeting_id: zoomId(index), reason: 'zoom_id_and_link', outcome: 'kept' },
  }),
  cancelled: index => ({
    old: { zoom_meeting_id: zoomId(index), status: 'cancelled' },
    expected: { meeting_id: zoomId(index), reason: 'zoom_id', outcome: 'kept' },
  }),
  'id beyond 2^53': () => ({
    old: { zoom_meeting_id: '9007199254740993' },
    expected: { meeting_id: '9007199254740993', reason: 'zoom_id' },
  }),
  'largest id': () => ({
    old: { zoom_meeting_id: '9223372036854775807' },
    expected: { meeting_id: '9223372036854775807', reason: 'zoom_id' },
  }),
  'UUID with / + =': (_, random) => {
    const uuid = `/+${text(random, 20)}==`
    return { old: { zoom_meeting_id: uuid }, expected: { meeting_id: uuid, reason: 'zoom_id' } }
  },
  'same meeting as its neighbours': index => ({
    old: { zoom_meeting_id: zoomId(index - (index % 1000)) },
    expected: { meeting_id: zoomId(index - (index % 1000)), reason: 'zoom_id' },
  }),
  'id only in the link, column empty': index => ({
    old: { zoom_meeting_id: '', join_url: joinUrl(zoomId(index)) },
    expected: { meeting_id: zoomId(index), reason: 'zoom_link' },
  }),
  'no id anywhere, NULL': () => ({
    old: { zoom_meeting_id: null, join_url: 'https://zoom.us/my/room.of.the.school' },
    expected: { meeting_id: null, reason: 'zoom_link' },
  }),
  'no id anywhere, empty': () => ({
    old: { zoom_meeting_id: '', join_url: 'https://zoom.us/my/room.of.the.school' },
    expected: { meeting_id: '', reason: 'zoom_link' },
  }),
  'only a recording of Zoom': index => ({
    old: { zoom_meeting_id: null, recording_url: `https://school.zoom.us/rec/share/${index}`, status: 'completed' },
    expected: { meeting_id: null, reason: 'zoom_recording', outcome: 'kept' },
  }),
  'password NULL': index => ({
    old: { zoom_meeting_id: zoomId(index), password: null },
    expected: { meeting_id: zoomId(index), reason: 'zoom_id', attendee_password: null },
  }),
  'password empty': index => ({
    old: { zoom_meeting_id: zoomId(index), password: '' },
    expected: { meeting_id: zoomId(index), reason: 'zoom_id', attendee_password: '' },
  }),
  'words that look like statements': index => ({
    old: {
      zoom_meeting_id: zoomId(index),
      title: `'; drop table live_classes; -- "${index}"`,
      description: 'Čeština, 中文, 🎓 \\ \u200b %s $1',
      password: `p'"\\$1;--`,
    },
    expected: { meeting_id: zoomId(index), reason: 'zoom_id', attendee_password: `p'"\\$1;--` },
  }),
  'BigBlueButton already': index => ({
    old: {
      zoom_meeting_id: '',
      join_url: `https://bbb.school.example/bigbluebutton/api/join?meetingID=class-${index}&fullName=x`,
    },
    expected: { provider: 'bbb', meeting_id: `class-${index}`, reason: 'bbb_link' },
  }),
  'BigBlueButton by its recording': index => ({
    old: {
      zoom_meeting_id: null,
      status: 'completed',
      recording_url: `https://bbb.school.example/playback/presentation/2.3/${index}`,
    },
    expected: { provider: 'bbb', meeting_id: null, reason: 'bbb_recording' },
  }),
  'another offset, the same instant': index => ({
    old: { zoom_meeting_id: zoomId(index), scheduled_at: '2026-03-01 17:30:00+05:30' },
    expected: { meeting_id: zoomId(index), reason: 'zoom_id', startsAt: NOON },
  }),
  'behind UTC, the same instant': index => ({
    old: { zoom_meeting_id: zoomId(index), scheduled_at: '2026-02-28T23:30:00.000-12:30' },
    expected: { meeting_id: zoomId(index), reason: 'zoom_id', startsAt: NOON },
  }),
  'nothing says who, NULL': () => ({ old: {}, expected: rejected('no_evidence') }),
  'nothing says who, empty': () => ({
    old: { zoom_meeting_id: '', join_url: '', start_url: '', recording_url: '' },
    expected: rejected('no_evidence'),
  }),
  'both say so': index => ({
    old: { zoom_meeting_id: zoomId(index), recording_url: 'https://bbb.school.example/playback/presentation/2.3/x' },
    expected: rejected('conflicting_evidence'),
  }),
  'another service': () => ({
    old: { join_url: 'https://teams.microsoft.com/l/meetup-join/19' },
    expected: rejected('unknown_service'),
  }),
  'a host that only looks like Zoom': () => ({
    old: { join_url: 'https://zoom.us.evil.example/j/85012345678' },
    expected: rejected('unknown_service'),
  }),
  'an id of no form': () => ({ old: { zoom_meeting_id: '850 1234 5678' }, expected: rejected('unknown_service') }),
  'id and link differ': index => ({
    old: { zoom_meeting_id: zoomId(index), join_url: joinUrl('89999999999') },
    expected: rejected('different_meetings'),
  }),
  'a status nobody knows': index => ({
    old: { zoom_meeting_id: zoomId(index), status: 'postponed' },
    expected: rejected('unknown_status'),
  }),
  'no length': index => ({
    old: { zoom_meeting_id: zoomId(index), duration_minutes: 0 },
    expected: rejected('unreadable_duration'),
  }),
  'id too long': () => ({ old: { zoom_meeting_id: 'x'.repeat(300) }, expected: rejected('meeting_id_too_long') }),
  'password too long': index => ({
    old: { zoom_meeting_id: zoomId(index), password: 'p'.repeat(256) },
    expected: rejected('password_too_long'),
  }),
}

export const kindNames: readonly string[] = Object.keys(kinds)

const rejected = (reason: string): Partial<Expected> => ({
  outcome: 'rejected',
  reason,
  provider: null,
  meeting_id: null,
  moderator_password: null,
  attendee_password: null,
})

/** UUIDs in no order, as LMSs have them; `part` keeps several lots apart. */
const idOf = (index: number, part: number): string => {
  const scattered = (Math.imul(index + 1, 2_654_435_761) >>> 0).toString(16).padStart(8, '0')
  return `${scattered}-${part.toString(16).padStart(4, '0')}-4000-8000-${index.toString(16).padStart(12, '0')}`
}

/** Rows `from` to `from + count`, one after the other, in constant memory. `plain`: three in four are ordinary. */
export function* corpus(
  count: number,
  { from = 0, part = 0, plain = false }: { from?: number; part?: number; plain?: boolean } = {},
): Generator<CorpusRow> {
  const makers = Object.values(kinds)
  const ordinary = makers.slice(0, 5)
  for (let index = from; index < from + count; index++) {
    const random = randomOf(index * 7919 + part)
    const lot = plain && index % 4 !== 0 ? ordinary : makers
    const make = lot[(plain ? index >> 2 : index) % lot.length]
    if (make === undefined) throw new Error('no kinds')
    const { old, expected } = make(index, random)
    const row: OldRow = {
      id: idOf(index, part),
      course_id: idOf(index % 500, 0xc0),
      title: `Lesson ${index}`,
      description: '',
      scheduled_at: '2026-03-01 12:00:00+00',
      duration_minutes: 60,
      status: 'scheduled',
      zoom_meeting_id: null,
      join_url: null,
      start_url: null,
      password: 'secret',
      recording_url: null,
      recording_password: '',
      has_recording: false,
      recording_processed: false,
      created_at: '2026-01-01 00:00:00.123456+00',
      updated_at: '2026-01-01 00:00:00.123456+00',
      ...old,
    }
    const decided = expected.outcome !== 'rejected'
    yield {
      old: row,
      expected: {
        outcome: 'migrated',
        reason: '',
        provider: 'zoom',
        meeting_id: null,
        moderator_password: '',
        attendee_password: row.password,
        startsAt: decided ? NOON : null,
        ...expected,
      },
    }
  }
}

const columns = [
  'id',
  'course_id',
  'title',
  'description',
  'scheduled_at',
  'duration_minutes',
  'status',
  'zoom_meeting_id',
  'join_url',
  'start_url',
  'password',
  'recording_url',
  'recording_password',
  'has_recording',
  'recording_processed',
  'created_at',
  'updated_at',
] as const satisfies readonly (keyof OldRow)[]

/** The LMS's side of the database: what it does with its table, whatever we do. */
export interface Lms {
  readonly url: string
  insert(rows: Iterable<CorpusRow>): Promise<void>
  query<T extends object>(statement: string, values?: readonly (string | number | null)[]): Promise<T[]>
  close(): Promise<void>
}

const ddl = (uuid: string, time: string, bool: string): string => `create table live_classes (
  id ${uuid} primary key, course_id ${uuid} not null, title varchar(200) not null, description text not null,
  scheduled_at ${time} not null, duration_minutes integer not null, status varchar(20) not null,
  zoom_meeting_id text, join_url text, start_url text, password text, recording_url text, recording_password text,
  has_recording ${bool} not null, recording_processed ${bool} not null, created_at ${time} not null, updated_at ${time} not null)`

const LOT = 500

/** SQLite's own wait would stop the process, and with it whoever holds the lock. */
async function whileLocked<T>(work: () => T): Promise<T> {
  for (;;) {
    try {
      return work()
    } catch (error) {
      if (Reflect.get(Object(error), 'errcode') !== 5) throw error
      await new Promise(resolve => setImmediate(resolve))
    }
  }
}

/** Makes the table in an empty database, as an LMS of the time made it. */
export async function createLms(url: string): Promise<Lms> {
  if (url.startsWith('sqlite:')) {
    const database = new DatabaseSync(url.slice('sqlite:'.length), { timeout: 0 })
    database.exec(ddl('char(36)', 'datetime', 'bool'))
    const insert = database.prepare(
      `insert into live_classes (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`,
    )
    return {
      url,
      async insert(rows) {
        await whileLocked(() => database.exec('begin immediate'))
        for (const { old } of rows)
          insert.run(...columns.map(name => (typeof old[name] === 'boolean' ? Number(old[name]) : old[name])))
        // Without a write-ahead log, a reader of the moment keeps it waiting.
        await whileLocked(() => database.exec('commit'))
      },
      query: <T extends object>(statement: string, values: readonly (string | number | null)[] = []) =>
        whileLocked(() => database.prepare(statement.replaceAll(/\$\d+/g, '?')).all(...values) as T[]),
      close: async () => database.close(),
    }
  }
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(ddl('uuid', 'timestamp with time zone', 'boolean'))
  const types = [
    'uuid',
    'uuid',
    'text',
    'text',
    'timestamptz',
    'int',
    ...Array(7).fill('text'),
    'boolean',
    'boolean',
    'timestamptz',
    'timestamptz',
  ]
  const statement = `insert into live_classes (${columns.join(', ')}) select * from unnest(${types.map((type, at) => `$${at + 1}::${type}[]`).join(',')})`
  const put = (lot: readonly OldRow[]) =>
    client.query(
      statement,
      columns.map(name => lot.map(row => row[name])),
    )
  return {
    url,
    async insert(rows) {
      let lot: OldRow[] = []
      for (const { old } of rows) {
        lot.push(old)
        if (lot.length < LOT) continue
        await put(lot)
        lot = []
      }
      if (lot.length > 0) await put(lot)
    },
    query: async <T extends object>(statement: string, values: readonly (string | number | null)[] = []) =>
      (await client.query(statement, [...values])).rows as T[],
    close: () => client.end(),
  }
}

/** Every old column of every row, as the LMS itself reads it. */
export async function sourceOf(lms: Lms): Promise<string> {
  const rows = await lms.query(`select ${columns.join(', ')} from live_classes order by id`)
  return JSON.stringify(rows)
}
