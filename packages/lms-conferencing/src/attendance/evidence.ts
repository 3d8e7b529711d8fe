import type { AttendanceEvent, Provenance } from '../model.ts'

/** A fact, and who says so. */
export interface Evidence {
  readonly event: AttendanceEvent
  /** The strongest of its sources. */
  readonly provenance: Provenance
  /** All of them, where there are several. */
  readonly sources?: readonly Provenance[] | undefined
}

/** Every source that reports a fact. */
export const sourcesOfFact = ({ provenance, sources }: Evidence): readonly Provenance[] => sources ?? [provenance]
