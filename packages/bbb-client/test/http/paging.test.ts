import { BbbClient, type Recording } from 'bbb-client'
import { describe, expect, it } from 'vitest'
import { recording } from '../support/answering.ts'
import { ending } from '../support/outcome.ts'
import { failed, SECRET, success } from '../support/server.ts'
import { readQuery } from '../support/server-models.ts'

/** One format of one recording; servers page over these. */
interface Format {
  readonly id: string
  readonly type: string
}

type Paging = 'total' | 'pagination' | 'none' | 'no-total'

/** A server with pages as the given release has them. `change` is asked before each answer. */
function pagedServer(
  initial: readonly Format[],
  paging: Paging,
  change: (page: number, formats: readonly Format[]) => readonly Format[] | string = (_page, formats) => formats,
): { client: BbbClient; asked: readonly string[] } {
  let formats = initial
  const asked: string[] = []
  const client = new BbbClient({
    url: 'https://bbb.example.org',
    secret: SECRET,
    retry: { attempts: 1 },
    fetch: async url => {
      const { parameters } = readQuery(url.split('?')[1] ?? '')
      const offset = Number(parameters.get('offset') ?? 0)
      const limit = Number(parameters.get('limit') ?? Number.POSITIVE_INFINITY)
      asked.push(`${offset}+${limit}`)
      const changed = change(asked.length, formats)
      if (typeof changed === 'string') return new Response(changed)
      formats = changed
      const slice = paging === 'none' ? formats : formats.slice(offset, offset + limit)
      const byId = new Map<string, Format[]>()
      for (const format of slice) byId.set(format.id, [...(byId.get(format.id) ?? []), format])
      const list = [...byId].map(([id, own]) =>
        recording(
          id,
          `<playback>${own.map(({ type }) => `<format><type>${type}</type><url>https://x.example/${id}/${type}</url><size>1</size></format>`).join('')}</playback>`,
        ),
      )
      const total =
        paging === 'total'
          ? `<totalElements>${formats.length}</totalElements>`
          : paging === 'pagination'
            ? `<pagination><pageable><offset>${offset}</offset></pageable><totalElements>${formats.length}</totalElements></pagination>`
            : ''
      const empty = list.length === 0 ? '<messageKey>noRecordings</messageKey>' : ''
      return new Response(success(`<recordings>${list.join('')}</recordings>${empty}${total}`))
    },
  })
  return { client, asked }
}

const formats = (count: number): readonly Format[] =>
  Array.from({ length: count }, (_, i) => ({
    id: `r-${Math.floor(i / 3)}`,
    type: ['presentation', 'video', 'notes'][i % 3] ?? '',
  }))

/** A load balancer with a store of its own counts recordings, and says no total. */
const singles = (count: number): readonly Format[] =>
  Array.from({ length: count }, (_, i) => ({ id: `r-${i}`, type: 'video' }))

async function all(client: BbbClient): Promise<readonly Recording[]> {
  const found: Recording[] = []
  for await (const one of client.recordings({ state: 'any' })) found.push(one)
  return found
}

/** Every format once, each recording once. */
function expectWhole(found: readonly Recording[], expected: readonly Format[]): void {
  expect(new Set(found.map(({ recordID }) => recordID)).size).toBe(found.length)
  const seen = found.flatMap(({ recordID, playback }) => playback.map(({ type }) => `${recordID} ${type}`))
  expect(seen.sort()).toEqual(expected.map(({ id, type }) => `${id} ${type}`).sort())
}

