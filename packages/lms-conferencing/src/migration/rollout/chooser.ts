import type { MeetingSpec } from '../../model.ts'
import { chooseProvider } from './choose.ts'
import { type RolloutPlace, readRollout } from './state.ts'

export interface RolloutChooserOptions extends RolloutPlace {
  /** When a course was made, for `newCoursesSince`. @default nobody knows */
  readonly courseCreatedAt?: ((courseId: string) => Date | undefined | Promise<Date | undefined>) | undefined
  /** `ZOOM_SUPPORT_ENABLED` of this process; `false` is as if the rollout said so. @default true */
  readonly isOldEnabled?: boolean | undefined
}

/**
 * What `createConferencing({ chooseProvider })` takes while a platform moves: asks the rollout that is kept in the store
 * for each new class, so that a command changes it for all processes at once.
 *
 * @example
 * const store = await openStore('sqlite:var/lms.db')
 * const chooseProvider = rolloutChooser({ store })
 */
export function rolloutChooser(options: RolloutChooserOptions): (spec: MeetingSpec) => Promise<string> {
  const { courseCreatedAt, isOldEnabled = true } = options
  return async ({ courseId }) => {
    const { rollout } = await readRollout(options)
    const createdAt = await courseCreatedAt?.(courseId)
    const choice = chooseProvider({
      course: { id: courseId, createdAt },
      rollout: { ...rollout, isOldEnabled: rollout.isOldEnabled && isOldEnabled },
    })
    return choice.provider
  }
}
