import { closeSync, openSync, readSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { observeStatements, type Statement } from './statements.ts'

/** Where a process is killed. */
export const markedPoints = [
  'before insert',
  'after insert',
  'before commit',
  'after commit',
  'before ack',
  'mid-apply',
  'after apply before mark',
  'in dead-letter move',
  'in retention',
  'in checkpoint',
] as const
export type MarkedPoint = (typeof markedPoints)[number]

/** As from outside: nothing more is run, flushed or closed. */
const die = (): void => {
  process.kill(process.pid, 'SIGKILL')
}

const isInsert = ({ sql }: Statement): boolean => /^\s*insert into (?:"\w+"\.)?"\w+_inbox"/i.test(sql)
const isFact = ({ sql }: Statement): boolean => /^\s*insert into (?:"\w+"\.)?"\w+_events"/i.test(sql)
const marks = ({ sql, values }: Statement, state: string): boolean =>
  /^\s*update (?:"\w+"\.)?"\w+_inbox" set "state"/i.test(sql) && values[0] === state
const isForgetting = ({ sql }: Statement): boolean => /^\s*delete from (?:"\w+"\.)?"\w+_inbox" /i.test(sql)
const isCommit = ({ sql }: Statement): boolean => sql === 'commit'

/**
 * Kills this very process the `hit`-th time that it comes to a point. Answers what to call where no statement tells
 * that the point is reached.
 */
export function dieAt(point: MarkedPoint, hit: number, url: string): (reached: MarkedPoint) => void {
  let hits = 0
  const reached = (here: MarkedPoint): void => {
    if (here === point && ++hits === hit) die()
  }
  if (point === 'in checkpoint') dieInCheckpoint(url)
  /** What the open transaction of each connection has done so far. */
  const inserting = new WeakSet<object>()
  const committing = new WeakSet<object>()
  observeStatements({
    before(statement) {
      if (isInsert(statement)) reached('before insert')
      if (marks(statement, 'applied')) reached('after apply before mark')
      if (!isCommit(statement)) return
      if (!inserting.delete(statement.connection)) return
      committing.add(statement.connection)
      reached('before commit')
    },
    after(statement) {
      if (isInsert(statement)) {
        inserting.add(statement.connection)
        reached('after insert')
      }
      if (isFact(statement)) reached('mid-apply')
      if (marks(statement, 'dead')) reached('in dead-letter move')
      if (isForgetting(statement)) reached('in retention')
      if (isCommit(statement) && committing.delete(statement.connection)) reached('after commit')
    },
  })
  return reached
}

// https://www.sqlite.org/walformat.html#the_wal_index_file_format
const FRAMES_COPIED = 96
const FRAMES_TO_COPY = 128

/** Whether a checkpoint has begun to copy the log into the database, and is not through. */
export function isCheckpointing(database: string): boolean {
  const file = openSync(`${database}-shm`, 'r')
  try {
    const header = Buffer.alloc(136)
    readSync(file, header, 0, header.length, 0)
    return header.readUInt32LE(FRAMES_TO_COPY) > header.readUInt32LE(FRAMES_COPIED)
  } finally {
    closeSync(file)
  }
}

/**
 * A checkpoint is one call into SQLite and stops this thread, so another one looks. It never closes the file: that would
 * drop the locks SQLite has on it.
 */
function dieInCheckpoint(url: string): void {
  const worker = new Worker(
    `const { openSync, readSync } = require('node:fs')
    const { workerData } = require('node:worker_threads')
    const header = Buffer.alloc(136)
    const pause = new Int32Array(new SharedArrayBuffer(4))
    let file
    for (;;) {
      try {
        file ??= openSync(workerData, 'r')
        readSync(file, header, 0, header.length, 0)
        if (header.readUInt32LE(${FRAMES_TO_COPY}) > header.readUInt32LE(${FRAMES_COPIED})) process.kill(process.pid, 'SIGKILL')
      } catch {}
      Atomics.wait(pause, 0, 0, 0.1)
    }`,
    { eval: true, workerData: `${url.slice('sqlite:'.length)}-shm`, execArgv: [] },
  )
  worker.unref()
}
