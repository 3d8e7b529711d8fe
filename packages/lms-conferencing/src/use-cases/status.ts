import { ConferencingError } from '../errors.ts'
import type { ClassStatus, LiveClass } from '../model.ts'

const next: Readonly<Record<ClassStatus, readonly ClassStatus[]>> = {
  scheduled: ['live', 'cancelled'],
  live: ['completed'],
  completed: [],
  cancelled: [],
}

/** Whether a class in `from` may become `to`. Staying the same is no transition and always allowed. */
export const mayBecome = (from: ClassStatus, to: ClassStatus): boolean => from === to || next[from].includes(to)

/** Throws `CONFLICT`, naming both ends, when the class may not become `to`. */
export function requireTransition({ id, status }: LiveClass, to: ClassStatus): void {
  if (mayBecome(status, to)) return
  throw new ConferencingError('CONFLICT', `A class that is ${status} cannot become ${to}.`, {
    userMessage: `This class is ${status}; it cannot become ${to}.`,
    details: { class_id: id, from: status, to },
  })
}