describe('recordings() over pages', () => {
  it.each<[Paging, number]>([
    ['total', 0],
    ['total', 1],
    ['total', 99],
    ['total', 100],
    ['total', 101],
    ['total', 350],
    ['pagination', 350],
    ['none', 0],
    ['none', 40],
    ['none', 300],
    ['no-total', 350],
    ['no-total', 100],
    ['no-total', 0],
  ])('a server that pages by %s, with %i formats, each recording whole', async (paging, count) => {
    const list = paging === 'no-total' ? singles(count) : formats(count)
    const { client, asked } = pagedServer(list, paging)
    expectWhole(await all(client), list)
    expect(asked.every((page, i) => page === `${i * 100}+100`)).toBe(true)
  })

  it('one that does not page and gives exactly a page: asked once more, and nothing doubled', async () => {
    const { client, asked } = pagedServer(singles(100), 'none')
    expectWhole(await all(client), singles(100))
    expect(asked).toHaveLength(2)
  })

  it('stops early when nobody wants more', async () => {
    const { client } = pagedServer(formats(250), 'total')
    for await (const { recordID } of client.recordings()) {
      expect(recordID).toBe('r-0')
      break
    }
  })
})

describe('F16 pages that change while they are read: a complete list or an error', () => {
  it('shrinks once: read again, and complete', async () => {
    const { client, asked } = pagedServer(formats(300), 'total', (page, list) => (page === 2 ? list.slice(30) : list))
    expectWhole(await all(client), formats(300).slice(30))
    expect(asked[2]).toBe('0+100')
  })

  it('grows once: read again, and complete', async () => {
    const more = [{ id: 'new', type: 'video' }]
    const { client } = pagedServer(formats(300), 'total', (page, list) => (page === 2 ? [...more, ...list] : list))
    expectWhole(await all(client), [...more, ...formats(300)])
  })

  it('one goes and one comes, so that the count stays: what came twice has hidden another, so it is read again', async () => {
    const { client } = pagedServer(formats(300), 'total', (page, list) =>
      page === 2 ? [{ id: 'new', type: 'video' }, ...list.slice(0, -1)] : list,
    )
    const found = await all(client)
    expect(found.map(({ recordID }) => recordID)).toContain('new')
    expect(new Set(found.map(({ recordID }) => recordID)).size).toBe(found.length)
  })

  it('changes every time: an error that says so, after three tries', async () => {
    let extra = 0
    const { client, asked } = pagedServer(formats(300), 'total', (_page, list) => [
      { id: `new-${extra++}`, type: 'video' },
      ...list,
    ])
    await expect(all(client)).rejects.toMatchObject({
      code: 'BBB_RESPONSE_INVALID',
      problem: 'paging',
      call: 'getRecordings',
    })
    expect(asked.length).toBeLessThanOrEqual(9)
  })

  it('the same page over and over, though the count says more: an error', async () => {
    const { client, asked } = pagedServer(formats(300), 'total', () =>
      success(`<recordings>${recording('a')}</recordings><totalElements>300</totalElements>`),
    )
    await expect(all(client)).rejects.toMatchObject({ problem: 'paging' })
    expect(asked.length).toBeLessThanOrEqual(6)
  })

  it('an empty page before the end: an error', async () => {
    const { client } = pagedServer(formats(300), 'total', (page, list) =>
      page % 2 === 0
        ? success('<recordings/><messageKey>noRecordings</messageKey><totalElements>300</totalElements>')
        : list,
    )
    await expect(all(client)).rejects.toMatchObject({ problem: 'paging' })
  })

  it('a count that cannot be meant ends somewhere', async () => {
    const { client, asked } = pagedServer([], 'total', page =>
      success(
        `<recordings>${recording(`r-${page % 200}`)}</recordings><totalElements>9007199254740991</totalElements>`,
      ),
    )
    await expect(all(client)).rejects.toMatchObject({ problem: 'paging' })
    expect(asked.length).toBeLessThan(700)
  })

  it.each([
    ['cut off', success('<recordings>').slice(0, -10), { problem: 'not-xml' }],
    ['a page of HTML', '<html></html>', { problem: 'html' }],
    ['FAILED', failed('checksumError'), { messageKey: 'checksumError' }],
  ])('a page that fails (%s): its error, and nothing is given out', async (_how, answer, expected) => {
    const { client } = pagedServer(formats(300), 'total', (page, list) => (page === 2 ? answer : list))
    const given: Recording[] = []
    const result = await ending(
      (async () => {
        for await (const one of client.recordings()) given.push(one)
      })(),
    )
    expect(result).toMatchObject({ error: expected })
    expect(given).toEqual([])
  })
})
