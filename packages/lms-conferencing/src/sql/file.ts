import { accessSync, type BigIntStats, closeSync, constants, lstatSync, mkdirSync, openSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { storeUnavailable } from '../store-faults.ts'
import { storeError } from './faults.ts'

/** A database file that was found safe, and can tell whether it is still the same one. */
export interface SafeFile {
  readonly path: string
  /** Throws `STORE_UNAVAILABLE` `gone` when the path no longer leads to this file: what is written to it now is lost. */
  check(): void
}

/**
 * Makes the file (0600, in a directory that exists or is made with 0700), or makes sure that an existing one is an
 * ordinary file which nobody else on the machine can read or write. A link is refused, so that nobody can point us at
 * a file of their choice. Throws `STORE_UNAVAILABLE`.
 */
export function safeFile(location: string): SafeFile {
  // Absolute, so that SQLite never takes it for a URI or a special name.
  const path = resolve(location)
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const found = look(path) ?? create(path)
    requireSafe(path, found)
    // SQLite would open a file it may not write all the same, and fail only later.
    if ((found.mode & 0o600n) !== 0o600n) throw storeUnavailable('read_only')
    accessSync(path, constants.R_OK | constants.W_OK)
    for (const companion of ['-wal', '-shm', '-journal']) {
      const stats = look(path + companion)
      if (stats) requireSafe(path + companion, stats)
    }
    return {
      path,
      check() {
        const now = look(path)
        if (now?.ino !== found.ino || now.dev !== found.dev) throw storeUnavailable('gone')
      },
    }
  } catch (error) {
    throw storeError(error)
  }
}

const look = (path: string): BigIntStats | undefined => lstatSync(path, { bigint: true, throwIfNoEntry: false })

/** Opened only when it is new: closing a file that SQLite has open in this process would drop SQLite's locks on it. */
function create(path: string): BigIntStats {
  closeSync(openSync(path, constants.O_CREAT | constants.O_EXCL | constants.O_RDWR, 0o600))
  return lstatSync(path, { bigint: true })
}

function requireSafe(path: string, stats: BigIntStats): void {
  if (stats.isSymbolicLink()) throw storeUnavailable('unsafe_file', `${path} is a symbolic link: name the file itself.`)
  if (!stats.isFile()) throw storeUnavailable('unsafe_file', `${path} is not a file.`)
  // Windows has no such bits.
  if (process.platform !== 'win32' && (stats.mode & 0o077n) !== 0n) {
    throw storeUnavailable('unsafe_file', `It holds passwords, and other users may open it: chmod 600 '${path}'.`)
  }
}
