import { createHash } from 'node:crypto'
import { ConferencingError } from '../../errors.ts'
import type { RecordingSink } from './copy.ts'

/** S3 takes no part that is smaller, but the last. */
const SMALLEST_PART = 5 * 2 ** 20
/** One part is held in memory. */
const LARGEST_PART = 2 ** 30
const MOST_PARTS = 10_000

/** What the copies ask of a bucket, each a call to it. */
export interface Bucket {
  /** `null`: there is no such object. */
  size(key: string): Promise<number | null>
  put(key: string, text: string): Promise<void>
  read(key: string): AsyncIterable<Uint8Array>
  /** Uploads of exactly this key that are not complete, the newest first. */
  uploads(key: string): Promise<readonly string[]>
  begin(key: string): Promise<string>
  /** In the order of their numbers; `null`: there is no such upload any more. */
  parts(key: string, upload: string): Promise<readonly Part[] | null>
  addPart(key: string, upload: string, number: number, bytes: Uint8Array): Promise<void>
  /** Also resolves when the upload is not there any more: an answer that got lost may have said that it is complete. */
  complete(key: string, upload: string, parts: readonly Part[]): Promise<void>
  abort(key: string, upload: string): Promise<void>
}

export interface Part {
  readonly number: number
  readonly bytes: number
  readonly etag: string | undefined
  readonly sha256: string | undefined
}

/** An upload that can be gone on with. */
interface Unfinished {
  readonly id: string
  readonly others: readonly string[]
  /** The size of its parts, which some services want to be the same for all but the last. */
  readonly partBytes: number
  /** Parts of that size from the first on, without a gap. */
  readonly whole: readonly Part[]
  /** What lies behind them. */
  readonly rest: readonly Part[]
  /** The end of the file, if it is that: the one smaller part, right behind the whole ones. */
  readonly end: readonly Part[]
}

/**
 * Copies of recordings as objects of a bucket, each uploaded in parts. All that is remembered is in the bucket: an upload
 * while it grows, then the object, and when that has been read back, `name.sha256` beside it; so a process that is killed
 * between two calls leaves something that the next one goes on with.
 */
