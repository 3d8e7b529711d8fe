import { type ChildProcess, spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { corpus, createLms, type Expected, type Lms, sourceOf } from '../migration/corpus.ts'
import { must, scenario, type Tools } from './support/scenario.ts'

interface Size {
  readonly rows: number
  readonly kills: number
}

/** Uniform in [0, 1), the same every time. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state / 2 ** 32
  }
}

/** One life: until it is done, or killed so many words and milliseconds after its start. Answers whether it was done. */
async function live(
  url: string,
  { goal, words, ms }: { readonly goal: 'switch' | 'rollback'; readonly words: number; readonly ms: number },
  tools: Tools,
): Promise<boolean> {
  const script = join(import.meta.dirname, 'support/migration-process.ts')
  const child: ChildProcess = spawn(process.execPath, ['--conditions=lms-conferencing-source', script, url, goal], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  tools.cleanup(() => child.kill('SIGKILL'))
  let heard = 0
  let isDone = false
  if (child.stdout) {
    createInterface(child.stdout).on('line', async line => {
      if (line === 'done') isDone = true
      if (++heard !== words) return
      await sleep(ms)
      child.kill('SIGKILL')
    })
  }
  const [code, signal]: unknown[] = await exited
  must(isDone ? true : signal === 'SIGKILL', `a migration that nobody killed ended with ${String(code)}`)
  return isDone
}

/** Of all old columns of all rows, as the LMS reads them. */
const digestOf = async (lms: Lms): Promise<string> => hash('sha256', await sourceOf(lms))

/** The new columns of every row, by id. */
const migrated = (lms: Lms): Promise<(Omit<Expected, 'startsAt'> & { readonly id: string })[]> =>
  lms.query(`select cast(id as varchar(36)) as id, provider, meeting_id, moderator_password, attendee_password,
    provider_reason as reason, migration_outcome as outcome from live_classes order by id`)

export const migration = scenario<Size>({
  fault: 'F26',
  title: 'T59 a migration killed at random points, and run again: the golden rows, the source untouched',
  sizes: { small: { rows: 2000, kills: 20 }, full: { rows: 12_000, kills: 200 } },
  async run(database, { rows, kills }, tools) {
    const lms = await createLms(await database.open())
    tools.cleanup(() => lms.close())
    const golden = new Map([...corpus(rows)].map(({ old, expected }) => [old.id, expected]))
    await lms.insert(corpus(rows))
    const source = await digestOf(lms)
    const random = randomOf(26)

    let killed = 0
    let rolledBack = 0
    for (let life = 0; killed < kills; life++) {
      tools.signal.throwIfAborted()
      // Now and then all of it is taken back again, and killed in doing so.
      const goal = life % 7 === 6 ? 'rollback' : 'switch'
      const phase = await phaseOf(lms)
      if (goal === 'rollback' && (phase === null || phase === 'rolled_back')) continue
      const isUndoing = phase === 'rolling_back'
      const words = 1 + Math.floor(random() * (rows / 25 / 4))
      const isDone = await live(lms.url, { goal: isUndoing ? 'rollback' : goal, words, ms: random() * 5 }, tools)
      if (!isDone) killed++
      else if (goal === 'rollback' || isUndoing) rolledBack++
      else if (!(await live(lms.url, { goal: 'rollback', words: 2 + Math.floor(random() * 20), ms: 0 }, tools)))
        killed++
      must((await digestOf(lms)) === source, 'the old columns are what they were')
      tools.progress(`${killed} of ${kills} kills, ${rolledBack} times taken back`)
    }
    if ((await phaseOf(lms)) === 'rolling_back') await live(lms.url, { goal: 'rollback', words: -1, ms: 0 }, tools)
    must(await live(lms.url, { goal: 'switch', words: -1, ms: 0 }, tools), 'the last one is left alone')

    let wrong = 0
    const found = await migrated(lms)
    for (const { id, ...values } of found) {
      const { startsAt: _, ...expected } = golden.get(id) ?? { startsAt: null, outcome: 'nobody made this row' }
      if (Object.entries(expected).some(([name, value]) => Reflect.get(values, name) !== value)) wrong++
    }
    must((await digestOf(lms)) === source, 'the old columns are what they were')
    return {
      lost: rows - found.length,
      doubled: 0,
      wrong,
      faults: killed,
      events: found.length,
      untyped: 0,
      notes: [
        `${killed} kills, ${rolledBack} times taken back in between, source digest ${source.slice(0, 12)}… throughout`,
      ],
    }
  },
})

async function phaseOf(lms: Lms): Promise<string | null> {
  try {
    const [row] = await lms.query<{ state: string }>('select state from conferencing_migration')
    return row === undefined ? null : Object(JSON.parse(row.state)).phase
  } catch {
    // It was killed before the table was there.
    return null
  }
}
