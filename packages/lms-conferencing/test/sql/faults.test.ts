import { chmodSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { inspect } from 'node:util'
import { openStore } from 'lms-conferencing/sql'
import { describe, expect, onTestFinished, test } from 'vitest'
import { storeError } from '../../src/sql/faults.ts'
import { sampleClass } from '../../src/testing/store/samples.ts'
import { temporaryDirectory } from './support.ts'

const fault = (reason: string) => ({ code: 'STORE_UNAVAILABLE', details: { reason } })
const newPath = (): string => join(temporaryDirectory(), 'lms.db')

/** Another program with the database open. */
function otherProgram(path: string): DatabaseSync {
  const database = new DatabaseSync(path)
  onTestFinished(() => {
    if (database.isOpen) database.close()
  })
  return database
}

/** Waits without time: each pause is over at once. */
const sleep = async (): Promise<void> => {}

describe('F4 another writer holds the database', () => {
  test('a transaction waits its time, fails with STORE_UNAVAILABLE, and works again without a restart', async () => {
    const path = newPath()
    let pauses = 0
    const store = await openStore(`sqlite:${path}`, {
      lockWaitMs: 100,
      sleep: async () => {
        pauses++
      },
    })
    const other = otherProgram(path)
    other.exec('begin immediate')
    await expect(store.transaction(tx => tx.insertClass(sampleClass()))).rejects.toMatchObject(fault('locked'))
    expect(pauses).toBe(10)
    expect(await store.read(tx => tx.listClasses({ tenantId: 'school' }))).toEqual([])
    other.exec('rollback')
    await store.transaction(tx => tx.insertClass(sampleClass()))
    expect(await store.read(tx => tx.listClasses({ tenantId: 'school' }))).toHaveLength(1)
    await store.close()
  })

  test('a transaction goes through as soon as the other writer is done', async () => {
    const path = newPath()
    let pauses = 0
    const store = await openStore(`sqlite:${path}`, {
      sleep: async () => {
        if (++pauses === 3) other.exec('commit')
      },
    })
    const other = otherProgram(path)
    other.exec('begin immediate')
    await store.transaction(tx => tx.insertClass(sampleClass()))
    expect(pauses).toBe(3)
    await store.close()
  })

  test('whoever waits behind a transaction that found no lock does not wait a second time', async () => {
    const path = newPath()
    let pauses = 0
    const store = await openStore(`sqlite:${path}`, {
      lockWaitMs: 100,
      sleep: async () => {
        pauses++
      },
    })
    const other = otherProgram(path)
    other.exec('begin immediate')
    const work = Array.from({ length: 5 }, (_, index) =>
      store.transaction(tx => tx.insertClass(sampleClass({ id: `class-${index}` }))),
    )
    for (const outcome of await Promise.allSettled(work)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: fault('locked') })
    }
    expect(pauses).toBe(10)
    other.exec('rollback')
    await store.transaction(tx => tx.insertClass(sampleClass()))
    await store.close()
  })

  test('a reader shut out by an exclusive lock gets the same error', async () => {
    const path = newPath()
    await (await openStore(`sqlite:${path}`)).close()
    const other = otherProgram(path)
    other.exec('pragma locking_mode = exclusive; begin immediate; create table x (y); commit')
    await expect(openStore(`sqlite:${path}`, { lockWaitMs: 20, sleep })).rejects.toMatchObject(fault('locked'))
    other.close()
    await (await openStore(`sqlite:${path}`)).close()
  })
})

