import type { Weight } from './limits.ts'

/** Trouble on demand. */
export type FakeZoomFault = {
  /** Method and path below `/v2` with a star for the id, or `token`. @default any call of the API */
  readonly call?: string | undefined
  /** How many requests. @default 1 */
  readonly times?: number | undefined
} & (
  | {
      readonly kind: /** The connection closes without an answer; `executed` once everything is done. */
        | 'drop'
        | 'drop-executed'
        /** No answer ever comes. */
        | 'hang'
        /** HTTP 302 to somewhere else. */
        | 'redirect'
        /** An XML page of the gateway, with status 200. */
        | 'xml'
        /** For creates: made, but answered as the list a redirected request would get. */
        | 'list'
    }
  /** HTTP status without JSON. */
  | { readonly kind: 'status'; readonly status: number }
  /** Zoom's error body with any status, 200 included. */
  | { readonly kind: 'problem'; readonly status: number; readonly code: number; readonly message: string }
  /** The limit of the second. */
  | { readonly kind: 'per-second'; readonly weight: Weight }
)

/** The faults that wait for their requests; the first added is used up first. */
export class Faults {
  #armed: { readonly fault: FakeZoomFault; left: number }[] = []

  add(fault: FakeZoomFault): void {
    this.#armed.push({ fault, left: fault.times ?? 1 })
  }

  clear(): void {
    this.#armed = []
  }

  take(call: string): FakeZoomFault | undefined {
    const armed = this.#armed.find(({ fault }) => fault.call === call || (fault.call === undefined && call !== 'token'))
    if (!armed) return undefined
    armed.left--
    if (armed.left <= 0) this.#armed = this.#armed.filter(other => other !== armed)
    return armed.fault
  }
}
