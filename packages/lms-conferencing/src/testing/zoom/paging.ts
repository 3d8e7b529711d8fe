import type { Clock } from '../../clock.ts'
import { type FakeZoomResponse, json, problem } from './message.ts'

const LIFE_MS = 15 * 60_000

/** Lists in pages whose tokens hold for 15 minutes. */
export class Pager {
  readonly #clock: Clock
  readonly #tokens = new Map<string, { readonly list: string; readonly offset: number; readonly until: number }>()
  #count = 0
  /** Pages are no longer than this, whatever was asked for. */
  maxPageSize = 300

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Makes every token of now unusable, as if its time were over. */
  expireAll(): void {
    this.#tokens.clear()
  }

  answer(list: string, field: string, rows: readonly unknown[], query: URLSearchParams): FakeZoomResponse {
    const given = query.get('next_page_token') ?? ''
    const asked = Number(query.get('page_size') ?? 30)
    if (!Number.isInteger(asked) || asked < 1 || asked > 300) return problem(400, 300, 'The page size is invalid.')
    let offset = 0
    if (given !== '') {
      const token = this.#tokens.get(given)
      if (token === undefined || token.list !== list || token.until <= this.#clock.now())
        return problem(400, 300, 'The next page token is invalid or expired.')
      offset = token.offset
    }
    const size = Math.min(asked, this.maxPageSize)
    const end = offset + size
    return json(200, {
      page_count: Math.ceil(rows.length / size),
      page_size: size,
      total_records: rows.length,
      next_page_token: end < rows.length ? this.#tokenFor(list, end) : '',
      [field]: rows.slice(offset, end),
    })
  }

  #tokenFor(list: string, offset: number): string {
    const token = `page-${++this.#count}`
    this.#tokens.set(token, { list, offset, until: this.#clock.now() + LIFE_MS })
    return token
  }
}
