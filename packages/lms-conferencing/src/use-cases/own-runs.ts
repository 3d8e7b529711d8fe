import { classOfRun, type OwnsRun } from '../runs.ts'
import type { Store, StoredClass } from '../store.ts'

/** Tells of a run of its meeting whether it is this class's own; all are, where no other class shares the meeting. */
export async function ownRuns(store: Store, { liveClass, meeting }: StoredClass): Promise<OwnsRun> {
  const { provider, serverId, meetingId } = meeting
  if (meetingId === '') return () => true
  const sharing = await store.read(tx =>
    tx.listClasses({ tenantId: liveClass.tenantId, provider, serverId, meetingId }),
  )
  return sharing.length < 2 ? () => true : at => classOfRun(sharing, at)?.liveClass.id === liveClass.id
}