export function multipartSink(
  bucket: Bucket,
  { prefix, partBytes }: { readonly prefix: string; readonly partBytes: number },
): RecordingSink {
  if (!Number.isInteger(partBytes) || partBytes < SMALLEST_PART || partBytes > LARGEST_PART)
    throw new ConferencingError('INVALID', 'A part has 5 MiB to 1 GiB.', { details: { field: 'partBytes' } })

  const keyOf = (name: string): string => {
    if (isPlain(name)) return prefix + name
    throw new ConferencingError('INVALID', 'A copy would lie outside its folder.')
  }

  async function unfinished(key: string): Promise<Unfinished | null> {
    const uploads = await bucket.uploads(key)
    for (const id of uploads) {
      const parts = await bucket.parts(key, id)
      const others = uploads.filter(other => other !== id)
      // Empty ones take the place of parts that no longer count.
      if (parts) return { id, others, ...layout(parts.filter(({ bytes }) => bytes > 0)) }
    }
    return null
  }

  function layout(parts: readonly Part[]): Omit<Unfinished, 'id' | 'others'> {
    const [first] = parts
    const isOurs = first?.number === 1 && first.bytes >= SMALLEST_PART && first.bytes <= LARGEST_PART
    const size = isOurs ? first.bytes : partBytes
    const gap = parts.findIndex(({ number, bytes }, index) => number !== index + 1 || bytes !== size)
    const whole = gap < 0 ? parts : parts.slice(0, gap)
    const rest = parts.slice(whole.length)
    const isEnd = rest.length === 1 && rest[0]?.number === whole.length + 1 && rest[0].bytes < size
    return { partBytes: size, whole, rest, end: isEnd ? rest : [] }
  }

  const isChecked = async (key: string): Promise<boolean> => ((await bucket.size(checksumOf(key))) ?? 0) > 0

  /** With no upload of this key but a new one. */
  async function beginAgain(key: string, there: Unfinished | null): Promise<Unfinished> {
    if (there) for (const upload of [there.id, ...there.others]) await bucket.abort(key, upload)
    return { id: await bucket.begin(key), others: [], partBytes, whole: [], rest: [], end: [] }
  }

  /** The upload to which bytes from `offset` on can be added; `null` when the object is there, and ends there. */
  async function goOn(key: string, offset: number): Promise<Unfinished | null> {
    const upload = await unfinished(key)
    if (offset === 0) return upload && upload.whole.length + upload.rest.length === 0 ? upload : beginAgain(key, upload)
    const there = upload ? upload.whole.length * upload.partBytes : ((await bucket.size(key)) ?? 0)
    if (offset > there) throw new ConferencingError('UNAVAILABLE', 'This does not go on where the copy ends.')
    if (upload && offset % upload.partBytes === 0) {
      // S3 cannot take a part away. The last first: whatever happens, those in front of it are what they were.
      const kept = offset / upload.partBytes
      for (const { number } of [...upload.whole.slice(kept), ...upload.rest].reverse())
        await bucket.addPart(key, upload.id, number, new Uint8Array())
      return { ...upload, whole: upload.whole.slice(0, kept) }
    }
    if (!upload && offset === there) return null
    await beginAgain(key, upload)
    throw cannotGoOn()
  }

  /** Makes an object of the upload; answers its size. */
  async function complete(key: string, upload: Unfinished, sizeBytes: number | null): Promise<number> {
    const parts = [...upload.whole, ...upload.end]
    const size = parts.reduce((sum, { bytes }) => sum + bytes, 0)
    // More than there is cannot be gone on with.
    if (sizeBytes !== null && size > sizeBytes) await beginAgain(key, upload)
    if ((sizeBytes !== null && size !== sizeBytes) || upload.end.length < upload.rest.length) throw notWhole()
    // That of the object that was there before, if any, says nothing about the new one.
    if (await isChecked(key)) await bucket.put(checksumOf(key), '')
    for (const other of upload.others) await bucket.abort(key, other)
    if (size > 0) await bucket.complete(key, upload.id, parts)
    else {
      await bucket.abort(key, upload.id)
      await bucket.put(key, '')
    }
    return size
  }

  async function check(key: string, size: number): Promise<void> {
    const sum = createHash('sha256')
    let read = 0
    for await (const chunk of bucket.read(key)) {
      sum.update(chunk)
      read += chunk.length
    }
    if (read !== size) throw notWhole()
    await bucket.put(checksumOf(key), `${sum.digest('hex')}  ${key.slice(key.lastIndexOf('/') + 1)}\n`)
  }

  return {
    async stat(name) {
      const key = keyOf(name)
      const object = await bucket.size(key)
      if (object !== null && (await isChecked(key))) return { bytes: object, isWhole: true }
      // Begun after the object, or it would not be there any more.
      const upload = await unfinished(key)
      return { bytes: upload ? upload.whole.length * upload.partBytes : (object ?? 0), isWhole: false }
    },

    async append(name, offset, body) {
      const key = keyOf(name)
      const upload = await goOn(key, offset)
      let number = (upload?.whole.length ?? 0) + 1
      // Memory that is never written to is never taken.
      const part = Buffer.allocUnsafeSlow(upload?.partBytes ?? 0)
      let filled = 0
      const send = async (): Promise<void> => {
        if (!upload || filled === 0) return
        if (number > MOST_PARTS) {
          // An upload stays with the size it began with.
          await beginAgain(key, upload)
          throw new ConferencingError('REFUSED', `A file has ${MOST_PARTS} parts at most: give a larger partBytes.`)
        }
        await bucket.addPart(key, upload.id, number, part.subarray(0, filled))
        number++
        filled = 0
      }
      for await (const chunk of body) {
        if (!upload && chunk.length > 0) {
          await beginAgain(key, null)
          throw cannotGoOn()
        }
        for (let at = 0; at < chunk.length; ) {
          const taken = chunk.subarray(at, at + part.length - filled)
          part.set(taken, filled)
          filled += taken.length
          at += taken.length
          if (filled === part.length) await send()
        }
      }
      await send()
    },

    async finish(name, sizeBytes) {
      const key = keyOf(name)
      const upload = await unfinished(key)
      if (upload) return check(key, await complete(key, upload, sizeBytes))
      const object = await bucket.size(key)
      if (object === null && sizeBytes === 0) {
        await bucket.put(key, '')
        return check(key, 0)
      }
      const checked = object !== null && (await isChecked(key))
      if (object === null || (sizeBytes !== null && object !== sizeBytes)) {
        if (object !== null && !checked) await beginAgain(key, null)
        throw notWhole()
      }
      if (!checked) await check(key, object)
    },
  }
}

const checksumOf = (key: string): string => `${key}.sha256`

/** Below the prefix, whoever reads it. */
export const isPlain = (name: string): boolean =>
  /^[\w./-]+$/.test(name) && !name.split('/').some(part => part === '' || part === '.' || part === '..')

const notWhole = () => new ConferencingError('UNAVAILABLE', 'The download is not whole yet.')

const cannotGoOn = () =>
  new ConferencingError('UNAVAILABLE', 'The copy cannot be gone on with from there: it begins again.')
