import { hash } from 'node:crypto'

/** Which provider a course is on while a platform moves. Pure: the same course and rollout always give the same answer. */

/**
 * `preparation`: nobody yet; `testing`: only courses on the list; `gradual`: those, new courses and a percentage; `full`:
 * all but those that were put off; `cleanup`: all, the old provider is gone.
 */
export type RolloutPhase = 'preparation' | 'testing' | 'gradual' | 'full' | 'cleanup'

export const rolloutPhases: readonly RolloutPhase[] = ['preparation', 'testing', 'gradual', 'full', 'cleanup']

export interface Rollout {
  readonly phase: RolloutPhase
  /** Of courses, 0 to 100, in steps of a hundredth; counts in phase `gradual`. */
  readonly percentage: number
  /** Courses that are on the new provider from `testing` on. */
  readonly allow: readonly string[]
  /** Courses that stay on the old one until `cleanup`. */
  readonly deny: readonly string[]
  /** Courses whose provider was decided by hand, by course. */
  readonly overrides: Readonly<Record<string, string>>
  /** In phase `gradual`, courses made at this moment or later are new courses: ISO 8601. */
  readonly newCoursesSince: string | null
  /** Whether new classes may be made on the old provider at all (`ZOOM_SUPPORT_ENABLED`). */
  readonly isOldEnabled: boolean
  /** Names of the two providers. */
  readonly from: string
  readonly to: string
}

export const noRollout: Rollout = {
  phase: 'preparation',
  percentage: 0,
  allow: [],
  deny: [],
  overrides: {},
  newCoursesSince: null,
  isOldEnabled: true,
  from: 'zoom',
  to: 'bbb',
}

/** Why a course, or a class, is where it is. */
export type ChoiceReason =
  /** The class has a meeting already: it stays where that is until it is moved. */
  | 'has_meeting'
  | 'old_disabled'
  | 'cleanup'
  | 'override'
  | 'denied'
  | 'preparation'
  | 'allowed'
  | 'not_in_test'
  | 'new_course'
  | 'in_percentage'
  | 'not_in_percentage'
  | 'full'

export interface Choice {
  readonly provider: string
  readonly reason: ChoiceReason
  /** Of the course, 0 to 9999: it is in when this is below the percentage times 100. */
  readonly bucket: number
}

export interface ChoiceInput {
  readonly course: { readonly id: string; readonly createdAt?: Date | undefined }
  /** A class that may have its meeting already. */
  readonly liveClass?: { readonly provider: string; readonly meetingId: string } | undefined
  readonly rollout: Rollout
}

const BUCKETS = 10_000

/**
 * The bucket of a course: the first 4 bytes of SHA-256 over `lms-conferencing/rollout/1:` and its id, as an unsigned
 * big-endian number, modulo 10,000. Published, and never changed: a course keeps its bucket for good.
 */
export const bucketOf = (courseId: string): number =>
  Buffer.from(hash('sha256', `lms-conferencing/rollout/1:${courseId}`), 'hex').readUInt32BE() % BUCKETS

/**
 * The provider of a course's next class, and why. A course never goes back and forth: growing the percentage only adds
 * courses, and a class that has a meeting stays with it.
 */
export function chooseProvider({ course, liveClass, rollout }: ChoiceInput): Choice {
  const { phase, percentage, allow, deny, overrides, newCoursesSince, isOldEnabled, from, to } = rollout
  const bucket = bucketOf(course.id)
  const answer = (provider: string, reason: ChoiceReason): Choice => ({ provider, reason, bucket })
  if (liveClass && liveClass.meetingId !== '') return answer(liveClass.provider, 'has_meeting')
  if (phase === 'cleanup') return answer(to, 'cleanup')
  if (!isOldEnabled) return answer(to, 'old_disabled')
  const override = Object.hasOwn(overrides, course.id) ? overrides[course.id] : undefined
  if (override !== undefined) return answer(override, 'override')
  if (deny.includes(course.id)) return answer(from, 'denied')
  if (phase === 'preparation') return answer(from, 'preparation')
  if (phase === 'full') return answer(to, 'full')
  if (allow.includes(course.id)) return answer(to, 'allowed')
  if (phase === 'testing') return answer(from, 'not_in_test')
  const since = newCoursesSince === null ? Number.POSITIVE_INFINITY : Date.parse(newCoursesSince)
  if (course.createdAt && course.createdAt.getTime() >= since) return answer(to, 'new_course')
  return bucket < percentage * 100 ? answer(to, 'in_percentage') : answer(from, 'not_in_percentage')
}

const sentences: Readonly<Record<ChoiceReason, (rollout: Rollout, choice: Choice) => string>> = {
  has_meeting: () => 'The class has its meeting there already; only moving the class changes that.',
  old_disabled: ({ from }) => `New classes on ${from} are switched off.`,
  cleanup: ({ from }) => `The move is over: nothing new is made on ${from}.`,
  override: () => 'Decided by hand for this course.',
  denied: ({ to }) => `The course is on the list of those that are not to go to ${to} yet.`,
  preparation: ({ to }) => `Nobody goes to ${to} yet.`,
  allowed: () => 'The course is on the list of those that go first.',
  not_in_test: () => 'Only courses on the list go first, and this one is not on it.',
  new_course: ({ newCoursesSince }) => `The course is new: made since ${newCoursesSince}.`,
  in_percentage: ({ percentage }, { bucket }) =>
    `${percentage} % of courses go, and bucket ${bucket} of ${BUCKETS} is among them.`,
  not_in_percentage: ({ percentage }, { bucket }) =>
    `${percentage} % of courses go, and bucket ${bucket} of ${BUCKETS} is not among them yet.`,
  full: () => 'All courses go.',
}

/** The same as a sentence for an administrator. */
export function explain(input: ChoiceInput): Choice & { readonly explanation: string } {
  const choice = chooseProvider(input)
  return { ...choice, explanation: sentences[choice.reason](input.rollout, choice) }
}
