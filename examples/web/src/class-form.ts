import { instantOf, wallTimeOf } from './time-zone.ts'

/** What a person types to plan a class. */
export interface ClassDraft {
  title: string
  description: string
  /** As the clocks of the zone show it: `2027-03-01T09:00`. */
  wall: string
  timeZone: string
  /** Minutes, or another number of their own. */
  duration: '60' | '90' | '120' | 'own'
  ownMinutes: number | ''
  record: boolean
}

/** The durations that need no typing. */
export const usualDurations = ['60', '90', '120'] as const

export type ClassMistake = 'missingTitle' | 'missingDate' | 'noSuchTime' | 'badMinutes'

/** A draft as the API takes it, or the mistake in each field. */
export type CheckedDraft =
  | { readonly mistakes: null; readonly scheduledAt: string; readonly minutes: number }
  | { readonly mistakes: Readonly<Partial<Record<'title' | 'date' | 'duration', ClassMistake>>> }

const hourMs = 3_600_000

/** A class in the next full hour but one. */
export function newDraft(now: number, timeZone: string): ClassDraft {
  const at = Math.ceil(now / hourMs) * hourMs + hourMs
  const wall = wallTimeOf(at, timeZone)
  return { title: '', description: '', wall, timeZone, duration: '60', ownMinutes: 45, record: true }
}

export function draftOf(
  liveClass: {
    readonly title: string
    readonly description: string
    readonly scheduled_at: string
    readonly duration_minutes: number
    readonly record: boolean
  },
  timeZone: string,
): ClassDraft {
  const usual = usualDurations.find(minutes => Number(minutes) === liveClass.duration_minutes)
  return {
    title: liveClass.title,
    description: liveClass.description,
    wall: wallTimeOf(Date.parse(liveClass.scheduled_at), timeZone),
    timeZone,
    duration: usual ?? 'own',
    ownMinutes: liveClass.duration_minutes,
    record: liveClass.record,
  }
}

export function checkDraft(draft: ClassDraft): CheckedDraft {
  const minutes = Number(draft.duration === 'own' ? draft.ownMinutes : draft.duration)
  const at = instantOf(draft.wall, draft.timeZone)
  const missingTime = draft.wall === '' ? ('missingDate' as const) : ('noSuchTime' as const)
  const hasMinutes = Number.isInteger(minutes) && minutes >= 1 && minutes <= 1440
  if (draft.title.trim() !== '' && at !== null && hasMinutes) {
    return { mistakes: null, scheduledAt: new Date(at).toISOString(), minutes }
  }
  return {
    mistakes: {
      ...(draft.title.trim() === '' && { title: 'missingTitle' as const }),
      ...(at === null && { date: missingTime }),
      ...(!hasMinutes && { duration: 'badMinutes' as const }),
    },
  }
}
