import { hash } from 'node:crypto'
import type { Counts } from './counts.ts'

/** What was found, who says so, and when. */
export interface VerificationReport {
  readonly table: string
  readonly engine: string
  readonly phase: string
  readonly at: string
  readonly who: string
  readonly counts: Counts
  /** Rows that the LMS wrote since the run, decided on the way. */
  readonly caughtUp: number
  /** Rows nothing was decided about yet. */
  readonly undecided: number
  /** Rows whose old columns changed since. */
  readonly stale: number
  /** Rows whose new columns are not what follows from the old ones. */
  readonly wrong: number
  /** Over the old columns of all rows. */
  readonly sourceDigest: string
  readonly ok: boolean
}

/** A report, and SHA-256 over all of it: one that was changed afterwards does not fit. */
export type Signed<T> = T & { readonly digest: string }

export type SignedReport = Signed<VerificationReport>

/** Pure. */
export const sign = <T extends object>(report: T): Signed<T> => ({
  ...report,
  digest: hash('sha256', JSON.stringify(report)),
})

/** Whether nobody changed the report since it was signed. */
export function isReportIntact<T extends { readonly digest: string }>({ digest, ...report }: T): boolean {
  return sign(report).digest === digest
}
