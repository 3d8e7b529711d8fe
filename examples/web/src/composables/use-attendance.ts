import type { ClassAttendance } from 'lms-conferencing/browser'
import { type MaybeRefOrGetter, toValue } from 'vue'
import { useConferences } from '../service.ts'
import { type Refreshed, useRefreshed } from './use-refreshed.ts'

/** Who was there, kept fresh; a student sees their own row. */
export function useAttendance(classId: MaybeRefOrGetter<string>): Refreshed<ClassAttendance> {
  const conferences = useConferences()
  return useRefreshed(signal => conferences.getAttendance(toValue(classId), { signal }), {
    of: () => toValue(classId),
    concerns(message) {
      if (message.type === 'class') return message.live_class.id === toValue(classId)
      return message.type !== 'recordings' && message.class_id === toValue(classId)
    },
  })
}
