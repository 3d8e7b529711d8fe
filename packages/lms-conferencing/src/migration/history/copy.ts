import { hash } from 'node:crypto'
import { ConferencingError } from '../../errors.ts'
import type { ConferenceProvider, PastRunOptions, RecordingFile } from '../../provider.ts'
import type { StoredClass } from '../../store.ts'

/**
 * Where copies of recordings go: a folder (`folderSink`), a bucket (`s3Sink` of `lms-conferencing/s3`), or whatever the
 * LMS puts behind it. Names are of `A-Z a-z 0-9 . _ - /`.
 */
export interface RecordingSink {
  /** How much of it is there, and whether it is whole. */
  stat(name: string): Promise<{ readonly bytes: number; readonly isWhole: boolean }>
  /** Adds bytes from `offset` on; what was there behind it is replaced. Keeps what arrived when `body` breaks off. */
  append(name: string, offset: number, body: AsyncIterable<Uint8Array>): Promise<void>
  /** Makes it whole, with a checksum beside it. Throws when it has not `sizeBytes` bytes. */
  finish(name: string, sizeBytes: number | null): Promise<void>
}

export interface CopyOptions {
  readonly sink: RecordingSink
  /** Files that are larger stay at the provider. @default 10 GiB */
  readonly maxBytes?: number | undefined
}

/** What became of the files. */
export interface Copies {
  readonly copied: number
  readonly already: number
  readonly tooLarge: number
  readonly failed: number
  readonly bytes: number
}

export const noCopies: Copies = { copied: 0, already: 0, tooLarge: 0, failed: 0, bytes: 0 }

const DEFAULT_MAX = 10 * 2 ** 30
/** How often a download that breaks off is gone on with. */
const TRIES = 3

/** Copies the files of a class that are not there yet, going on where an earlier call broke off. */
export async function copyRecordings(
  { liveClass, meeting }: StoredClass,
  {
    provider,
    sink,
    maxBytes = DEFAULT_MAX,
    signal,
    wants,
  }: CopyOptions & Pick<PastRunOptions, 'signal' | 'wants'> & { readonly provider: ConferenceProvider },
): Promise<Copies> {
  if (!provider.recordingFiles) {
    throw new ConferencingError('UNSUPPORTED', `${provider.name} gives no files of recordings.`, {
      provider: provider.name,
    })
  }
  const sum = { copied: 0, already: 0, tooLarge: 0, failed: 0, bytes: 0 }
  for (const file of await provider.recordingFiles(meeting, { signal, wants })) {
    const name = `${safe(liveClass.id)}/${safe(file.recordId)}/${safe(file.fileId)}.${safe(file.extension || 'bin')}`
    if ((await sink.stat(name)).isWhole) {
      sum.already++
      continue
    }
    if ((file.sizeBytes ?? 0) > maxBytes) {
      sum.tooLarge++
      continue
    }
    const bytes = await copyOne(file, name, { sink, maxBytes, signal })
    if (bytes === null) sum.failed++
    else {
      sum.copied++
      sum.bytes += bytes
    }
  }
  return sum
}

/** How many bytes came over the network; `null` when it did not get whole. */
async function copyOne(
  file: RecordingFile,
  name: string,
  {
    sink,
    maxBytes,
    signal,
  }: { readonly sink: RecordingSink; readonly maxBytes: number; readonly signal?: AbortSignal | undefined },
): Promise<number | null> {
  let received = 0
  for (let tries = 0; tries < TRIES; tries++) {
    signal?.throwIfAborted()
    try {
      const { bytes } = await sink.stat(name)
      if (file.sizeBytes === null || bytes < file.sizeBytes) {
        const { offset, body } = await file.open({ offset: bytes, signal })
        await sink.append(
          name,
          offset,
          counted(body, maxBytes - offset, chunk => {
            received += chunk
          }),
        )
      }
      await sink.finish(name, file.sizeBytes)
      return received
    } catch (error) {
      signal?.throwIfAborted()
      // A full disk is not the provider's doing.
      if (!(error instanceof ConferencingError)) throw error
    }
  }
  return null
}

async function* counted(
  body: AsyncIterable<Uint8Array>,
  limit: number,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let total = 0
  const chunks = body[Symbol.asyncIterator]()
  for (;;) {
    let next: IteratorResult<Uint8Array>
    try {
      next = await chunks.next()
    } catch {
      throw new ConferencingError('UNAVAILABLE', 'The download broke off.')
    }
    if (next.done) return
    total += next.value.length
    if (total > limit) {
      await chunks.return?.()
      throw new ConferencingError('REFUSED', 'The file is larger than it was said to be.')
    }
    count(next.value.length)
    yield next.value
  }
}

/** A part of a path that no file system reads as anything else; two names never become one. */
const safe = (text: string): string => {
  const plain = text.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 80)
  return plain === text ? text : `${plain}-${hash('sha256', text).slice(0, 12)}`
}
