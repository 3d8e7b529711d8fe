import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { openStore } from 'lms-conferencing/sql'
import { serverUser, startPostgres } from '../support/postgres-server.ts'
import { ask } from './support/databases.ts'
import { compare } from './support/oracle.ts'
import { allApplied, Receiver } from './support/receiver.ts'
import { type Database, must, scenario, type Tools, untypedIn } from './support/scenario.ts'
import { Sender } from './support/sender.ts'
import { insertWorkload, makeWorkload } from './support/workload.ts'

interface Size {
  readonly times: number
  readonly perTime: number
}

const MIB = 1024 * 1024

export const fullDisk = scenario<Size>({
  fault: 'F5',
  title: 'the disk is full, then there is room again',
  whyNot: () => (canMount() ? null : 'a small disk cannot be mounted'),
  sizes: { small: { times: 1, perTime: 1500 }, full: { times: 20, perTime: 3000 } },
  async run(database, { times, perTime }, tools) {
    const disk = mountDisk(64, tools)
    const url = await openOn(disk, database, tools)
    const workload = makeWorkload({ callbacks: times * perTime })
    const setup = await openStore(url)
    await insertWorkload(setup, workload)
    await setup.close()
    const receiver = await Receiver.start({ url, pollMs: 100 }, tools)
    if (!receiver) throw new Error('the receiver did not start')
    let hasEnded = false
    void receiver.ended.then(() => {
      hasEnded = true
    })
    const sender = new Sender(workload, tools)
    const ballast = join(disk, 'ballast')
    for (let time = 0; time < times; time++) {
      tools.signal.throwIfAborted()
      const refusals = (): number => sender.answers.refused.get(503) ?? 0
      const before = refusals()
      let isServed = false
      await sender.send([receiver.port], { most: perTime / 4 })
      fill(ballast)
      const sending = sender.send([receiver.port], { isOver: () => isServed || hasEnded })
      while (refusals() === before && !hasEnded) await pause(5, undefined, { signal: tools.signal })
      rmSync(ballast)
      const acked = sender.acked
      while (sender.acked === acked && !hasEnded) await pause(5, undefined, { signal: tools.signal })
      isServed = true
      await sending
      must(!hasEnded, 'the receiver lives on')
      tools.progress(`${time + 1} of ${times} times full, ${sender.acked} callbacks acknowledged`)
    }
    await sender.send([receiver.port])
    const store = await openStore(url)
    tools.cleanup(() => store.close())
    await allApplied(store, tools)
    must((await receiver.stop()) === 0, 'the receiver ends well, never restarted')
    if (database.name === 'SQLite') {
      const file = new DatabaseSync(url.slice('sqlite:'.length))
      must(file.prepare('pragma integrity_check').get()?.integrity_check === 'ok', 'the integrity check passes')
      file.close()
    }
    return {
      ...(await compare(store, workload, sender.answers.acked)),
      faults: times,
      events: workload.size,
      untyped: untypedIn(sender.answers) + (sender.answers.refused.get(0) ?? 0),
      notes: [`refused with 503 ${sender.answers.refused.get(503) ?? 0} times`],
    }
  },
})

function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  const directory = mkdtempSync(join(tmpdir(), 'lms-conferencing-mount-'))
  const isMounted = mount(directory, 1)
  if (isMounted) execFileSync('umount', [directory])
  rmSync(directory, { recursive: true })
  return isMounted
}

function mount(directory: string, mebibytes: number): boolean {
  const { uid = 0, gid = 0 } = serverUser
  const options = `size=${mebibytes}m,uid=${uid},gid=${gid},mode=700`
  return spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', directory]).status === 0
}

/** A disk of a few mebibytes, gone when the scenario is over. */
function mountDisk(mebibytes: number, { cleanup }: Tools): string {
  const directory = mkdtempSync(join(tmpdir(), 'lms-conferencing-disk-'))
  cleanup(() => rmSync(directory, { recursive: true }))
  if (!mount(directory, mebibytes)) throw new Error('the small disk could not be mounted')
  cleanup(() => execFileSync('umount', ['--lazy', directory]))
  return directory
}

/** The address of a database whose rows are on that disk. */
async function openOn(disk: string, { name }: Database, { cleanup }: Tools): Promise<string> {
  if (name === 'SQLite') return `sqlite:${join(disk, 'lms.db')}`
  // The server's log stays where there is room: it stops altogether when it cannot write that.
  const server = await startPostgres()
  cleanup(() => server.stop())
  await ask(server.url, `create tablespace small location '${disk}'`)
  await ask(server.url, 'create database lms tablespace small')
  return server.url.replace(/postgres$/, 'lms')
}

/** Writes until nothing fits any more. */
function fill(path: string): void {
  writeFileSync(path, '')
  for (const size of [MIB, 4096, 1]) {
    const chunk = Buffer.alloc(size, '.')
    try {
      for (;;) appendFileSync(path, chunk)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
    }
  }
}
