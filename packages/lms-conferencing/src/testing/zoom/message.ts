/** A request as it arrived, before anybody decoded anything. */
export interface FakeZoomRequest {
  readonly method: string
  /** Raw path and query, or a whole URL. */
  readonly target: string
  /** Names in any case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body?: string | Uint8Array | undefined
}

/** What the fake answers. */
export interface FakeZoomResponse {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** `drop`: the connection closes without an answer. `hang`: no answer ever comes. */
  readonly damage?: 'drop' | 'hang' | undefined
}

/** A request taken apart. */
export interface ReadRequest {
  readonly method: string
  /** Segments of the path as they came, still encoded. */
  readonly segments: readonly string[]
  readonly query: URLSearchParams
  readonly body: string
  header(name: string): string | undefined
}

export function readRequest({ method, target, headers, body }: FakeZoomRequest): ReadRequest {
  const relative = target.replace(/^https?:\/\/[^/?#]*/i, '')
  const [path = '', query = ''] = relative.split(/\?(.*)/s, 2)
  return {
    method: method.toUpperCase(),
    segments: path.split('/').slice(1),
    query: new URLSearchParams(query),
    body: typeof body === 'string' ? body : Buffer.from(body ?? []).toString('utf8'),
    header(name) {
      const found = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1]
      return typeof found === 'string' ? found : found?.join(', ')
    },
  }
}

/** An answer in JSON; large ids stand in it as digits. */
export const json = (
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): FakeZoomResponse => ({
  status,
  headers: { 'content-type': 'application/json;charset=UTF-8', ...headers },
  body: toJson(value),
})

/** Zoom's own error body. */
export const problem = (
  status: number,
  code: number,
  message: string,
  errors?: readonly { readonly field: string; readonly message: string }[] | undefined,
): FakeZoomResponse => json(status, { code, message, ...(errors && { errors }) })

export const noContent: FakeZoomResponse = { status: 204, headers: {}, body: '' }

/** JSON in which a `bigint` is a number with all its digits. */
export function toJson(value: unknown): string {
  const text = JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? `\u0000${part}` : part))
  return text.replace(/"\\u0000(\d+)"/g, '$1')
}

/** `YYYY-MM-DDTHH:MM:SSZ`. */
export const timeText = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`
