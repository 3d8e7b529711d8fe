import { spawn } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { students } from '@examples/school'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const program = new URL('../src/demo.ts', import.meta.url).pathname

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lms-demo-test-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** Runs the demo as a person does; `interruptAt` presses Ctrl-C once that text was printed. */
async function run(args: readonly string[], { ci = '', interruptAt = '' } = {}) {
  const child = spawn(process.execPath, ['--conditions=lms-conferencing-source', program, '--port', '0', ...args], {
    env: { ...process.env, CI: ci, TMPDIR: folder, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  let interrupted = false
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
    if (interruptAt !== '' && !interrupted && out.includes(interruptAt)) interrupted = child.kill('SIGINT')
  })
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString()
  })
  const status = await new Promise<number | null>(resolve => child.once('close', resolve))
  return { status, out, err, left: await readdir(folder) }
}

describe('pnpm demo', () => {
  it('plays one class to its attendance table and ends with 0', async () => {
    const { status, out, err, left } = await run(['--exit'])
    expect({ status, err, left }).toEqual({ status: 0, err: '', left: [] })
    const rows = out.slice(out.indexOf('student  ')).split('\n')
    const rowOf = (name: string | undefined): string | undefined => rows.find(row => row.startsWith(name ?? '-'))
    expect(rows.filter(row => / (present|late|left early|partial|absent) /.test(row))).toHaveLength(30)
    // One never left, one came back after 90 seconds, one was twelve minutes late.
    expect(rowOf(students[0]?.displayName)).toMatch(/present +5\d +100\.0/)
    expect(rowOf(students[1]?.displayName)).toMatch(/present .* 1$/)
    expect(rowOf(students.at(-1)?.displayName)).toMatch(/late +44/)
    expect(out).toContain('29 present, 1 late')
    expect(out).toMatch(/Recording +http:\/\/127\.0\.0\.1:\d+\/playback\//)
    expect(out).not.toMatch(/checksum|sessionToken|password/i)
  })

  it('CI=true ends it too', async () => {
    expect(await run([], { ci: 'true' })).toMatchObject({ status: 0, err: '' })
  })

  it.each(['students joining', 'Serving until Ctrl-C'])('Ctrl-C at "%s" stops it cleanly', async interruptAt => {
    const { status, err, left } = await run([], { interruptAt })
    expect({ status, err, left }).toEqual({ status: 0, err: '', left: [] })
  })

  it.each([
    [['--help'], 0],
    [['--nonsense'], 2],
    [['--port', 'high'], 2],
  ])('%j says how it is used', async (args, expected) => {
    const { status, out, err } = await run(args)
    expect(status).toBe(expected)
    expect(out + err).toContain('Usage: pnpm demo')
  })
})
