import { describe, expect, test } from 'vitest'
import { checkDoors } from '../check-doors.ts'

const bbb = 'packages/bbb-client/src/'
const lms = 'packages/lms-conferencing/src/'

function findings(files: Record<string, string>): string[] {
  return checkDoors(new Map(Object.entries(files))).map(({ file, line, message }) => `${file}:${line} ${message}`)
}

describe('doors of libraries', () => {
  test('a library is imported at its door only, type imports included', () => {
    const text = "import type { Dispatcher } from 'undici'"
    expect(findings({ [`${bbb}http/undici.ts`]: text })).toEqual([])
    expect(findings({ [`${bbb}call.ts`]: text })).toEqual([
      `${bbb}call.ts:1 undici may be imported only by ${bbb}http/undici.ts, ${bbb}msw.ts`,
    ])
  })

  test.each([
    ["export * from 'left-pad'"],
    ["const { x } = await import('left-pad/x')"],
    ["const x = require('left-pad')"],
    ["export type X = import('left-pad').X"],
  ])('a library without a door is refused: %s', text => {
    expect(findings({ [`${bbb}call.ts`]: text })[0]).toContain('left-pad has no door')
  })

  test('bbb-client is known to the BigBlueButton provider alone', () => {
    const text = "import { BbbClient } from 'bbb-client/webhooks'"
    expect(findings({ [`${lms}providers/bbb/provider.ts`]: text })).toEqual([])
    expect(findings({ [`${lms}conferencing.ts`]: text })).toHaveLength(1)
    expect(findings({ [`${bbb}doctor.ts`]: text })[0]).toContain('this package itself')
  })
})

describe('rooms', () => {
  test('the fake server shares no code with the client', () => {
    expect(findings({ [`${bbb}testing/serve.ts`]: "import './fake.ts'" })).toEqual([])
    expect(findings({ [`${bbb}testing/serve.ts`]: "import type { Call } from '../call.ts'" })).toHaveLength(1)
  })

  test('attendance sees the model and itself', () => {
    expect(findings({ [`${lms}attendance/fold.ts`]: "import '../model.ts'\nimport './types.ts'" })).toEqual([])
    expect(findings({ [`${lms}attendance/fold.ts`]: "import type { Store } from '../store.ts'" })).toHaveLength(1)
  })

  test('a relative path stays in its package', () => {
    expect(findings({ [`${lms}store.ts`]: "import '../../bbb-client/src/index.ts'" })[0]).toContain(
      'leaves the package',
    )
  })
})

describe('pure modules', () => {
  test.each([
    ['const now = Date.now()', 'Date.now'],
    ['const now = new Date()', 'new Date()'],
    ['const now = Date()', 'Date()'],
    ['const clock = { now: Date.now }', 'Date.now'],
    ['const r = Math.random()', 'Math.random'],
    ['const level = process.env.LEVEL', 'process'],
    ['const sources = { env: process }', 'process'],
    ['setTimeout(() => {}, 1)', 'setTimeout'],
    ["import { readFileSync } from 'node:fs'", 'imports node:fs'],
    ["import { type Stats } from 'node:fs'", 'imports node:fs'],
    ["import { randomUUID } from 'node:crypto'", 'imports node:crypto'],
    ["import * as crypto from 'node:crypto'", 'imports node:crypto'],
  ])('refuse %s', (text, what) => {
    expect(findings({ [`${bbb}query.ts`]: text }).join()).toContain(what)
  })

  test.each([
    ['const at = new Date(0)'],
    ["import { hash, timingSafeEqual } from 'node:crypto'"],
    ["import type { Stats } from 'node:fs'"],
    ['const state = { process: 1 }; export const x = state.process'],
    ['export interface Job { process(): void }'],
  ])('accept %s', text => {
    expect(findings({ [`${bbb}checksum.ts`]: text })).toEqual([])
  })

  test('are pure with everything they load, at any distance', () => {
    const files = {
      [`${lms}providers/bbb/map.ts`]: "import { a } from './a.ts'",
      [`${lms}providers/bbb/a.ts`]: "import '../../b.ts'",
      [`${lms}b.ts`]: 'export const at = Date.now()',
    }
    expect(findings(files)).toEqual([
      `${lms}b.ts:1 uses Date.now, but the pure ${lms}providers/bbb/map.ts loads this module`,
    ])
    expect(findings({ ...files, [`${lms}providers/bbb/map.ts`]: "import type { A } from './a.ts'" })).toEqual([])
  })
})

describe('T58 hygiene of published code', () => {
  test.each([
    ["eval('1')"],
    ["new Function('return 1')"],
    ['await import(name)'],
    ['process.exit(1)'],
    ['setGlobalDispatcher(agent)'],
    ['Array.prototype.last = last'],
    ["Object.prototype['x'] = 1"],
    ["Object.defineProperty(String.prototype, 'x', {})"],
  ])('T58 refuses %s', text => {
    expect(findings({ [`${lms}conferencing.ts`]: text })).toHaveLength(1)
  })

  test('T58 a command line may exit', () => {
    expect(findings({ [`${bbb}cli/index.ts`]: 'process.exit(1)' })).toEqual([])
  })
})
