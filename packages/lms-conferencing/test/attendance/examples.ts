import type { AttendanceClass, AttendanceOptions, PersonAttendance } from '../../src/attendance/types.ts'

/** What is expected of one person: when they were there, and whichever figures the rule is about. */
export type Expected = { readonly there: string; readonly bridged?: string; readonly imputed?: string } & Partial<
  Omit<PersonAttendance, 'intervals' | 'bridged' | 'imputed'>
>

/** One worked example of one rule, by hand. The class is planned from 0:00 to 60:00 unless it says otherwise. */
export interface Example {
  readonly rule: string
  readonly story: string
  readonly class?: Partial<Record<'scheduledStart' | 'startedAt' | 'endedAt', string | null>> & {
    readonly plannedMs?: number
    readonly blind?: string
  }
  readonly options?: AttendanceOptions
  readonly now?: string
  /** @default everybody in `expect` */
  readonly roster?: readonly string[]
  readonly held: string
  readonly blindMs?: AttendanceClass['plannedMs']
  readonly expect: Readonly<Record<string, Expected>>
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const unplanned = { scheduledStart: null, plannedMs: 0 }

/** Sections 1 to 3: what is read, and what counts as class time. */
export const heldExamples: readonly Example[] = [
  {
    rule: '§1 a person is the one on the earliest event that names one, the smaller name at equal times',
    story: `started 0:00; -/a joined 0:00; ana/a joined 5:00; ben/a left 30:00;
      cho/b joined 0:00; ana/b joined 0:00; -/b left 20:00; ended 60:00`,
    held: '0:00–60:00',
    expect: {
      ana: { there: '0:00–30:00', status: 'partial' },
      ben: { there: '', status: 'absent' },
      cho: { there: '', status: 'absent' },
    },
  },
  {
    rule: '§1 the same session key in another instance is another session',
    story: 'i1: ana/a joined 0:00; i1: ended 20:00; i2: ben/a joined 20:00; i2: ben/a left 60:00; i2: ended 60:00',
    held: '0:00–60:00',
    expect: {
      ana: { there: '0:00–20:00', imputed: '0:00–20:00', status: 'partial', anomalies: ['unclosed'] },
      ben: { there: '20:00–60:00', status: 'partial', anomalies: [] },
    },
  },
  {
    rule: '§1 somebody off the roster is counted, without status and score',
    story: 'started 0:00; ana/a joined 0:00; ana/a left 60:00; ended 60:00',
    roster: ['ben'],
    held: '0:00–60:00',
    expect: {
      ana: { there: '0:00–60:00', status: null, percentage: 100, participationScore: null, participationBasis: null },
      ben: { there: '', status: 'absent', participationScore: 0, participationBasis: 'attendance' },
    },
  },
  {
    rule: '§2 waiting is not being there, and gives a session neither person nor time nor the class its start',
    story: `ana/a joined 0:00 in waiting; ana/a left 5:00 in waiting; ana/a left 9:00 in waiting;
      ben/b joined 0:00 in waiting; cho/b joined 10:00; cho/b left 60:00; ended 60:00; ana/a joined 90:00 in waiting`,
    held: '10:00–60:00',
    expect: {
      ana: { there: '', status: 'absent', anomalies: [], confidence: 'exact' },
      ben: { there: '', status: 'absent' },
      cho: { there: '10:00–60:00', status: 'present' },
    },
  },
  {
    rule: '§2 live: what happens after now has not happened',
    story: 'started 0:00; ana/a joined 0:00; ana/a left 20:00; ben/b joined 20:00.001; ended 40:00',
    now: '20:00',
    held: '0:00–20:00',
    expect: {
      ana: { there: '0:00–20:00', status: 'present', inClassNow: false },
      ben: { there: '', status: null, inClassNow: false, anomalies: [] },
    },
  },
  {
    rule: '§3.1 an instance begins with its first started, main-room joined or snapshot, not with a breakout or a left',
    story: `ana/x joined 2:00 in 1; ben/b left 3:00; snapshot 4:00 ben/b; ana/a joined 5:00; started 6:00;
      ana/x left 5:00 in 1; ana/a left 60:00; ben/b left 60:00; ended 60:00`,
    held: '4:00–60:00',
    expect: { ana: { there: '4:00–60:00' }, ben: { there: '4:00–60:00', anomalies: ['orphan_left'] } },
  },
  {
    rule: '§3.1 an instance ends with its first ended',
    story: 'started 0:00; ana/a joined 0:00; ended 50:00; ended 50:03; ana/a left 50:02',
    held: '0:00–50:00',
    expect: { ana: { there: '0:00–50:00', status: 'present' } },
  },
  {
    rule: '§3.1 without ended, the next instance ends it',
    story: 'started 0:00; ana/a joined 0:00; i2: started 30:00; i2: ben/a joined 30:00; i2: ended 60:00',
    held: '0:00–60:00',
    expect: { ana: { there: '0:00–30:00', status: 'partial' }, ben: { there: '30:00–60:00' } },
  },
  {
    rule: '§3.1 without ended, the LMS ends it',
    story: 'started 0:00; ana/a joined 0:00',
    class: { endedAt: '45:00' },
    held: '0:00–45:00',
    expect: { ana: { there: '0:00–45:00', imputed: '0:00–45:00', status: 'present', confidence: 'imputed' } },
  },
  {
    rule: '§3.1 without ended and LMS end, the plan ends it',
    story: 'started 0:00; ana/a joined 0:00',
    held: '0:00–60:00',
    expect: { ana: { there: '0:00–60:00' } },
  },
  {
    rule: '§3.1 … or the last event, if that is later',
    story: 'started 0:00; ana/a joined 0:00; ben/b joined 70:00; ben/b left 80:00',
    options: { windowMode: 'actual' },
    held: '0:00–80:00',
    expect: { ana: { there: '0:00–80:00' }, ben: { there: '70:00–80:00' } },
  },
  {
    rule: '§3.3 planned: time before the plan never counts and overrun is free',
    story: 'started -10:00; ana/a joined -10:00; ana/a left 30:00; ben/b joined 60:00; ben/b left 75:00; ended 75:00',
    held: '0:00–60:00',
    expect: { ana: { there: '0:00–30:00', status: 'partial' }, ben: { there: '', status: 'absent' } },
  },
  {
    rule: '§3.3 planned: a class that starts late has its whole planned length',
    story: 'started 15:00; ana/a joined 15:00; ana/a left 90:00; ended 90:00',
    held: '15:00–75:00',
    expect: { ana: { there: '15:00–75:00', status: 'present', lateByMs: 0 } },
  },
  {
    rule: '§3.3 planned: the LMS may have started it before the first event, and ended it before the last',
    story: 'ana/a joined 8:00; ana/a left 60:00; ended 60:00',
    class: { startedAt: '5:00', endedAt: '55:00' },
    held: '8:00–55:00',
    expect: { ana: { there: '8:00–55:00', lateByMs: 0 } },
  },
  {
    rule: '§3.3 planned: a class held before its plan counts from its start',
    story: 'started -200:00; ana/a joined -200:00; ana/a left -100:00; ended -100:00',
    held: '-200:00–-140:00',
    expect: { ana: { there: '-200:00–-140:00', status: 'present' } },
  },
  {
    rule: '§3.3 planned: … also one that was over the moment its plan began',
    story: 'started -30:00; ana/a joined -30:00; ana/a left 0:00; ended 0:00',
    held: '-30:00–0:00',
    expect: { ana: { there: '-30:00–0:00', status: 'present' } },
  },
  {
    rule: '§3.3 planned, live: before the plan nothing is held yet',
    story: 'started -20:00; ana/a joined -20:00',
    now: '-5:00',
    held: '',
    expect: { ana: { there: '', status: null, percentage: null, inClassNow: true, participationScore: null } },
  },
  {
    rule: '§3.3 planned without a plan is actual',
    story: 'started 7:00; ana/a joined 7:00; ana/a left 95:00; ended 95:00',
    class: unplanned,
    held: '7:00–95:00',
    expect: { ana: { there: '7:00–95:00' } },
  },
  {
    rule: '§3.3 actual: from start to end, whatever was planned',
    story: 'started -10:00; ana/a joined -10:00; ana/a left 75:00; ended 75:00',
    options: { windowMode: 'actual' },
    held: '-10:00–75:00',
    expect: { ana: { there: '-10:00–75:00' } },
  },
  {
    rule: '§3.3 scheduled: the plan to the minute, a late teacher and a pause included',
    story: 'started 10:00; ana/a joined 10:00; ended 30:00; ana/a left 30:00',
    options: { windowMode: 'scheduled' },
    held: '0:00–60:00',
    expect: { ana: { there: '10:00–30:00', status: 'partial', late: false, leftEarly: true } },
  },
  {
    rule: '§3.3 scheduled, live: to now at most',
    story: 'started 0:00; ana/a joined 0:00',
    options: { windowMode: 'scheduled' },
    now: '12:00',
    held: '0:00–12:00',
    expect: { ana: { there: '0:00–12:00', inClassNow: true } },
  },
  {
    rule: '§3.3 scheduled without a plan is actual',
    story: 'started 0:00; ana/a joined 0:00; ana/a left 20:00; ended 20:00',
    class: unplanned,
    options: { windowMode: 'scheduled' },
    held: '0:00–20:00',
    expect: { ana: { there: '0:00–20:00' } },
  },
  {
    rule: '§3.4 a pause between two instances is neither presence nor absence',
    story: `started 0:00; ana/a joined 0:00; ana/a left 20:00; ended 20:00;
      i2: started 50:00; i2: ana/a joined 51:00; i2: ana/a left 60:00; i2: ended 60:00`,
    held: '0:00–20:00 50:00–60:00',
    expect: {
      ana: { there: '0:00–20:00 50:00–60:00', bridged: '50:00–51:00', reconnects: 1, gaps: 0, percentage: 100 },
    },
  },
  {
    rule: '§3.4 blind time is neither presence nor absence',
    story: 'started 0:00; ana/a joined 0:00; ana/a left 60:00; ben/b joined 35:00; ben/b left 60:00; ended 60:00',
    class: { blind: '25:00–35:00 20:00–30:00' },
    held: '0:00–20:00 35:00–60:00',
    blindMs: 15 * MINUTE,
    expect: {
      ana: { there: '0:00–20:00 35:00–60:00', status: 'present', percentage: 100, reconnects: 0 },
      ben: { there: '35:00–60:00', status: 'partial', lateByMs: 20 * MINUTE },
    },
  },
  {
    rule: '§3.4 nothing known of the class: not held, and nobody absent',
    story: '',
    class: { startedAt: '0:00', endedAt: '60:00' },
    held: '',
    expect: {
      ana: { there: '', status: 'not_held', percentage: null, participationScore: null, participationBasis: null },
    },
  },
]

/** Section 4: from events to intervals. */
export const sessionExamples: readonly Example[] = [
  {
    rule: '§4.1 a repeated joined is ignored, even with another clock',
    story: 'started 0:00; ana/a joined 1:00; ana/a joined 1:00; ana/a joined 1:03; ana/a left 50:00; ended 60:00',
    held: '0:00–60:00',
    expect: { ana: { there: '1:00–50:00', anomalies: [] } },
  },
  {
    rule: '§4.2 a repeated left is ignored, even with another clock',
    story: 'started 0:00; ana/a joined 1:00; ana/a left 50:00; ana/a left 50:02; ended 60:00',
    held: '0:00–60:00',
    expect: { ana: { there: '1:00–50:00', anomalies: [], confidence: 'exact' } },
  },
  {
    rule: '§4.2 a left without a joined gives no credit and says so',
    story: 'started 0:00; ana/a left 50:00; ana/b joined 55:00; ana/b left 60:00; ended 60:00',
    held: '0:00–60:00',
    expect: { ana: { there: '55:00–60:00', anomalies: ['orphan_left'], confidence: 'incomplete' } },
  },
  {
    rule: '§4.3 left and joined in the same millisecond while open: out and in again',
    story: 'started 0:00; ana/a joined 0:00; ana/a joined 20:00; ana/a left 20:00; ana/a left 40:00; ended 60:00',
    held: '0:00–60:00',
    expect: { ana: { there: '0:00–40:00', anomalies: [], reconnects: 0 } },
  },
  {
    rule: '§4.3 §4.4 joined and left in the same millisecond while closed: nothing, and no orphan',
    story: 'started 0:00; ana/a left 20:00; ana/a joined 20:00; ana/a left 21:00; ended 60:00',
    held: '0:00–60:00',
    expect: { ana: { there: '', status: 'absent', anomalies: [], confidence: 'exact', firstJoin: null } },
  },
  {
    rule: '§4 the same connection may come and go several times',
    story: 'started 0:00; ana/a joined 0:00; ana/a left 10:00; ana/a joined 20:00; ana/a left 60:00; ended 60:00',
    held: '0:00–60:00',
    expect: { ana: { there: '0:00–10:00 20:00–60:00', gaps: 1, reconnects: 0 } },
  },
  {
    rule: '§4.5a live: still open is in class now, and nothing is imputed',
    story: 'started 0:00; ana/a joined 5:00; ben/x joined 6:00 in 1',
    now: '20:00',
    held: '0:00–20:00',
    expect: {
      ana: { there: '5:00–20:00', inClassNow: true, anomalies: [], imputedMs: 0 },
      ben: { there: '6:00–20:00', inClassNow: true },
    },
  },
  {
    rule: '§4.5a live: but not once its instance has ended',
    story: 'started 0:00; ana/a joined 5:00; ended 15:00; i2: started 16:00; i2: ben/a joined 16:00',
    now: '20:00',
    held: '0:00–15:00 16:00–20:00',
    expect: {
      ana: { there: '5:00–15:00', inClassNow: false, anomalies: ['unclosed'], imputedMs: 10 * MINUTE },
      ben: { there: '16:00–20:00', inClassNow: true },
    },
  },
  {
    rule: '§4.5b the left fell into blind time: the session ends where it begins, and that is certain',
    story: 'started 0:00; ana/a joined 5:00; ended 60:00',
    class: { blind: '20:00–30:00 40:00–45:00' },
    held: '0:00–20:00 30:00–40:00 45:00–60:00',
    blindMs: 15 * MINUTE,
    expect: { ana: { there: '5:00–20:00', anomalies: ['unclosed'], imputedMs: 0, confidence: 'exact' } },
  },
  {
    rule: '§4.5b … joined within blind time: it ends at once',
    story: 'started 0:00; ana/a joined 25:00; ben/b joined 30:00; ended 60:00',
    class: { blind: '20:00–30:00' },
    held: '0:00–20:00 30:00–60:00',
    blindMs: 10 * MINUTE,
    expect: {
      ana: { there: '', status: 'absent', anomalies: ['unclosed'] },
      ben: { there: '30:00–60:00', anomalies: ['unclosed'], imputedMs: 30 * MINUTE },
    },
  },
  {
    rule: '§4.5b … but not if the instance was over, or a snapshot had already missed the session',
    story: `started 0:00; ana/a joined 5:00; snapshot 10:00 -/z; ended 30:00;
      i2: started 30:00; i2: ben/b joined 30:00; i2: ended 50:00`,
    class: { blind: '20:00–25:00 50:00–60:00' },
    held: '0:00–20:00 25:00–50:00',
    blindMs: 5 * MINUTE,
    expect: {
      ana: { there: '', anomalies: ['unclosed'] },
      ben: { there: '30:00–50:00', imputed: '30:00–50:00', anomalies: ['unclosed'] },
    },
  },
  {
    rule: '§4.5b a snapshot without the session: it ends at the last evidence',
    story: 'started 0:00; ana/a joined 5:00; snapshot 8:00 ana/a; snapshot 12:00; ana/b joined 30:00; ended 60:00',
    held: '0:00–60:00',
    options: { reconnectGraceMs: 0 },
    expect: {
      ana: { there: '5:00–8:00 30:00–60:00', imputed: '30:00–60:00', anomalies: ['unclosed'] },
    },
  },
  {
    rule: '§4.5b superseded: a join of the same person in another session ends the lost one',
    story: 'started 0:00; ana/a joined 5:00; ana/b joined 30:00; ana/b left 40:00; ended 60:00',
    held: '0:00–60:00',
    expect: {
      ana: {
        there: '5:00–40:00',
        imputed: '5:00–30:00',
        anomalies: ['superseded', 'unclosed'],
        confidence: 'imputed',
        status: 'partial',
      },
    },
  },
  {
    rule: '§4.5b superseded, switched off: to the instance end',
    story: 'started 0:00; ana/a joined 5:00; ana/b joined 30:00; ana/b left 40:00; ended 60:00',
    options: { supersede: false },
    held: '0:00–60:00',
    expect: { ana: { there: '5:00–60:00', imputedMs: 45 * MINUTE, anomalies: ['unclosed'] } },
  },
  {
    rule: '§4.5b superseded: somebody else, another instance, an earlier join or a join after the end supersede nothing',
    story: `started 0:00; ana/b joined 4:00; ana/b left 5:00; ana/a joined 5:00; ben/c joined 20:00; ben/c left 60:00;
      ended 30:00; ana/d joined 30:00; ana/d left 31:00; i2: started 31:00; i2: ana/e joined 40:00; i2: ana/e left 60:00;
      i2: ended 60:00`,
    held: '0:00–30:00 31:00–60:00',
    expect: {
      ana: { there: '4:00–30:00 40:00–60:00', anomalies: ['unclosed'], gaps: 1 },
      ben: { there: '20:00–30:00 31:00–60:00' },
    },
  },
  {
    rule: '§4.5b superseded: a breakout join does not end a main-room session, a main-room join does',
    story: `started 0:00; ana/a joined 0:00; ana/x joined 10:00 in 1; ana/x left 20:00 in 1;
      ana/b joined 30:00; ana/b left 40:00; ended 60:00`,
    held: '0:00–60:00',
    expect: { ana: { there: '0:00–40:00', imputedMs: 20 * MINUTE, anomalies: ['superseded', 'unclosed'] } },
  },
  {
    rule: '§4.5b superseded: any other join ends a breakout session, also the same connection back in the main room',
    story: `started 0:00; ana/x joined 0:00 in 1; ana/x joined 20:00; ana/x left 30:00;
      ben/y joined 0:00 in 1; ben/z joined 15:00 in 2; ben/z left 25:00 in 2; ended 60:00`,
    held: '0:00–60:00',
    expect: {
      ana: { there: '0:00–30:00', imputed: '0:00–20:00', anomalies: ['superseded', 'unclosed'] },
      ben: { there: '0:00–25:00', imputed: '0:00–15:00', anomalies: ['superseded', 'unclosed'] },
    },
  },
  {
    rule: '§4.5b no evidence at all: to the instance end, all of it imputed',
    story: 'started 0:00; ana/a joined 5:00; ended 60:00; ben/b joined 61:00',
    held: '0:00–60:00',
    expect: {
      ana: { there: '5:00–60:00', imputed: '5:00–60:00', status: 'present', confidence: 'imputed' },
      ben: { there: '', status: 'absent', anomalies: ['unclosed'], confidence: 'exact' },
    },
  },
  {
    rule: '§4.5b live and running: only a snapshot without it makes a session unclosed',
    story: `started 0:00; ana/a joined 0:00; ana/b joined 10:00; ben/c joined 0:00;
      snapshot 5:00 ana/a ben/c; snapshot 15:00 ana/a ana/b`,
    now: '30:00',
    class: { blind: '6:00–7:00' },
    held: '0:00–6:00 7:00–30:00',
    blindMs: MINUTE,
    expect: {
      ana: { there: '0:00–6:00 7:00–30:00', inClassNow: true, anomalies: [], imputedMs: 0 },
      ben: { there: '0:00–6:00', inClassNow: false, anomalies: ['unclosed'], imputedMs: 0 },
    },
  },
  {
    rule: '§4.5b live: a snapshot of this very moment counts, the next one not yet',
    story: `started 0:00; ana/a joined 0:00; ben/b joined 0:00; snapshot 10:00 ana/a ben/b; snapshot 20:00 ana/a;
      snapshot 20:00.001 ben/b`,
    now: '20:00',
    held: '0:00–20:00',
    expect: {
      ana: { there: '0:00–20:00', inClassNow: true, anomalies: [] },
      ben: { there: '0:00–10:00', inClassNow: false, anomalies: ['unclosed'] },
    },
  },
  {
    rule: '§4.6 a listing opens a session whose joined was lost, once',
    story: 'started 0:00; snapshot 10:00 ana/a; snapshot 20:00 ana/a; ana/a left 60:00; ended 60:00',
    held: '0:00–60:00',
    expect: { ana: { there: '10:00–60:00', anomalies: [], confidence: 'exact' } },
  },
  {
    rule: '§4.6 … but not in the millisecond of its left, nor after it',
    story: 'started 0:00; ana/a joined 0:00; snapshot 20:00 ana/a; ana/a left 20:00; snapshot 30:00; ended 60:00',
    held: '0:00–60:00',
    expect: { ana: { there: '0:00–20:00', anomalies: [] } },
  },
  {
    rule: '§4.6 a left with its listing, never open: still an orphan',
    story: 'started 0:00; snapshot 20:00 ana/a; ana/a left 20:00; ended 60:00',
    held: '0:00–60:00',
    expect: { ana: { there: '', anomalies: ['orphan_left'] } },
  },
  {
    rule: '§4.6 a faulty snapshot does no harm if a later one lists the session again',
    story: 'started 0:00; ana/a joined 0:00; snapshot 10:00; snapshot 20:00 ana/a; ended 60:00',
    held: '0:00–60:00',
    expect: { ana: { there: '0:00–60:00', imputed: '20:00–60:00', anomalies: ['unclosed'] } },
  },
  {
    rule: '§4.6 snapshots never shorten a session with its own left, and say nothing of breakouts',
    story: `started 0:00; ana/a joined 0:00; ben/x joined 0:00 in 1; snapshot 10:00; snapshot 20:00;
      ana/a left 50:00; ended 60:00`,
    held: '0:00–60:00',
    expect: {
      ana: { there: '0:00–50:00', anomalies: [] },
      ben: { there: '0:00–60:00', imputed: '0:00–60:00', anomalies: ['unclosed'] },
    },
  },
  {
    rule: '§4.6 two snapshots of one millisecond together are one list',
    story: 'started 0:00; ana/a joined 0:00; snapshot 10:00; snapshot 10:00 ana/a; ended 60:00',
    held: '0:00–60:00',
    expect: { ana: { there: '0:00–60:00', imputed: '10:00–60:00' } },
  },
  {
    rule: '§4.7 a left whose joined fell into blind time opens where that ended',
    story: 'started 0:00; ana/a left 50:00; ana/a left 51:00; ben/b left 25:00; cho/c left 9:00; ended 60:00',
    class: { blind: '10:00–15:00 20:00–30:00' },
    held: '0:00–10:00 15:00–20:00 30:00–60:00',
    blindMs: 15 * MINUTE,
    expect: {
      ana: { there: '30:00–50:00', anomalies: [], confidence: 'exact' },
      ben: { there: '', anomalies: [] },
      cho: { there: '', anomalies: ['orphan_left'], confidence: 'incomplete' },
    },
  },
  {
    rule: '§4.7 a listing whose joined fell into blind time opens where that ended, too',
    story: 'started 0:00; snapshot 40:00 ana/a ben/b; ana/a left 60:00; ben/b left 45:00; ended 60:00',
    class: { blind: '10:00–30:00' },
    held: '0:00–10:00 30:00–60:00',
    blindMs: 20 * MINUTE,
    expect: { ana: { there: '30:00–60:00' }, ben: { there: '30:00–45:00' } },
  },
  {
    rule: '§4.7 blind time that begins with the left, or after it, explains nothing',
    story: 'started 0:00; ana/a left 10:00; ben/b left 9:59.999; cho/c left 10:00.001; ended 60:00',
    class: { blind: '10:00–15:00' },
    held: '0:00–10:00 15:00–60:00',
    blindMs: 5 * MINUTE,
    expect: {
      ana: { there: '', anomalies: ['orphan_left'] },
      ben: { there: '', anomalies: ['orphan_left'] },
      cho: { there: '', anomalies: [] },
    },
  },
  {
    rule: '§4.7 a session that was seen before does not begin again in blind time',
    story: 'started 0:00; ana/a joined 0:00; ana/a left 5:00; ana/a left 50:00; snapshot 40:00; ended 60:00',
    class: { blind: '10:00–30:00' },
    held: '0:00–10:00 30:00–60:00',
    blindMs: 20 * MINUTE,
    expect: { ana: { there: '0:00–5:00', anomalies: [] } },
  },
]

/** Sections 5 to 9: figures, status, live, score, confidence. */
export const figureExamples: readonly Example[] = [
  {
    rule: '§5.1 several devices are one presence: a union, never a sum',
    story: `started 0:00; ana/a joined 0:00; ana/b joined 10:00; ana/c joined 5:00 in 1; ana/c left 30:00 in 1;
      ana/a left 20:00; ana/b left 60:00; ended 60:00`,
    held: '0:00–60:00',
    expect: { ana: { there: '0:00–60:00', observedMs: HOUR, creditedMs: HOUR, reconnects: 0, gaps: 0 } },
  },
  {
    rule: '§5.2 a gap of exactly the grace is bridged, one millisecond more is not; nothing before or after is',
    story: `started 0:00; ana/a joined 1:00; ana/a left 20:00; ana/b joined 22:00; ana/b left 59:00;
      ben/c joined 0:00; ben/c left 20:00; ben/d joined 22:00.001; ben/d left 60:00; ended 60:00`,
    held: '0:00–60:00',
    expect: {
      ana: { there: '1:00–59:00', bridged: '20:00–22:00', bridgedMs: 120_000, reconnects: 1, gaps: 0 },
      ben: { there: '0:00–20:00 22:00.001–60:00', bridged: '', bridgedMs: 0, reconnects: 0, gaps: 1 },
    },
  },
  {
    rule: '§5.2 chains are bridged one by one, without an overall limit',
    story: `started 0:00; ana/a joined 0:00; ana/a left 1:00; ana/a joined 3:00; ana/a left 4:00; ana/a joined 6:00;
      ana/a left 7:00; ana/a joined 9:00; ana/a left 10:00; ended 60:00`,
    held: '0:00–60:00',
    expect: { ana: { there: '0:00–10:00', bridgedMs: 6 * MINUTE, observedMs: 4 * MINUTE, reconnects: 3, gaps: 0 } },
  },
  {
    rule: '§5.2 only held time makes a gap long',
    story: `started 0:00; ana/a joined 0:00; ana/a left 19:00; ended 20:00;
      i2: started 40:00; i2: ana/a joined 41:00; i2: ana/a left 60:00; i2: ended 60:00`,
    held: '0:00–20:00 40:00–60:00',
    expect: { ana: { there: '0:00–20:00 40:00–60:00', bridged: '19:00–20:00 40:00–41:00', reconnects: 1, gaps: 0 } },
  },
  {
    rule: '§5.5 the percentage is rounded half up to one decimal, minutes are cut once',
    story: 'started 0:00; ana/a joined 0:00; ana/a left 0:33; ana/b joined 30:00; ana/b left 30:29.970; ended 60:00',
    class: unplanned,
    options: { absentBelowPercent: 0 },
    held: '0:00–60:00',
    expect: {
      ana: { there: '0:00–0:33 30:00–30:29.970', creditedMs: 62_970, percentage: 1.7, minutes: 1, status: 'partial' },
    },
  },
  {
    rule: '§5.5 exactly half of the last decimal goes up',
    story: 'started 0:00; ana/a joined 0:00; ana/a left 0:01.800; ben/b joined 0:00; ben/b left 0:01.799; ended 60:00',
    options: { absentBelowPercent: 0 },
    held: '0:00–60:00',
    expect: { ana: { there: '0:00–0:01.800', percentage: 0.1 }, ben: { there: '0:00–0:01.799', percentage: 0 } },
  },
  {
    rule: '§5.6 imputed is what the uncertain end adds, bridging included',
    story:
      'started 0:00; snapshot 10:00 ana/a; ana/b joined 41:00; ana/b left 60:00; ended 40:00; i2: started 40:00; i2: ended 60:00',
    held: '0:00–60:00',
    expect: { ana: { there: '10:00–60:00', imputed: '10:00–41:00', imputedMs: 31 * MINUTE, reconnects: 1 } },
  },
  {
    rule: '§6 absent: below ten percent exactly counted, not rounded',
    story: 'started 0:00; ana/a joined 0:00; ana/a left 5:59.999; ben/b joined 0:00; ben/b left 6:00; ended 60:00',
    held: '0:00–60:00',
    expect: {
      ana: { there: '0:00–5:59.999', status: 'absent', percentage: 10, leftEarly: true },
      ben: { there: '0:00–6:00', status: 'partial', percentage: 10, leftEarly: true },
    },
  },
  {
    rule: '§6 partial: below three quarters, or both late and gone early',
    story: `started 0:00; ana/a joined 0:00; ana/a left 134:59.999; ben/b joined 0:00; ben/b left 135:00;
      cho/c joined 10:00.001; cho/c left 169:59.999; ended 180:00`,
    class: { plannedMs: 3 * HOUR },
    held: '0:00–180:00',
    expect: {
      ana: { there: '0:00–134:59.999', status: 'partial', leftEarly: true },
      ben: { there: '0:00–135:00', status: 'left_early', leftEarly: true },
      cho: { there: '10:00.001–169:59.999', status: 'partial', late: true, leftEarly: true },
    },
  },
  {
    rule: '§6 late and left early are strict',
    story: `started 0:00; ana/a joined 10:00; ana/a left 60:00; ben/b joined 10:00.001; ben/b left 60:00;
      cho/c joined 0:00; cho/c left 50:00; dia/d joined 0:00; dia/d left 49:59.999; ended 60:00`,
    held: '0:00–60:00',
    expect: {
      ana: { there: '10:00–60:00', status: 'present', late: false, lateByMs: 600_000 },
      ben: { there: '10:00.001–60:00', status: 'late', late: true, lateByMs: 600_001 },
      cho: { there: '0:00–50:00', status: 'present', leftEarly: false, leftEarlyByMs: 600_000 },
      dia: { there: '0:00–49:59.999', status: 'left_early', leftEarly: true, leftEarlyByMs: 600_001 },
    },
  },
  {
    rule: '§6 every threshold is an option',
    story: `started 0:00; ana/a joined 5:00; ana/a left 60:00; ben/b joined 0:00; ben/b left 57:00;
      cho/c joined 0:00; cho/c left 20:00; dia/d joined 0:00; dia/d left 54:00; ended 60:00`,
    options: { lateAfterMs: 0, leftEarlyBeforeMs: 3 * MINUTE, presentMinPercent: 91, absentBelowPercent: 34 },
    held: '0:00–60:00',
    expect: {
      ana: { there: '5:00–60:00', status: 'late' },
      ben: { there: '0:00–57:00', status: 'present' },
      cho: { there: '0:00–20:00', status: 'absent' },
      dia: { there: '0:00–54:00', status: 'partial' },
    },
  },
  {
    rule: '§7 live: present or late, never absent, never gone early',
    story: 'started 0:00; ana/a joined 0:00; ana/a left 2:00; ben/b joined 11:00; ended 90:00',
    now: '30:00',
    held: '0:00–30:00',
    expect: {
      ana: { there: '0:00–2:00', status: 'present', percentage: 6.7, leftEarly: false, leftEarlyByMs: null },
      ben: { there: '11:00–30:00', status: 'late', inClassNow: true },
      cho: { there: '', status: null, percentage: 0, participationScore: 0 },
    },
  },
  {
    rule: '§8 without counters the score is the percentage, rounded half up',
    story: 'started 0:00; ana/a joined 0:00; ana/a left 48:18; ended 60:00',
    held: '0:00–60:00',
    expect: {
      ana: { there: '0:00–48:18', percentage: 80.5, participationScore: 81, participationBasis: 'attendance' },
    },
  },
  {
    rule: '§9 incomplete goes before imputed',
    story: 'started 0:00; ana/a joined 0:00; ana/z left 30:00; ended 60:00',
    held: '0:00–60:00',
    expect: {
      ana: { there: '0:00–60:00', imputedMs: HOUR, confidence: 'incomplete', anomalies: ['orphan_left', 'unclosed'] },
    },
  },
]
