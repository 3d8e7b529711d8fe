/**
 * T57: no package of the lock file is one with a known hole. Compares with advisories.json, which needs no network;
 * `--online` asks osv.dev as well, and is for a job that runs every day.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { satisfies } from 'semver'

export interface Advisory {
  readonly id: string
  readonly package: string
  /** A range of versions. */
  readonly vulnerable: string
}

export interface LockedPackage {
  readonly name: string
  readonly version: string
}

/** Every package a pnpm lock file installs, once. */
export function lockedPackages(lockFile: string): readonly LockedPackage[] {
  const section = /^packages:\n([\s\S]*?)(?:^\S|$(?![\s\S]))/m.exec(lockFile)?.[1] ?? ''
  return [...section.matchAll(/^ {2}'?(@?[^@'\n]+)@(\d[^:'(\n]*)/gm)].map(([, name = '', version = '']) => ({
    name,
    version,
  }))
}

/** What is known against the packages, one line each. */
export function findings(packages: readonly LockedPackage[], advisories: readonly Advisory[]): readonly string[] {
  return packages.flatMap(({ name, version }) =>
    advisories
      .filter(
        advisory => advisory.package === name && satisfies(version, advisory.vulnerable, { includePrerelease: true }),
      )
      .map(({ id, vulnerable }) => `${name} ${version}: ${id} (${vulnerable}). Update it.`),
  )
}

async function askOnline(packages: readonly LockedPackage[]): Promise<readonly string[]> {
  const queries = packages.map(({ name, version }) => ({ package: { name, ecosystem: 'npm' }, version }))
  const answer = await fetch('https://api.osv.dev/v1/querybatch', { method: 'POST', body: JSON.stringify({ queries }) })
  if (!answer.ok) throw new Error(`osv.dev answered ${answer.status}`)
  const { results } = (await answer.json()) as { results: readonly { readonly vulns?: readonly { id: string }[] }[] }
  return results.flatMap(({ vulns = [] }, index) =>
    vulns.map(
      ({ id }) =>
        `${packages[index]?.name} ${packages[index]?.version}: ${id}. Update it, and add it to advisories.json.`,
    ),
  )
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { online: { type: 'boolean', default: false } } })
  const packages = lockedPackages(readFileSync(join(dirname(import.meta.dirname), 'pnpm-lock.yaml'), 'utf8'))
  if (packages.length === 0) throw new Error('pnpm-lock.yaml names no package')
  const advisories: readonly Advisory[] = JSON.parse(readFileSync(join(import.meta.dirname, 'advisories.json'), 'utf8'))
  const found = [...findings(packages, advisories), ...(values.online ? await askOnline(packages) : [])]
  for (const finding of found) console.error(`✗ ${finding}`)
  console.log(`${packages.length} packages, ${advisories.length} advisories, ${found.length} found`)
  process.exitCode = found.length > 0 ? 1 : 0
}

if (import.meta.main) await main()
