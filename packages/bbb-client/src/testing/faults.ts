import type { FakeClock } from './clock.ts'
import { nginxPage } from './html.ts'
import type { FakeDamage, FakeResponse } from './message.ts'

/** Which requests a fault hits. */
interface FaultTarget {
  /** API call name as in `getMeetings` or `hooks/list`; `*` is any. @default '*' */
  readonly call?: string | undefined
  /** How many requests. @default 1 */
  readonly times?: number | undefined
}

/** A fault that hides the answer; with `executed` the call has happened all the same. */
interface HidingFault extends FaultTarget {
  /** @default false */
  readonly executed?: boolean | undefined
}

/** Trouble on demand. */
export type FakeFault =
  /** The answer comes after `ms` on the fake's clock. */
  | (FaultTarget & { readonly kind: 'slow'; readonly ms: number })
  /** The connection closes without an answer. */
  | (HidingFault & { readonly kind: 'drop' })
  /** No answer, and the connection stays open. */
  | (HidingFault & { readonly kind: 'hang' })
  /** HTTP 200 with this text. @default an HTML login page */
  | (HidingFault & { readonly kind: 'garbage'; readonly body?: string | undefined })
  /** An nginx page with this status. */
  | (HidingFault & {
      readonly kind: 'status'
      readonly status: number
      readonly headers?: Readonly<Record<string, string>> | undefined
    })
  /** The right answer, cut after `bytes` bytes. @default framing 'length' */
  | (FaultTarget & {
      readonly kind: 'cut'
      readonly bytes: number
      readonly framing?: Extract<FakeDamage, { kind: 'cut' }>['framing'] | undefined
    })

interface Armed {
  readonly fault: FakeFault
  left: number
}

const loginPage = '<!DOCTYPE html><html><body>Please log in<br></body></html>'

/** The faults that wait for their requests; the first added is used up first. */
export class FakeFaults {
  readonly #clock: FakeClock
  #armed: Armed[] = []

  constructor(clock: FakeClock) {
    this.#clock = clock
  }

  /** Arms a fault. Several faults that fit hit one request each, in the order they were added. */
  add(fault: FakeFault): void {
    this.#armed.push({ fault, left: fault.times ?? 1 })
  }

  /** Takes every fault back. */
  clear(): void {
    this.#armed = []
  }

  /** Faults still to come. */
  get pending(): number {
    return this.#armed.reduce((total, { left }) => total + left, 0)
  }

  /** Answers a call, with the next fault for it if there is one. */
  async apply(call: string, answer: () => FakeResponse): Promise<FakeResponse> {
    const fault = this.#take(call)
    if (!fault) return answer()
    switch (fault.kind) {
      case 'slow':
        await new Promise<void>(resolve => {
          this.#clock.setTimeout(resolve, fault.ms)
        })
        return answer()
      case 'cut':
        return { ...answer(), damage: { kind: 'cut', bytes: fault.bytes, framing: fault.framing ?? 'length' } }
      default:
        if (fault.executed) answer()
        return hidden(fault)
    }
  }

  #take(call: string): FakeFault | undefined {
    const armed = this.#armed.find(({ fault }) => (fault.call ?? '*') === '*' || fault.call === call)
    if (!armed) return undefined
    armed.left--
    if (armed.left <= 0) this.#armed = this.#armed.filter(other => other !== armed)
    return armed.fault
  }
}

function hidden(fault: Exclude<FakeFault, { readonly kind: 'slow' | 'cut' }>): FakeResponse {
  switch (fault.kind) {
    case 'drop':
    case 'hang':
      return { status: 200, headers: {}, body: '', damage: { kind: fault.kind } }
    case 'garbage':
      return {
        status: 200,
        headers: { 'content-type': fault.body === undefined ? 'text/html' : 'text/xml;charset=utf-8' },
        body: fault.body ?? loginPage,
      }
    case 'status': {
      const page = nginxPage(fault.status, reasons[fault.status] ?? 'Error')
      return { ...page, headers: { ...page.headers, ...fault.headers } }
    }
  }
}

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Authorization Required',
  403: 'Forbidden',
  404: 'Not Found',
  413: 'Request Entity Too Large',
  414: 'Request-URI Too Large',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Temporarily Unavailable',
  504: 'Gateway Time-out',
}
