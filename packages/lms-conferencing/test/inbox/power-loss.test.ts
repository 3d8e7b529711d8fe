import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openStore } from 'lms-conferencing/sql'
import { describe, expect, test } from 'vitest'
import { temporaryDirectory } from '../sql/support.ts'

const CALLBACKS = 300
const CUTS = 100

/** What the process did to its files, in order, as the kernel saw it; and what it promised to the outside. */
type Step =
  | { readonly kind: 'write'; readonly file: string; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly file: string; readonly length: number }
  | { readonly kind: 'sync'; readonly file: string }
  | { readonly kind: 'ack'; readonly number: number }

const canTrace =
  process.platform === 'linux' &&
  spawnSync('strace', ['-qq', '-o', '/dev/null', '-e', 'trace=none', process.execPath, '--version']).status === 0

/** Only the first thread is followed: SQLite runs on it, and so do the acknowledgements. */
function traced(directory: string): readonly Step[] {
  const log = join(directory, 'trace')
  const script = join(import.meta.dirname, 'acknowledging-process.ts')
  const calls = 'trace=write,pwrite64,ftruncate,fsync,fdatasync'
  const strace = ['-qq', '-y', '-xx', '-s', '1000000', '-o', log, '-e', calls, '-e', 'signal=none']
  const child = [
    process.execPath,
    '--conditions=lms-conferencing-source',
    script,
    `sqlite:${join(directory, 'lms.db')}`,
  ]
  const { status, stderr } = spawnSync('strace', [...strace, ...child, String(CALLBACKS)], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`the traced process failed: ${stderr}`)
  return readFileSync(log, 'latin1')
    .split('\n')
    .flatMap(line => stepOf(line) ?? [])
}

function stepOf(line: string): Step | undefined {
  const call = /^(?<name>\w+)\((?<fd>\d+)<(?<path>[^>]*)>(?:, (?<rest>.*))?\) += (?<result>\d+)/.exec(line)?.groups
  if (!call) return undefined
  const { name = '', rest = '' } = call
  const file =
    unescaped(call.path ?? '')
      .toString()
      .split('/')
      .at(-1) ?? ''
  if (name === 'write') {
    const number = /^ack (\d+)\n$/.exec(textOf(rest).toString())?.[1]
    return number === undefined ? undefined : { kind: 'ack', number: Number(number) }
  }
  if (file !== 'lms.db' && file !== 'lms.db-wal') return undefined
  if (name === 'ftruncate') return { kind: 'truncate', file, length: Number(rest) }
  if (name === 'pwrite64') return { kind: 'write', file, at: Number(rest.split(', ').at(-1)), bytes: textOf(rest) }
  return { kind: 'sync', file }
}

const textOf = (rest: string): Buffer => unescaped(rest.slice(1, rest.lastIndexOf('"')))
const unescaped = (text: string): Buffer => Buffer.from(text.replaceAll('\\x', ''), 'hex')

type Change = Exclude<Step, { kind: 'sync' | 'ack' }>

/** A disk that keeps what was synced, and may or may not keep the rest. */
class Disk {
  readonly #synced = new Map<string, Buffer>()
  #pending: Change[] = []

  take(step: Step): void {
    if (step.kind === 'ack') return
    if (step.kind !== 'sync') {
      this.#pending.push(step)
      return
    }
    for (const change of this.#pending) if (change.file === step.file) apply(this.#synced, change)
    this.#pending = this.#pending.filter(change => change.file !== step.file)
  }

  unsynced(file: string): number {
    return this.#pending.filter(change => change.file === file).length
  }

  /** The files after the power went: of what was not synced, every n-th change made it; none when `n` is 0. */
  after(n: number): ReadonlyMap<string, Buffer> {
    const files = new Map(this.#synced)
    for (const [index, change] of this.#pending.entries()) if (n > 0 && index % n === 0) apply(files, change)
    return files
  }
}

function apply(files: Map<string, Buffer>, change: Change): void {
  const before = files.get(change.file) ?? Buffer.alloc(0)
  const length = change.kind === 'truncate' ? change.length : Math.max(before.length, change.at + change.bytes.length)
  const after = Buffer.alloc(length)
  before.copy(after)
  if (change.kind === 'write') change.bytes.copy(after, change.at)
  files.set(change.file, after)
}

async function numbersIn(files: ReadonlyMap<string, Buffer>, directory: string): Promise<Set<number>> {
  mkdirSync(directory)
  for (const [name, bytes] of files) writeFileSync(join(directory, name), bytes, { mode: 0o600 })
  const path = join(directory, 'lms.db')
  const store = await openStore(`sqlite:${path}`)
  const rows = await store.read(tx => tx.listInbox({ tenantId: 'school', limit: 10 * CALLBACKS }))
  await store.close()
  const database = new DatabaseSync(path)
  expect(database.prepare('pragma integrity_check').get()).toEqual({ integrity_check: 'ok' })
  database.close()
  return new Set(rows.map(({ body }) => Number(JSON.parse(new TextDecoder().decode(body))[0].meetingKey)))
}

describe.skipIf(!canTrace)(`power loss${canTrace ? '' : ' (needs strace)'}`, () => {
  test(`F2 the power goes at ${CUTS} moments: whatever was acknowledged is in the files that were synced`, async () => {
    const directory = temporaryDirectory()
    const steps = traced(directory)
    const acks = steps.filter(step => step.kind === 'ack')
    expect(acks).toHaveLength(CALLBACKS)
    // The log was folded into the database on the way, so that moment is among those looked at.
    expect(steps.some(step => step.kind === 'write' && step.file === 'lms.db' && step.at > 0)).toBe(true)

    const disk = new Disk()
    const acknowledged: number[] = []
    let syncs = 0
    const every = Math.floor(steps.length / CUTS)
    let cuts = 0
    for (const [index, step] of steps.entries()) {
      disk.take(step)
      if (step.kind === 'sync') syncs++
      if (step.kind === 'ack') {
        // Nothing it rests on waits for the disk.
        expect(disk.unsynced('lms.db-wal')).toBe(0)
        acknowledged.push(step.number)
      }
      if (index % every !== every - 1 || cuts === CUTS) continue
      const kept = await numbersIn(disk.after(cuts % 4), join(directory, `cut-${cuts++}`))
      expect(acknowledged.filter(number => !kept.has(number))).toEqual([])
    }
    expect(cuts).toBe(CUTS)
    // Groups of at most three, each with a sync of its own.
    expect(syncs).toBeGreaterThanOrEqual(CALLBACKS / 3)
  })
})
