import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from 'lms-conferencing/sql'
import { describe, expect, test } from 'vitest'
import type { Io } from '../../src/cli/io.ts'
import { sampleClass, sampleRow } from '../../src/testing/store/samples.ts'
import { temporaryDirectory } from '../sql/support.ts'
import { onEachDatabase } from '../support/databases.ts'
import { cli, type Ran } from './support.ts'

/** A database with one callback in each state, and a person in its attendance. */
async function filled(url: string): Promise<(words: string, io?: Partial<Io>) => Promise<Ran>> {
  const store = await openStore(url)
  const body = new TextEncoder().encode('{"person":"u-1","name":"Ada \u001b[31m"}')
  await store.receive(
    ['a', 'b', 'c', 'd'].map(digest =>
      sampleRow(digest, { tenantId: 'default', body, receivedAt: new Date('2020-01-01T00:00:00Z') }),
    ),
  )
  const rows = await store.read(tx => tx.listInbox({ tenantId: 'default', limit: 10 }))
  await store.transaction(async tx => {
    const outcomes = [
      { state: 'applied', attempts: 0 },
      { state: 'ignored', attempts: 0, reason: 'no_effect' },
      { state: 'dead', attempts: 8, reason: 'INVALID: \u001b[31m' },
    ] as const
    for (const [index, outcome] of outcomes.entries()) {
      const row = rows[index]
      if (row) await tx.markInbox(row, outcome)
    }
    await tx.insertClass(sampleClass({ tenantId: 'default' }))
    const event = { type: 'joined', instance: 'i', session: 's', person: 'u-1', at: 1 } as const
    await tx.addEvents('default', 'class-1', [{ event, provenance: 'webhook' }])
  })
  await store.close()
  return (words, io) => cli(words, { env: { DATABASE_URL: url }, ...io })
}

describe('lms-conferencing', () => {
  onEachDatabase(({ open }) => {
    test('db: check changes nothing and says what is missing, migrate makes it, check is content', async () => {
      const url = await open()
      const env = { DATABASE_URL: url }
      const missing = await cli('db check', { env })
      expect(missing).toMatchObject({ code: 1, out: '' })
      expect(missing.err).toContain('lms-conferencing db migrate')
      expect(await cli('db migrate', { env })).toMatchObject({ code: 0, err: '' })
      const found = await cli('--json db check', { env })
      expect(found).toMatchObject({ code: 0, err: '' })
      expect(JSON.parse(found.out)).toEqual({
        schema: 'up to date',
        inbox: { new: 0, applied: 0, ignored: 0, dead: 0, stale: 0 },
        operations: [],
      })
    })

    test('T52 replay: first what would happen, then once, then nothing is left; each noted with who did it', async () => {
      const lms = await filled(await open())
      const replayed = async (words: string) => {
        const { code, out } = await lms(`--json inbox replay ${words}`)
        return [code, JSON.parse(out).replayed]
      }
      expect(await replayed('--dead --dry-run')).toEqual([0, 1])
      expect(await replayed('--dead')).toEqual([0, 1])
      expect(await replayed('--dead')).toEqual([0, 0])
      expect(await replayed('999')).toEqual([1, 0])
      const check = await lms('db check')
      expect(check.out).toMatch(/ada +replay +1\n/)
    })

    test('T49 purge and erase', async () => {
      const lms = await filled(await open())
      expect((await lms('inbox erase u-1 --dry-run')).out).toMatch(/callbacks +3\n[\s\S]*facts +1\nwaiting +1\n/)
      expect(await lms('inbox erase u-1')).toMatchObject({ code: 2, out: '' })
      expect(await lms('inbox erase u-1', { ask: async () => 'no' })).toMatchObject({ code: 1, out: '' })
      const erased = await lms('inbox erase u-1', { ask: async () => 'erase' })
      expect(erased.out).toMatch(/facts +1\n/)
      // One still waits to be applied.
      expect(erased).toMatchObject({ code: 1 })
      expect((await lms('inbox purge --dry-run')).out).toMatch(/rows +3\n/)
      expect((await lms('--json inbox purge')).out).toContain('"rows": 3')
      expect(await lms('inbox purge --keep-rows-days 7')).toMatchObject({ code: 2 })
      expect(JSON.parse((await lms('--json inbox list')).out)).toMatchObject([{ state: 'new' }])
    })
  })

  test('list and show, with nothing that a terminal would obey', async () => {
    const lms = await filled(`sqlite:${join(temporaryDirectory(), 'lms.db')}`)
    const list = await lms('inbox list')
    expect(list.out.split('\n')).toHaveLength(6)
    expect(list.out).not.toContain('\u001b')
    const [dead] = JSON.parse((await lms('--json inbox list --state dead')).out)
    expect(dead).toMatchObject({ state: 'dead', attempts: 8, provider: 'json' })
    expect(dead).not.toHaveProperty('body')
    expect(JSON.parse((await lms(`--json inbox list --after ${dead.seq}`)).out)).toHaveLength(1)
    const shown = await lms(`inbox show ${dead.seq}`)
    expect(shown.out).toMatch(/state +dead\n/)
    expect(shown.out).not.toContain('u-1')
    const withBody = await lms(`inbox show ${dead.seq} --body`)
    expect(withBody.out).toContain('u-1')
    expect(withBody.out).not.toContain('\u001b')
    expect(await lms('inbox show 999')).toMatchObject({ code: 2 })
    expect(await lms('--tenant other inbox list')).toMatchObject({ code: 0 })
    expect((await lms('--json --tenant other inbox list')).out).toBe('[]\n')
  })

  test('wrong usage ends with 2 and a sentence; no password is shown', async () => {
    for (const words of ['', 'nonsense', 'inbox list --state lost', 'inbox show x', 'inbox list', 'db check --what']) {
      const { code, out, err } = await cli(words)
      expect([words, code, out]).toEqual([words, 2, ''])
      expect(err).not.toBe('')
    }
    const url = 'mysql://u:hunter2@host/db'
    const failed = await cli('db check', { env: { DATABASE_URL: url } })
    expect(failed).toMatchObject({ code: 2 })
    expect(failed.err).not.toContain('hunter2')
    const away = await cli('db check', { env: { DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:1/db' } })
    expect(away).toMatchObject({ code: 1 })
    expect(away.err).not.toContain('hunter2')
    const lms = await filled(`sqlite:${join(temporaryDirectory(), 'lms.db')}`)
    expect(await lms('inbox replay')).toMatchObject({ code: 2 })
    expect(await lms('inbox replay 1 --dead')).toMatchObject({ code: 2 })
  })

  test('as a process', () => {
    const path = join(temporaryDirectory(), 'lms.db')
    const bin = join(import.meta.dirname, '../../src/cli/bin.ts')
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--conditions=lms-conferencing-source', bin, '--database', `sqlite:${path}`, 'db', 'migrate'],
      { encoding: 'utf8' },
    )
    expect([status, stdout, stderr]).toEqual([0, 'The tables are up to date.\n', ''])
    expect(statSync(path).size).toBeGreaterThan(0)
  })
})
