import type { Context } from './context.ts'

/**
 * Announces a class that is about to start, once for each start it has had. Noted before it is told: a process that
 * dies between the two leaves a class unannounced, which is better than announcing it again.
 */
export async function remind(context: Context, id: string): Promise<number> {
  const { tenantId, store, clock, reminderMs } = context
  const announced = await store.transaction(async tx => {
    const liveClass = (await tx.getClass(tenantId, id))?.liveClass
    if (liveClass?.status !== 'scheduled') return null
    const waitMs = liveClass.startsAt.getTime() - clock.now()
    // Moved away since, with a job for its new time; or begun without its teacher.
    if (waitMs > reminderMs || waitMs <= 0) return null
    return (await tx.addReminder(tenantId, id, liveClass.startsAt)) ? liveClass : null
  })
  if (!announced) return 0
  context.notify({ type: 'class-reminder', liveClass: announced })
  return 1
}
