import type { BbbClientOptions } from 'bbb-client'
import { type DiagnoseOptions, diagnose, type Finding } from 'bbb-client/doctor'
import { FakeBbb, type FakeBbbOptions } from 'bbb-client/testing'
import { onTestFinished } from 'vitest'

/** Holds every character that some encoding changes, and one that regular expressions read. */
export const CANARY = `c4n4ry+/=%&'"$(.*)-0123456789`

/** A server of today without anything to complain about. */
const HEALTHY: Omit<FakeBbbOptions, 'secret'> = {
  version: '3.0.37',
  revealVersion: true,
  webhooks: { algorithm: 'sha256' },
}

/** A fake server that ends with the test. */
export async function serve(options: Partial<FakeBbbOptions> = {}): Promise<{ url: string; fake: FakeBbb }> {
  const server = await new FakeBbb({ secret: CANARY, ...HEALTHY, ...options }).serve()
  onTestFinished(() => server.close())
  return server
}

/** What the doctor says about a server of this kind. */
export async function examine(
  server: Partial<FakeBbbOptions>,
  client: Partial<BbbClientOptions> = {},
  options: Partial<DiagnoseOptions> = {},
): Promise<readonly Finding[]> {
  const { url } = await serve(server)
  return diagnose({ client: { url, secret: CANARY, ...client }, ...options })
}

/** `level code` of everything that is not fine. */
export const troubles = (findings: readonly Finding[]): string[] =>
  findings.filter(({ level }) => level !== 'ok').map(({ level, code }) => `${level} ${code}`)

export const codes = (findings: readonly Finding[]): string[] => findings.map(({ code }) => code)

/** Any port, here: the callback URL's port 0 becomes the one that the doctor listens on. */
export const TEST_CALLBACK = { callbackUrl: 'http://127.0.0.1:0/bbb', listen: { port: 0 } } as const
