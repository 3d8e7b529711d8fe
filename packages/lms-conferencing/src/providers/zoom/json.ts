/** Reading JSON that strangers wrote. Pure. */

const MAX_DEPTH = 32
const MAX_NODES = 10_000
const MAX_STRING = 64 * 1024

/** A string, or a whole number too large for `number`: Zoom's meeting ids are int64. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d{16,}(?![\d.eE])/gs

/**
 * Bytes → value. Whole numbers of 16 digits or more become strings, digit by digit.
 * Throws `SyntaxError` (never quoting the text) when it is not UTF-8, not JSON, or larger than anybody needs.
 *
 * @param limit `message` for what is posted to us; `answer` for lists we asked for ourselves, whose size is capped anyway
 */
export function parseJson(bytes: Uint8Array, limit: 'message' | 'answer'): unknown {
  let value: unknown
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    value = JSON.parse(text.replace(TOKEN, token => (token.startsWith('"') ? token : `"${token}"`)))
  } catch {
    throw new SyntaxError('not JSON in UTF-8')
  }
  if (limit === 'message') requireModest(value)
  return value
}

/** Level by level, so that no nesting is deep enough to hurt. */
function requireModest(root: unknown): void {
  let level: unknown[] = [root]
  let nodes = 0
  for (let depth = 1; level.length > 0; depth++) {
    nodes += level.length
    if (depth > MAX_DEPTH || nodes > MAX_NODES) throw new SyntaxError('JSON too deep or too large')
    const next: unknown[] = []
    for (const value of level) {
      if (typeof value === 'string' && value.length > MAX_STRING) throw new SyntaxError('JSON string too long')
      if (typeof value !== 'object' || value === null) continue
      for (const child of Object.values(value)) next.push(child)
    }
    level = next
  }
}
