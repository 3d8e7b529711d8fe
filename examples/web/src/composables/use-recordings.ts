import type { RecordingInfo } from 'lms-conferencing/browser'
import { type MaybeRefOrGetter, toValue } from 'vue'
import { useConferences } from '../service.ts'
import { type Refreshed, useRefreshed } from './use-refreshed.ts'

/** The recordings of a class, kept fresh: they appear some minutes after it. Deleted ones are gone. */
export function useRecordings(classId: MaybeRefOrGetter<string>): Refreshed<readonly RecordingInfo[]> {
  const conferences = useConferences()
  const load = async (signal: AbortSignal): Promise<readonly RecordingInfo[]> => {
    const recordings = await conferences.getRecordings(toValue(classId), { signal })
    return recordings.filter(({ state }) => state !== 'deleted')
  }
  return useRefreshed(load, {
    of: () => toValue(classId),
    concerns: message => message.type === 'recordings' && message.class_id === toValue(classId),
  })
}
