import { hashHex } from './checksum.ts'
import type { Meeting } from './meeting.ts'

/** The live meetings of a server. */
export class Meetings {
  readonly #byInternalId = new Map<string, Meeting>()
  readonly #byExternalId = new Map<string, Meeting>()
  readonly #createTimes = new Map<string, number>()

  /** Every live meeting, oldest first. */
  list(): Meeting[] {
    return [...this.#byInternalId.values()]
  }

  add(meeting: Meeting): void {
    this.#byInternalId.set(meeting.internalId, meeting)
    this.#byExternalId.set(meeting.externalId, meeting)
  }

  remove(meeting: Meeting): void {
    this.#byInternalId.delete(meeting.internalId)
    if (this.#byExternalId.get(meeting.externalId) === meeting) this.#byExternalId.delete(meeting.externalId)
  }

  /** A creation time that no earlier meeting of this id has, so that internal ids never repeat. */
  createTime(externalId: string, now: number): number {
    const time = Math.max(now, (this.#createTimes.get(externalId) ?? 0) + 1)
    this.#createTimes.set(externalId, time)
    return time
  }

  byExternalId(externalId: string): Meeting | undefined {
    return this.#byExternalId.get(externalId)
  }

  /**
   * Finds a meeting as bbb-web does: the text is first taken as the beginning of an internal id, then as an external id
   * (upstream: `ServiceUtils.findMeetingFromMeetingID`, `MeetingService`). A short id of hex digits can so hit a foreign one.
   */
  find(id: string | undefined): Meeting | undefined {
    if (!id) return undefined
    if (/^[0-9a-f-]+$/.test(id)) {
      const prefixed = this.list().find(meeting => meeting.internalId.startsWith(id))
      if (prefixed) return prefixed
    }
    const hashed = `${hashHex('sha1', id)}-`
    return this.#byExternalId.get(id) ?? this.list().find(meeting => meeting.internalId.startsWith(hashed))
  }
}
