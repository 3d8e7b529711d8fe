import { BbbResponseError } from '../errors.ts'
import { mergeRecordings, type Recording, type RecordingsPage } from './recordings.ts'

/** Recordings asked for at once; the most that servers give. */
export const PAGE = 100
/** The list changed under us this often: no use in trying again now. */
const TRIES = 3
/** Enough for a million formats; beyond, the server's count cannot be meant. */
const MOST_PAGES = 10_000

/**
 * All recordings, page by page: a complete list, in which each recording is whole and stands once, or an error.
 * Servers count formats, not recordings, and may spread one recording over pages. Some page without saying a total,
 * and some do not page at all and give everything at once (load balancers).
 */
export async function readAllPages(page: (offset: number) => Promise<RecordingsPage>): Promise<readonly Recording[]> {
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const found = await readOnce(page)
    if (found !== null) return mergeRecordings(found)
  }
  throw new BbbResponseError({
    call: 'getRecordings',
    attempts: TRIES,
    outcome: 'unknown',
    status: 200,
    problem: 'paging',
    issues: ['the pages contradict each other'],
  })
}

/** `null`: the list changed while it was read. */
async function readOnce(page: (offset: number) => Promise<RecordingsPage>): Promise<Recording[] | null> {
  const found: Recording[] = []
  const formats = new Set<string>()
  let total: number | null = null
  let repeated = false
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const { recordings, totalElements } = await page(pages * PAGE)
    if (pages > 0 && totalElements !== total) return null
    total = totalElements
    const before = formats.size
    for (const recording of recordings) {
      const types = recording.playback.length === 0 ? [''] : recording.playback.map(format => format.type)
      for (const type of types) {
        const key = `${recording.recordID}\n${type}`
        repeated ||= formats.has(key)
        formats.add(key)
      }
    }
    found.push(...recordings)
    const nothingNew = formats.size === before
    if (total === null) {
      // Less than asked for, or more, is everything; so is a full page that only repeats the last one.
      if (recordings.length !== PAGE || nothingNew) return found
    } else if ((pages + 1) * PAGE >= total) {
      // A format that came twice has pushed another one out of sight, unless the count says otherwise.
      return repeated && formats.size < total ? null : found
    } else if (nothingNew) return null
  }
  return null
}
