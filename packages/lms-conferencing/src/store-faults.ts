import { ConferencingError } from './errors.ts'
import type { StoreFault } from './store.ts'

/** What a person should do about each fault. */
const advice: Readonly<Record<StoreFault, string>> = {
  locked: 'The database is locked by another writer. Try again; if it stays so, look for a program that holds it open.',
  full: 'The disk or the database is full. Free some space; nothing needs a restart.',
  read_only:
    'The database cannot be opened for writing. Give this process access to the file and its directory, or lead it to the server that takes writes.',
  gone: 'The database is not there any more, or not the same. Put the same one back, or restart to begin with what is there now.',
  damaged: 'The database is damaged, or is no database. Restore a backup.',
  newer_schema: 'The database was made by a newer version of lms-conferencing. Update this one.',
  older_schema: 'The tables are not what this version needs. Run: lms-conferencing db migrate',
  unsafe_file: 'The database file is not safe to use.',
  unreachable: 'The database server does not answer. Nothing needs a restart: it is used again as soon as it does.',
  refused: 'The database server refuses this user or this database. Look at the name, the password and the rights.',
  unsafe_settings: 'The database would lose what it has confirmed when the power fails.',
  closed: 'The store is closed.',
  slow: 'The database did not confirm in time. Try again.',
  queue_full: 'Too much waits to be stored. Try again later.',
  failed: 'The database failed.',
}

/** `STORE_UNAVAILABLE` with the fault in `details.reason`. `more` must hold no data: it is shown. */
export function storeUnavailable(reason: StoreFault, more?: string): ConferencingError {
  return new ConferencingError('STORE_UNAVAILABLE', more ? `${advice[reason]} ${more}` : advice[reason], {
    userMessage: 'This cannot be saved right now. Please try again in a moment.',
    details: { reason },
  })
}
