import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { RecordingSink } from '../../src/migration/index.ts'
import { pieces } from './recorded-bytes.ts'

export interface SinkUnderTest {
  /** A new one each time, as after a restart, that finds what the others left. */
  sink(): RecordingSink
  /** What can be gone on with comes in multiples of it. */
  readonly unit: number
  /** The bytes under a name, in the end; `null`: there is nothing. */
  read(name: string): Promise<Buffer | null>
}

/** What `RecordingSink` promises, whatever is behind it. */
export function describeSink(what: string, open: () => Promise<SinkUnderTest>): void {
  describe(`RecordingSink: ${what}`, () => {
    test('a file grows, also in odd pieces, and has its checksum beside it in the end', async () => {
      const { sink, unit, read } = await open()
      const bytes = randomBytes(3 * unit + 1000)
      expect(await sink().stat(name)).toEqual({ bytes: 0, isWhole: false })
      await sink().append(name, 0, pieces(bytes.subarray(0, 2 * unit)))
      expect(await sink().stat(name)).toEqual({ bytes: 2 * unit, isWhole: false })
      await sink().append(name, 2 * unit, pieces(bytes.subarray(2 * unit, 3 * unit)))
      expect(await sink().stat(name)).toEqual({ bytes: 3 * unit, isWhole: false })
      await sink().append(name, 3 * unit, pieces(bytes.subarray(3 * unit)))
      expect((await sink().stat(name)).isWhole).toBe(false)
      await sink().finish(name, bytes.length)
      await expectWhole({ sink, read }, bytes)
      // Another is another.
      expect(await sink().stat(`${name}.more`)).toEqual({ bytes: 0, isWhole: false })
      expect(await sink().stat(name.slice(0, -1))).toEqual({ bytes: 0, isWhole: false })
    })

    test('it goes on where it broke off: what arrived is kept, never more is claimed', async () => {
      const { sink, unit, read } = await open()
      const bytes = randomBytes(4 * unit + 7)
      await expect(sink().append(name, 0, breaking(bytes.subarray(0, 2 * unit + unit / 2)))).rejects.toThrow('reset')
      const { bytes: there } = await sink().stat(name)
      expect(there).toBeLessThanOrEqual(2 * unit + unit / 2)
      expect(there).toBeGreaterThanOrEqual(2 * unit)
      await expect(sink().append(name, there, breaking(new Uint8Array()))).rejects.toThrow('reset')
      expect(await sink().stat(name)).toEqual({ bytes: there, isWhole: false })
      await expect(sink().finish(name, bytes.length)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      expect(await sink().stat(name)).toEqual({ bytes: there, isWhole: false })
      await sink().append(name, there, pieces(bytes.subarray(there)))
      await sink().finish(name, bytes.length)
      await expectWhole({ sink, read }, bytes)
    })

    test('an end that was no end is replaced, whatever its size', async () => {
      const { sink, unit, read } = await open()
      const bytes = randomBytes(2 * unit + 5000)
      for (const end of [3, unit + 4000]) {
        // The provider said it was over, and it was not.
        const { bytes: from } = await sink().stat(name)
        await sink().append(name, from, pieces(bytes.subarray(from, end)))
        await expect(sink().finish(name, bytes.length)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      }
      const { bytes: from } = await sink().stat(name)
      expect(from).toBeLessThanOrEqual(unit + 4000)
      await sink().append(name, from, pieces(bytes.subarray(from)))
      await sink().finish(name, bytes.length)
      await expectWhole({ sink, read }, bytes)
    })

    test.each([0, 1])('what lies behind a lower offset is replaced, from part %i on', async from => {
      const { sink, unit, read } = await open()
      const old = randomBytes(3 * unit + 50)
      await sink().append(name, 0, pieces(old))
      const fresh = randomBytes(unit)
      const bytes = Buffer.concat([old.subarray(0, from * unit), fresh])
      await expect(sink().append(name, from * unit, breaking(new Uint8Array()))).rejects.toThrow('reset')
      expect(await sink().stat(name)).toEqual({ bytes: from * unit, isWhole: false })
      await sink().append(name, from * unit, pieces(fresh))
      expect(await sink().stat(name)).toEqual({ bytes: bytes.length, isWhole: false })
      await sink().finish(name, null)
      await expectWhole({ sink, read }, bytes)
    })

    test('nothing is added where something would be missing', async () => {
      const { sink, unit } = await open()
      await expect(sink().append(name, unit, pieces(randomBytes(10)))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      await sink().append(name, 0, pieces(randomBytes(unit)))
      await expect(sink().append(name, 2 * unit, pieces(randomBytes(10)))).rejects.toMatchObject({
        code: 'UNAVAILABLE',
      })
      expect(await sink().stat(name)).toEqual({ bytes: unit, isWhole: false })
    })

    test('one with more than there should be begins again', async () => {
      const { sink, unit, read } = await open()
      await sink().append(name, 0, pieces(randomBytes(2 * unit)))
      await expect(sink().finish(name, unit)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      expect(await sink().stat(name)).toEqual({ bytes: 0, isWhole: false })
      const bytes = randomBytes(unit)
      await sink().append(name, 0, pieces(bytes))
      await sink().finish(name, unit)
      await expectWhole({ sink, read }, bytes)
    })

    test('finished twice it is what it was, and nothing cannot be finished', async () => {
      const { sink, read } = await open()
      for (const size of [5, null])
        await expect(sink().finish(name, size)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      const bytes = randomBytes(5)
      await sink().append(name, 0, pieces(bytes))
      for (const size of [5, 5, null]) await sink().finish(name, size)
      await expectWhole({ sink, read }, bytes)
      await expect(sink().finish(name, 6)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      await expectWhole({ sink, read }, bytes)
    })

    test.each([0, null])('an empty file is one, with the size %s', async size => {
      const { sink, read } = await open()
      await sink().append(name, 0, pieces(new Uint8Array()))
      await sink().finish(name, size)
      await expectWhole({ sink, read }, Buffer.alloc(0))
      if (size === null) return
      await sink().finish('never/appended.mp4', 0)
      expect(await sink().stat('never/appended.mp4')).toEqual({ bytes: 0, isWhole: true })
    })

    test('a whole one may be made again', async () => {
      const { sink, read, unit } = await open()
      const bytes = randomBytes(unit + 1)
      for (const content of [randomBytes(unit + 1), bytes]) {
        await sink().append(name, 0, pieces(content))
        await sink().finish(name, content.length)
      }
      await expectWhole({ sink, read }, bytes)
    })

    test('no name leads out of it', async () => {
      const { sink } = await open()
      for (const bad of ['../x', 'a/../../x', 'a b', '/etc/x', 'a\nb', 'a?b', '', 'ä'])
        for (const call of [sink().stat(bad), sink().append(bad, 0, pieces(randomBytes(1))), sink().finish(bad, null)])
          await expect(call).rejects.toMatchObject({ code: 'INVALID' })
    })
  })
}

const name = 'class-1/run-1/video.mp4'

async function expectWhole({ sink, read }: Pick<SinkUnderTest, 'sink' | 'read'>, bytes: Buffer): Promise<void> {
  expect(await sink().stat(name)).toEqual({ bytes: bytes.length, isWhole: true })
  expect((await read(name))?.equals(bytes)).toBe(true)
  const sum = createHash('sha256').update(bytes).digest('hex')
  expect(String(await read(`${name}.sha256`))).toBe(`${sum}  video.mp4\n`)
}

async function* breaking(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield* pieces(bytes)
  throw new Error('reset')
}
