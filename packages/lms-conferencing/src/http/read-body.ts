import type { Clock } from '../clock.ts'

export interface ReadBodyLimits {
  readonly maxBytes: number
  readonly deadlineMs: number
  readonly clock: Clock
}

/** The raw bytes of a request; `null`, and the rest left unread, once there are too many or they take too long. */
export async function readBody(
  request: Request,
  { maxBytes, deadlineMs, clock }: ReadBodyLimits,
): Promise<Uint8Array | null> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) return null
  if (!request.body) return new Uint8Array()
  const reader: ReadableStreamDefaultReader<Uint8Array> = request.body.getReader()
  const tooLate = Promise.withResolvers<null>()
  const timer = clock.setTimeout(() => tooLate.resolve(null), deadlineMs)
  try {
    const chunks: Uint8Array[] = []
    let size = 0
    for (;;) {
      const part = await Promise.race([reader.read(), tooLate.promise])
      if (part === null) return giveUp(reader)
      if (part.done) return Buffer.concat(chunks, size)
      size += part.value.byteLength
      if (size > maxBytes) return giveUp(reader)
      chunks.push(part.value)
    }
  } finally {
    clock.clearTimeout(timer)
  }
}

function giveUp(reader: ReadableStreamDefaultReader<Uint8Array>): null {
  // Nobody waits for the sender to notice, and whether it hears of it changes nothing.
  reader.cancel().catch(() => {})
  return null
}
