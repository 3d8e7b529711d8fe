import type { LiveClass, Participant, Recording } from './model.ts'
import { type ConferencingOptions, resolveOptions } from './options.ts'
import type { CallbackRequest, RecordingVisibility } from './provider.ts'
import type { AttendanceMark } from './store-results.ts'
import type { ClassAttendance } from './use-cases/attendance.ts'
import { type Background, createBackground } from './use-cases/background.ts'
import { type CalendarFeeds, createCalendarFeeds } from './use-cases/calendar-feed.ts'
import { createCallbacks } from './use-cases/callbacks.ts'
import { cancelClass } from './use-cases/cancel.ts'
import { type Changes, createChanges } from './use-cases/changes.ts'
import {
  type ClassRevision,
  type CreateClassOptions,
  classRevision,
  createClass,
  getClass,
  type ListClassesFilter,
  listClasses,
  type NewClass,
} from './use-cases/classes.ts'
import { type Dashboard, type DashboardFilter, dashboard } from './use-cases/dashboard.ts'
import { endClass } from './use-cases/end.ts'
import { createFirstClass, type NewCourse } from './use-cases/first-class.ts'
import { createGauges, gaugesOf, type Health, health } from './use-cases/health.ts'
import { type JoinInfo, joinInfo } from './use-cases/join.ts'
import { type CreatedMeeting, createMeeting } from './use-cases/provisioning.ts'
import {
  type ReconcileOptions,
  type ReconcileSummary,
  type Reconciliation,
  reconcile,
  reconcileSince,
} from './use-cases/reconcile.ts'
import { createRecordingChanges } from './use-cases/recording-changes.ts'
import { createRecordings } from './use-cases/recordings.ts'
import { attendanceOf } from './use-cases/results.ts'
import { type AttendanceMarking, markAttendance } from './use-cases/results-marks.ts'
import { type StartedClass, startClass } from './use-cases/start.ts'
import { type ClassChanges, updateClass } from './use-cases/update.ts'
import { createUpkeep, type InboxUpkeep } from './use-cases/upkeep.ts'
import { timedJoin } from './use-cases/watch.ts'

/**
 * Live classes. Every method rejects with a `ConferencingError`; the LMS decides beforehand who may call which.
 */
export interface Conferencing {
  /** Plans a class and makes its meeting. `INVALID` names the field; a class whose provider is silent is `pending`. */
  createClass(input: NewClass, options?: CreateClassOptions): Promise<LiveClass>
  /** Makes the meeting of a class that waits for one, by hand. */
  createMeeting(classId: string): Promise<CreatedMeeting>
  /** The first class of a course that is new in the LMS: in seven days unless told otherwise, its meeting made later. */
  createFirstClass(course: NewCourse): Promise<LiveClass>
  getClass(classId: string): Promise<LiveClass>
  /** The class, and a number that grows with each change of it: what calendars tell new from old by. */
  classRevision(classId: string): Promise<ClassRevision>
  /** Reschedules or renames. `CONFLICT` names the field that cannot change any more. */
  updateClass(classId: string, changes: ClassChanges): Promise<LiveClass>
  /** Calls a class off that has not begun. `CONFLICT` when it has. */
  cancelClass(classId: string): Promise<LiveClass>
  /** By start. One query, no provider asked. */
  listClasses(filter?: ListClassesFilter): Promise<readonly LiveClass[]>
  /** What one person has coming, running and behind. No provider is asked, and no link made. */
  dashboard(filter: DashboardFilter): Promise<Dashboard>
  /** Opens the room, again if need be, and lets people in. `CONFLICT` when the class is over. */
  startClass(classId: string, teacher: Participant): Promise<StartedClass>
  /** Whether and how one person gets in now. */
  joinInfo(classId: string, person: Participant): Promise<JoinInfo>
  /** Ends the class for everybody. */
  endClass(classId: string): Promise<LiveClass>
  /** Who was there: provisional while the class runs, final after it. */
  attendance(classId: string): Promise<ClassAttendance>
  /** Sets what a teacher says of one person's attendance, beside the figures, or takes it back with `mark: null`. */
  markAttendance(change: AttendanceMarking): Promise<AttendanceMark | null>
  /**
   * Completes the evidence of a class from what its provider wrote down, and answers where it was incomplete or
   * contradicts itself. What runs in the background does so by itself. Throws what the provider throws.
   */
  reconcile(classId: string): Promise<Reconciliation>
  /** The same for all classes that ended since a moment, one after the other; a provider that fails stops nothing. */
  reconcileSince(options: ReconcileOptions): Promise<ReconcileSummary>
  /** All recordings, in whatever state; who may see which is for the LMS to say. */
  recordings(classId: string): Promise<readonly Recording[]>
  /** Lets people watch a recording, or not. `CONFLICT` while it is processed, `UNSUPPORTED` where the provider cannot. */
  publishRecording(classId: string, change: RecordingVisibility): Promise<Recording>
  /** Deletes a recording for good, at the provider too. */
  deleteRecording(classId: string, recordId: string): Promise<Recording>
  /**
   * Takes a provider's callback: resolves once it is stored for good. Throws `CALLBACK_REJECTED` when it is not from
   * the provider, `STORE_UNAVAILABLE` when it could not be stored and should be sent again.
   * Answers the JSON text that a sender asks for to know that this is the right place; `null` for all others.
   */
  receiveCallback(provider: string, request: CallbackRequest): Promise<string | null>
  /** Calendars that programs subscribe to. */
  readonly calendarFeeds: CalendarFeeds
  /** What changed in any process: what live pages are fed from. */
  readonly changes: Changes
  /** Counts a callback that was refused before it could be given to {@link Conferencing.receiveCallback}: too large, for example. */
  countRefusal(provider: string, reason: string): void
  /** What people do to the callbacks that came in: look, replay, verify again, forget. */
  readonly inbox: InboxUpkeep
  /** Whether the store answers, how much waits, how the providers did. None of them is called. */
  health(): Promise<Health>
  /** The figures of this process in Prometheus' text format 0.0.4. No id, no name, no secret is in them. */
  metrics(): Promise<string>
  /**
   * Begins the background work: callbacks kept and applied, waiting meetings made, rooms looked at, classes closed and
   * compared with the provider's record, recordings awaited.
   */
  start(): void
  /** Lets what runs come to its end; nothing begins after that. The store stays open: it is yours. */
  stop(): Promise<void>
  /** The background work in single rounds, for whoever has a scheduler of their own, or a test. */
  readonly rounds: Background['rounds']
}

