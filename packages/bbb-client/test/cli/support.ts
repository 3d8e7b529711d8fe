import { FakeBbb, type FakeBbbOptions } from 'bbb-client/testing'
import { onTestFinished } from 'vitest'
import type { Io } from '../../src/cli/io.ts'
import { run } from '../../src/cli/main.ts'

/** Holds what encodings change, and what regular expressions read. */
export const SECRET = `s3cret+/=%&'"$(.*)-of-the-cli`

/** A command line and a server behind it, without sockets and without a process. */
export interface Terminal {
  readonly fake: FakeBbb
  /** Runs `bbb` with these words, or with the words of one text without quotes. */
  bbb(words: string | readonly string[], io?: Partial<Io>): Promise<Ran>
}

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

export function terminal(options: Partial<FakeBbbOptions> = {}): Terminal {
  const fake = new FakeBbb({ secret: SECRET, version: '3.0.37', revealVersion: true, ...options })
  onTestFinished(() => fake.close())
  return {
    fake,
    bbb: (words, io) =>
      runWith(words, {
        env: { BBB_SERVER_URL: 'https://bbb.example.org', BBB_SHARED_SECRET: SECRET },
        client: { fetch: (url, init) => answer(fake, url, init) },
        readCertificate: async () => ({ validTo: new Date('2030-01-31T00:00:00Z'), protocol: 'TLSv1.3' }),
        ...io,
      }),
  }
}

export async function runWith(words: string | readonly string[], io: Partial<Io> = {}): Promise<Ran> {
  let out = ''
  let err = ''
  const code = await run(typeof words === 'string' ? words.split(' ') : words, {
    env: {},
    out: text => {
      out += text
    },
    err: text => {
      err += text
    },
    readFile: async () => new TextEncoder().encode('WEBVTT\n'),
    signal: new AbortController().signal,
    version: '1.2.3',
    ...io,
  })
  return { code, out, err }
}

/** The fake server as a `fetch`. */
export async function answer(
  fake: FakeBbb,
  url: string,
  init: { method: string; headers: Record<string, string>; body?: Uint8Array | string },
): Promise<Response> {
  const { status, headers, body } = await fake.handle({ ...init, target: url })
  return new Response(body, { status, headers: { date: new Date().toUTCString(), ...headers } })
}