describe('F6 the database file', () => {
  test('moved away: nothing is written, until the same file is back', async () => {
    const path = newPath()
    const store = await openStore(`sqlite:${path}`)
    await store.transaction(tx => tx.insertClass(sampleClass()))
    renameSync(path, `${path}.away`)
    await expect(store.transaction(tx => tx.deleteClass('school', 'class-1'))).rejects.toMatchObject(fault('gone'))
    await expect(store.read(tx => tx.getClass('school', 'class-1'))).rejects.toMatchObject(fault('gone'))
    writeFileSync(path, '', { mode: 0o600 })
    await expect(store.transaction(tx => tx.deleteClass('school', 'class-1'))).rejects.toMatchObject(fault('gone'))
    renameSync(`${path}.away`, path)
    expect(await store.read(tx => tx.getClass('school', 'class-1'))).toEqual(sampleClass())
    await store.close()
  })

  test('moved away in the middle of a transaction: it is not committed', async () => {
    const path = newPath()
    const store = await openStore(`sqlite:${path}`)
    const writing = store.transaction(async tx => {
      await tx.insertClass(sampleClass())
      renameSync(path, `${path}.away`)
    })
    await expect(writing).rejects.toMatchObject(fault('gone'))
    renameSync(`${path}.away`, path)
    expect(await store.read(tx => tx.getClass('school', 'class-1'))).toBeNull()
    await store.close()
  })

  test('not writable: refused at the start, with what to do', async () => {
    const path = newPath()
    await (await openStore(`sqlite:${path}`)).close()
    chmodSync(path, 0o400)
    await expect(openStore(`sqlite:${path}`)).rejects.toMatchObject(fault('read_only'))
    chmodSync(path, 0o600)
    await (await openStore(`sqlite:${path}`)).close()
  })

  test('of a newer version: refused, and left as it is', async () => {
    const path = newPath()
    await (await openStore(`sqlite:${path}`)).close()
    const other = otherProgram(path)
    other.exec(`insert into conferencing_schema_versions values (999, 'from the future')`)
    const before = other.prepare('select * from conferencing_schema_versions').all()
    await expect(openStore(`sqlite:${path}`)).rejects.toMatchObject(fault('newer_schema'))
    expect(other.prepare('select * from conferencing_schema_versions').all()).toEqual(before)
  })

  test('no database, or a damaged one: refused, and left as it is', async () => {
    const path = newPath()
    writeFileSync(path, 'This is a diary, not a database. '.repeat(100), { mode: 0o600 })
    await expect(openStore(`sqlite:${path}`)).rejects.toMatchObject(fault('damaged'))
  })

  test('in a directory that cannot be made: refused', async () => {
    const path = newPath()
    writeFileSync(path, '')
    await expect(openStore(`sqlite:${join(path, 'deeper', 'lms.db')}`)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    })
  })
})

test('migrations run once, whoever starts first', async () => {
  const path = newPath()
  const stores = await Promise.all(Array.from({ length: 5 }, () => openStore(`sqlite:${path}`)))
  const versions = otherProgram(path).prepare('select version from conferencing_schema_versions').all()
  expect(versions.length).toBeGreaterThan(1)
  expect(versions).toEqual(versions.map((_, index) => ({ version: index + 1 })))
  for (const store of stores) await store.close()
})

describe('secrets', () => {
  test('T24 no error of the database shows what was to be stored', async () => {
    const store = await openStore('sqlite::memory:')
    const canary = 'canary-7f3a'
    const row = sampleClass({ title: canary, id: canary }, { moderatorPassword: canary, attendeePassword: canary })
    await store.transaction(tx => tx.insertClass(row))
    const failures: unknown[] = [
      await store.transaction(tx => tx.insertClass(row)).catch(error => error),
      await store.transaction(tx => tx.insertClass(sampleClass({ title: `${canary}\0` }))).catch(error => error),
      await store
        .transaction(tx =>
          tx.addEvents('school', `${canary}x`, [
            { event: { type: 'started', instance: canary, at: 1 }, provenance: 'lms' },
          ]),
        )
        .catch(error => error),
    ]
    for (const failure of failures) {
      expect(failure).toMatchObject({ name: 'ConferencingError' })
      expect(inspect(failure, { depth: 10, showHidden: true }) + JSON.stringify(failure)).not.toContain(canary)
    }
    await store.close()
  })

  test('T24 passwords are in their two columns and nowhere else', async () => {
    const path = newPath()
    const store = await openStore(`sqlite:${path}`)
    const row = sampleClass({}, { moderatorPassword: 'canary-moderator', attendeePassword: 'canary-attendee' })
    await store.transaction(tx => tx.insertClass(row))
    await store.close()
    const other = otherProgram(path)
    const found: string[] = []
    for (const table of other.prepare(`select name from sqlite_schema where type = 'table'`).all()) {
      for (const stored of other.prepare(`select * from "${table.name}"`).all()) {
        for (const [column, value] of Object.entries(stored)) {
          if (String(value).includes('canary')) found.push(`${table.name}.${column}`)
        }
      }
    }
    expect(found).toEqual(['conferencing_classes.moderator_password', 'conferencing_classes.attendee_password'])
  })
})

test.each([
  [5, 'locked'],
  [517, 'locked'],
  [6, 'locked'],
  [8, 'read_only'],
  [1032, 'read_only'],
  [10, 'failed'],
  [778, 'failed'],
  [11, 'damaged'],
  [13, 'full'],
  [14, 'read_only'],
  [26, 'damaged'],
  [1, 'failed'],
])('SQLite result %i is told as "%s"', (errcode, reason) => {
  const error = Object.assign(new Error('select secret'), { code: 'ERR_SQLITE_ERROR', errcode, errstr: 'x' })
  expect(storeError(error)).toMatchObject(fault(reason))
  expect(String(storeError(error))).not.toContain('secret')
})

test.each([
  ['EACCES', 'read_only'],
  ['EROFS', 'read_only'],
  ['ENOSPC', 'full'],
  ['ENOENT', 'gone'],
  ['EIO', 'failed'],
  [undefined, 'failed'],
])('system error %s is told as "%s"', (code, reason) => {
  expect(storeError(Object.assign(new Error('no'), code && { code }))).toMatchObject(fault(reason))
})
