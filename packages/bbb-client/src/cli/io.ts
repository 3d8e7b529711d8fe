import type { BbbClientOptions } from '../config.ts'
import type { CertificateReader } from '../doctor/server.ts'

/** Everything the command touches of the world, so that a test can be the world. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Standard output: results, and nothing else. */
  readonly out: (text: string) => void
  /** Standard error: questions, warnings, errors. */
  readonly err: (text: string) => void
  /** Asks the person at the terminal; absent where nobody sits there. */
  readonly ask?: ((question: string, signal: AbortSignal) => Promise<string>) | undefined
  readonly readFile: (path: string) => Promise<Uint8Array>
  /** Ctrl-C. */
  readonly signal: AbortSignal
  /** Of this package. */
  readonly version: string
  /** Beyond the environment: transport and time. */
  readonly client?: Pick<BbbClientOptions, 'fetch' | 'dispatcher' | 'clock'> | undefined
  readonly readCertificate?: CertificateReader | undefined
}
