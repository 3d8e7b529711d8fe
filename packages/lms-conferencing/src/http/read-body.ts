import type { Clock } from '../clock.ts'
import type { ByteBudget } from './limits.ts'

export interface ReadBodyLimits {
  readonly maxBytes: number
  readonly deadlineMs: number
  readonly clock: Clock
  /** What the bytes are taken from while they arrive. @default as many as `maxBytes` */
  readonly budget?: ByteBudget | undefined
}

/**
 * The raw bytes of a request; `null`, and the rest left unread, once there are too many or they take too long; `'busy'`
 * when there is no room for them now.
 */
export async function readBody(request: Request, limits: ReadBodyLimits): Promise<Uint8Array | null | 'busy'> {
  const { maxBytes, deadlineMs, clock, budget } = limits
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) return null
  if (!request.body) return new Uint8Array()
  const reader: ReadableStreamDefaultReader<Uint8Array> = request.body.getReader()
  const tooLate = Promise.withResolvers<null>()
  const timer = clock.setTimeout(() => tooLate.resolve(null), deadlineMs)
  let size = 0
  let taken = 0
  try {
    const chunks: Uint8Array[] = []
    for (;;) {
      const part = await Promise.race([reader.read(), tooLate.promise])
      if (part === null) return giveUp(reader, null)
      if (part.done) return Buffer.concat(chunks, size)
      size += part.value.byteLength
      if (size > maxBytes) return giveUp(reader, null)
      if (budget && !budget.take(part.value.byteLength)) return giveUp(reader, 'busy')
      taken = size
      chunks.push(part.value)
    }
  } finally {
    clock.clearTimeout(timer)
    budget?.giveBack(taken)
  }
}

function giveUp<T>(reader: ReadableStreamDefaultReader<Uint8Array>, why: T): T {
  // Nobody waits for the sender to notice, and whether it hears of it changes nothing.
  reader.cancel().catch(() => {})
  return why
}
