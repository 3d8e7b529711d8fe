import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rename, stat, truncate, writeFile } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { ConferencingError } from '../../errors.ts'
import type { RecordingSink } from './copy.ts'

/**
 * Copies of recordings in a folder, readable for this user alone: `name.part` while it grows, then `name`, and beside it
 * `name.sha256` as `sha256sum --check` reads it.
 */
export function folderSink(directory: string): RecordingSink {
  const root = resolve(directory)
  const pathOf = (name: string): string => {
    const path = resolve(root, name)
    if (path.startsWith(root + sep) && /^[\w./-]+$/.test(name)) return path
    throw new ConferencingError('INVALID', 'A copy would lie outside its folder.')
  }
  const sizeOf = async (path: string): Promise<number | null> => {
    try {
      return (await stat(path)).size
    } catch (error) {
      if (Reflect.get(Object(error), 'code') === 'ENOENT') return null
      throw error
    }
  }
  return {
    async stat(name) {
      const path = pathOf(name)
      const whole = await sizeOf(path)
      return whole === null
        ? { bytes: (await sizeOf(`${path}.part`)) ?? 0, isWhole: false }
        : { bytes: whole, isWhole: true }
    },

    async append(name, offset, body) {
      const path = `${pathOf(name)}.part`
      // A gap would be filled with zeros.
      if (offset > ((await sizeOf(path)) ?? 0))
        throw new ConferencingError('UNAVAILABLE', 'This does not go on where the copy ends.')
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      const file = await open(path, 'a', 0o600)
      try {
        await truncate(path, offset)
        for await (const chunk of body) await file.write(chunk)
      } finally {
        await file.sync()
        await file.close()
      }
    },

    async finish(name, sizeBytes) {
      const path = pathOf(name)
      const part = `${path}.part`
      const grown = await sizeOf(part)
      const size = grown ?? (await sizeOf(path)) ?? (sizeBytes === 0 ? 0 : null)
      if (size === null || (sizeBytes !== null && size !== sizeBytes)) {
        // More than there is cannot be gone on with.
        if (grown !== null && sizeBytes !== null && grown > sizeBytes) await truncate(part, 0)
        throw new ConferencingError('UNAVAILABLE', 'The download is not whole yet.')
      }
      if (grown === null) {
        if ((await sizeOf(path)) !== null) return
        // Nothing was downloaded of an empty file.
        await mkdir(dirname(part), { recursive: true, mode: 0o700 })
        await writeFile(part, '', { mode: 0o600 })
      }
      const sum = createHash('sha256')
      for await (const chunk of createReadStream(part)) sum.update(chunk)
      const base = path.slice(dirname(path).length + 1)
      await writeFile(`${path}.sha256`, `${sum.digest('hex')}  ${base}\n`, { mode: 0o600 })
      await rename(part, path)
      const folder = await open(join(path, '..'), 'r')
      await folder.sync()
      await folder.close()
    },
  }
}
