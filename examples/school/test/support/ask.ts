import { tokenOf, type User } from '../../src/index.ts'

/** What an answer holds, as far as tests look. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The envelope. */
  readonly json: {
    readonly success: boolean
    readonly message?: string
    // biome-ignore lint/suspicious/noExplicitAny: tests compare what is in it, whatever it is
    readonly data?: any
    readonly error?: { readonly code: string; readonly message: string; readonly details: Record<string, string> }
  }
}

/** Asks as somebody, or as nobody; the path begins after `/api/v1/`. A text is sent as it is, anything else as JSON. */
export type Ask = (who: User | null | undefined, method: string, path: string, body?: unknown) => Promise<Answer>

export const createAsk =
  (send: (path: string, init: RequestInit) => Promise<Response>): Ask =>
  async (who, method, path, body) => {
    const headers = new Headers()
    if (who) headers.set('authorization', `Bearer ${tokenOf(who)}`)
    if (body !== undefined) headers.set('content-type', 'application/json')
    return readAnswer(
      await send(`/api/v1/${path}`, {
        method,
        headers,
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    )
  }

export async function readAnswer(response: Response): Promise<Answer> {
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: JSON.parse(text) }
}
