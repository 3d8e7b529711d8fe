import type { Io } from '../../src/cli/io.ts'
import { run } from '../../src/cli/main.ts'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs one command line in this process; words with blanks in double quotes. */
export async function cli(words: string, io: Partial<Io> = {}): Promise<Ran> {
  let out = ''
  let err = ''
  const argv = [...words.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '')
  const code = await run(argv, {
    env: {},
    out: text => {
      out += text
    },
    err: text => {
      err += text
    },
    user: 'ada',
    version: '1.2.3',
    ...io,
  })
  return { code, out, err }
}
