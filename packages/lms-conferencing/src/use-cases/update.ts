import { ConferencingError } from '../errors.ts'
import type { ClassStatus, LiveClass } from '../model.ts'
import type { ClassPatch, StoredClass } from '../store.ts'
import { type Context, changeClass } from './context.ts'
import { markAttempt, markReady, openMeeting } from './provisioning.ts'
import { requireValid } from './validate.ts'

/** What can be changed of a class; what is left out stays. The limits are those of a new class. */
export interface ClassChanges {
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly startsAt?: Date | undefined
  readonly durationMinutes?: number | undefined
}

/** What may still change: a class that has begun has its start behind it, and attendance is measured by plan. */
const changeable: Readonly<Record<ClassStatus, readonly (keyof ClassChanges)[]>> = {
  scheduled: ['title', 'description', 'startsAt', 'durationMinutes'],
  live: ['title', 'description', 'durationMinutes'],
  completed: ['title', 'description'],
  cancelled: [],
}

const fields = ['title', 'description', 'startsAt', 'durationMinutes'] as const

/** As the API calls them. */
const fieldNames: Readonly<Record<keyof ClassChanges, string>> = {
  title: 'title',
  description: 'description',
  startsAt: 'scheduled_at',
  durationMinutes: 'duration_minutes',
}

/**
 * Changes the plan of a class: the row first, then the provider. When that one does not answer, the class is `pending`
 * until it has heard of the change.
 * Throws `INVALID` naming the field, `CONFLICT` naming the field and the status in which it cannot change any more.
 */
export async function updateClass(context: Context, id: string, changes: ClassChanges): Promise<LiveClass> {
  requireValid(changes)
  let tellProvider = false
  let changed = false
  const row = await changeClass(context, id, ({ liveClass }) => {
    const patch = patchOf(liveClass, changes)
    changed = Object.keys(patch).length > 0
    if (!changed) return null
    // The room of a live class keeps the name it was opened with.
    tellProvider = liveClass.status === 'scheduled'
    return tellProvider ? { ...patch, provisioning: 'pending', provisioningReason: null } : patch
  })
  const told = tellProvider ? await tell(context, row) : row
  if (changed) context.notify({ type: 'class-changed', liveClass: told.liveClass })
  return told.liveClass
}

async function tell(context: Context, row: StoredClass): Promise<StoredClass> {
  try {
    return await markReady(context, row, await openMeeting(context, row))
  } catch (error) {
    return markAttempt(context, row, error)
  }
}

/** Only what is really another value; throws `CONFLICT` for the first that cannot change. */
function patchOf(liveClass: LiveClass, changes: ClassChanges): ClassPatch {
  const wanted = {
    title: changes.title?.trim() ?? liveClass.title,
    description: changes.description ?? liveClass.description,
    startsAt: changes.startsAt ?? liveClass.startsAt,
    durationMinutes: changes.durationMinutes ?? liveClass.durationMinutes,
  }
  const others = fields.filter(field => wanted[field].valueOf() !== liveClass[field].valueOf())
  const refused = others.find(field => !changeable[liveClass.status].includes(field))
  if (refused) throw unchangeable(liveClass, fieldNames[refused])
  return others.length > 0 ? wanted : {}
}

const unchangeable = ({ id, status }: LiveClass, field: string): ConferencingError =>
  new ConferencingError('CONFLICT', `${field} cannot change any more: the class is ${status}.`, {
    userMessage: `This class is ${status}; its ${field.replace('_', ' ')} cannot change any more.`,
    details: { class_id: id, status, field },
    outcome: 'not-sent',
  })
