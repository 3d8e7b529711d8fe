import type { Recording } from '../model.ts'
import type { ChangesPage } from '../store.ts'
import type { Context } from './context.ts'

/** What changed, whoever changed it, in whatever process: for those who keep pages up to date. */
export interface Changes {
  /** Where the log is now: changes from here on are {@link Changes.since} this number. */
  position(): Promise<number>
  since(position: number): Promise<ChangesPage>
  /** Calls back after each change made through this store object; those of other processes are seen by asking. */
  watch(listener: () => void): () => void
  /** The recordings as they were last seen; unlike `conferencing.recordings`, no provider is asked. */
  recordings(classId: string): Promise<readonly Recording[]>
  /**
   * To be called when somebody is enrolled in a course, leaves it, or teaches it from now on or no more: pages that are
   * open, whatever process they are connected to, lose or change their view within a second. Without it, within a minute.
   */
  accessChanged(courseId: string): Promise<void>
}

export const createChanges = ({ tenantId, store }: Context): Changes => ({
  position: () => store.read(tx => tx.lastChange()),
  since: position => store.read(tx => tx.listChanges(tenantId, position)),
  watch: listener => store.onChange(listener),
  recordings: classId => store.read(tx => tx.listRecordings(tenantId, classId)),
  accessChanged: courseId => store.transaction(tx => tx.addAccessChange(tenantId, courseId)),
})