/**
 * Puts live classes together from their ports.
 *
 * @example
 * const conferencing = createConferencing({
 *   providers: { bbb: bbbProvider({ client, callbacks }) },
 *   store: await openStore('sqlite:lms.db'),
 *   roster: liveClass => school.studentsOf(liveClass.courseId),
 * })
 * conferencing.start()
 */
export function createConferencing(options: ConferencingOptions): Conferencing {
  const context = resolveOptions(options)
  const recordings = createRecordings(context)
  const callbacks = createCallbacks(context, recordings)
  const changes = createRecordingChanges(context, recordings)
  const gauges = createGauges(context)
  const background = createBackground(context, { recordings, callbacks })
  return {
    createClass: (input, how) => createClass(context, input, how),
    createMeeting: id => createMeeting(context, id),
    createFirstClass: course => createFirstClass(context, course),
    updateClass: (id, what) => updateClass(context, id, what),
    cancelClass: id => cancelClass(context, id),
    getClass: id => getClass(context, id),
    classRevision: id => classRevision(context, id),
    listClasses: filter => listClasses(context, filter),
    dashboard: filter => dashboard(context, filter),
    startClass: (id, teacher) => timedJoin(context, () => startClass(context, id, teacher)),
    joinInfo: (id, person) => timedJoin(context, () => joinInfo(context, id, person)),
    endClass: id => endClass(context, id),
    attendance: id => attendanceOf(context, id),
    markAttendance: change => markAttendance(context, change),
    reconcile: id => reconcile(context, id),
    reconcileSince: how => reconcileSince(context, how),
    recordings: id => recordings.list(id),
    publishRecording: (id, change) => changes.publish(id, change),
    deleteRecording: (id, recordId) => changes.remove(id, recordId),
    receiveCallback: (provider, request) => callbacks.receive(provider, request),
    calendarFeeds: createCalendarFeeds(context),
    changes: createChanges(context),
    countRefusal: callbacks.countRefusal,
    inbox: createUpkeep(context, callbacks),
    health: () => health(context),
    metrics: async () => context.metricsText(gaugesOf(await health(context))),
    start() {
      gauges.start()
      background.start()
    },
    stop() {
      gauges.stop()
      return background.stop()
    },
    rounds: background.rounds,
  }
}
