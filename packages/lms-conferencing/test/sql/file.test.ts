import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { openStore } from 'lms-conferencing/sql'
import { describe, expect, test } from 'vitest'
import { sampleClass } from '../../src/testing/store/samples.ts'
import { temporaryDirectory } from './support.ts'

const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8)
const unsafe = { code: 'STORE_UNAVAILABLE', details: { reason: 'unsafe_file' } }

/** No permission is taken away by the system, so only what the code asks for counts. */
async function withoutUmask(work: () => Promise<void>): Promise<void> {
  const before = process.umask(0)
  try {
    await work()
  } finally {
    process.umask(before)
  }
}

describe('the database file', () => {
  test('T47 is made for its user alone, with its directory, under umask 000', async () => {
    const directory = join(temporaryDirectory(), 'var', 'lms')
    await withoutUmask(async () => {
      const store = await openStore(`sqlite:${join(directory, 'lms.db')}`)
      await store.transaction(tx => tx.insertClass(sampleClass()))
      expect(readdirSync(directory).sort()).toEqual(['lms.db', 'lms.db-shm', 'lms.db-wal'])
      for (const name of readdirSync(directory)) expect(mode(join(directory, name))).toBe('600')
      expect(mode(directory)).toBe('700')
      expect(mode(join(directory, '..'))).toBe('700')
      await store.close()
    })
  })

  test('T47 leaves the directory it finds as it is', async () => {
    const directory = join(temporaryDirectory(), 'shared')
    mkdirSync(directory)
    chmodSync(directory, 0o755)
    await (await openStore(`sqlite:${join(directory, 'lms.db')}`)).close()
    expect(mode(directory)).toBe('755')
  })

  for (const name of ['lms.db', 'lms.db-wal', 'lms.db-shm', 'lms.db-journal']) {
    test(`T47 ${name} must not be a symbolic link, even a dangling one`, async () => {
      const directory = temporaryDirectory()
      const elsewhere = join(directory, 'elsewhere')
      symlinkSync(elsewhere, join(directory, name))
      await expect(openStore(`sqlite:${join(directory, 'lms.db')}`)).rejects.toMatchObject(unsafe)
      expect(existsSync(elsewhere)).toBe(false)
      writeFileSync(elsewhere, 'precious', { mode: 0o600 })
      await expect(openStore(`sqlite:${join(directory, 'lms.db')}`)).rejects.toMatchObject(unsafe)
      expect(readFileSync(elsewhere, 'utf8')).toBe('precious')
    })
  }

  test('T47 must not be open to other users of the machine', async () => {
    const path = join(temporaryDirectory(), 'lms.db')
    await (await openStore(`sqlite:${path}`)).close()
    for (const bits of [0o640, 0o604, 0o620, 0o666]) {
      chmodSync(path, bits)
      await expect(openStore(`sqlite:${path}`)).rejects.toMatchObject(unsafe)
    }
    chmodSync(path, 0o600)
    await (await openStore(`sqlite:${path}`)).close()
  })

  test('must be a file', async () => {
    const directory = temporaryDirectory()
    mkdirSync(join(directory, 'lms.db'))
    await expect(openStore(`sqlite:${join(directory, 'lms.db')}`)).rejects.toMatchObject(unsafe)
  })

  test('is found by a path, never taken for a URI or a special name', async () => {
    const directory = temporaryDirectory()
    for (const name of ['file:x?mode=memory', '?', 'a b%20c', 'ö.db']) {
      await (await openStore(`sqlite:${join(directory, name)}`)).close()
      expect(statSync(join(directory, name)).size).toBeGreaterThan(0)
    }
  })
})

describe('openStore', () => {
  test('refuses an address it does not know, without repeating it', async () => {
    for (const url of [
      '',
      'lms.db',
      'sqlite:',
      'sqlite',
      'mysql://user:hunter2@db/lms',
      'postgres://user:hunter2@[/lms',
      'sqlite:a\0b',
      'SQLITE:x',
    ]) {
      const error: unknown = await openStore(url).catch(failure => failure)
      expect(error).toMatchObject({ code: 'INVALID', details: { field: 'url' } })
      expect(String(error)).not.toContain('hunter2')
    }
  })

  test('T46 refuses a table prefix that is no plain name', async () => {
    for (const tablePrefix of ['', '1a', 'A', 'a-b', 'a b', 'a"b', "a'b", 'a;', 'ä', 'a\n', 'x'.repeat(32)]) {
      await expect(openStore('sqlite::memory:', { tablePrefix })).rejects.toMatchObject({
        code: 'INVALID',
        details: { field: 'tablePrefix' },
      })
    }
    for (const tablePrefix of ['a', '_', 'x'.repeat(31)]) {
      await (await openStore('sqlite::memory:', { tablePrefix })).close()
    }
  })

  test('keeps stores with different prefixes apart in one file', async () => {
    const url = `sqlite:${join(temporaryDirectory(), 'lms.db')}`
    const [one, two] = [await openStore(url, { tablePrefix: 'one_' }), await openStore(url, { tablePrefix: 'two_' })]
    await one.transaction(tx => tx.insertClass(sampleClass()))
    expect(await two.read(tx => tx.listClasses({ tenantId: 'school' }))).toEqual([])
    expect(await one.read(tx => tx.listClasses({ tenantId: 'school' }))).toHaveLength(1)
    await one.close()
    await two.close()
  })
})
