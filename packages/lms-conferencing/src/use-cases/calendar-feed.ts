import { hash, randomBytes } from 'node:crypto'
import type { ClassRevision } from './classes.ts'
import type { Context } from './context.ts'

/**
 * Calendars of persons for programs that cannot sign in: whoever has the token may read. Only its digest is kept, so
 * nobody can read it out of the database, and it is shown once.
 */
export interface CalendarFeeds {
  /** Makes the token of a person; one made before opens nothing any more. */
  createToken(userId: string): Promise<string>
  /** Answers whether there was one. */
  revokeToken(userId: string): Promise<boolean>
  /** Whose token this is; `null` for one that is nobody's. */
  ownerOf(token: string): Promise<string | null>
  /** The classes of these courses for a calendar, cancelled ones too, from three months ago on, the first thousand. */
  classes(courseIds: readonly string[]): Promise<readonly ClassRevision[]>
}

/** 192 bits: nothing to guess. */
const tokenBytes = 24
const tokenShape = /^[A-Za-z0-9_-]{32}$/

/** What calendars forget is gone there, too: three months are enough to look back. */
const keptMs = 90 * 86_400_000
const maxClasses = 1_000

const digestOf = (token: string): string => hash('sha256', token)

export const createCalendarFeeds = ({ tenantId, store, clock }: Context): CalendarFeeds => ({
  async createToken(userId) {
    const token = randomBytes(tokenBytes).toString('base64url')
    const createdAt = new Date(clock.now())
    await store.transaction(tx => tx.setCalendarToken({ tenantId, userId, digest: digestOf(token), createdAt }))
    return token
  },

  revokeToken: userId => store.transaction(tx => tx.deleteCalendarToken(tenantId, userId)),

  async ownerOf(token) {
    if (!tokenShape.test(token)) return null
    return store.read(tx => tx.findCalendarToken(tenantId, digestOf(token)))
  },

  async classes(courseIds) {
    const startsSince = new Date(clock.now() - keptMs)
    const rows = await store.read(tx => tx.listClasses({ tenantId, courseIds, startsSince, limit: maxClasses }))
    return rows.map(({ liveClass, version }) => ({ liveClass, revision: version - 1 }))
  },
})
