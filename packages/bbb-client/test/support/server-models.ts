import { createHash } from 'node:crypto'

/** How servers read a query, written from their documentation and sources and sharing nothing with the client. */

export interface Pair {
  readonly name: string
  readonly value: string
}

/** Names and values in the order they stand, decoded as a servlet or a Node server does. */
export function pairsOf(rawQuery: string): readonly Pair[] {
  if (rawQuery === '') return []
  return rawQuery.split('&').map(piece => {
    const at = piece.indexOf('=')
    return at < 0
      ? { name: decodeForm(piece), value: '' }
      : { name: decodeForm(piece.slice(0, at)), value: decodeForm(piece.slice(at + 1)) }
  })
}

export function decodeForm(text: string): string {
  const bytes: number[] = []
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (char === '+') bytes.push(0x20)
    else if (char === '%') {
      bytes.push(Number.parseInt(text.slice(i + 1, i + 3), 16))
      i += 2
    } else bytes.push(text.charCodeAt(i))
  }
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes))
}

/** The parameters without the checksum, and the checksum. A repeated name makes the reading ambiguous, so it throws. */
export function readQuery(rawQuery: string): { parameters: Map<string, string>; checksum: string | undefined } {
  const parameters = new Map<string, string>()
  for (const { name, value } of pairsOf(rawQuery)) {
    if (parameters.has(name)) throw new Error('a name stands twice')
    parameters.set(name, value)
  }
  const checksum = parameters.get('checksum')
  parameters.delete('checksum')
  return { parameters, checksum }
}

const ALGORITHM_BY_LENGTH: Readonly<Record<number, string>> = { 40: 'sha1', 64: 'sha256', 96: 'sha384', 128: 'sha512' }

function matches(checksum: string, signed: string): boolean {
  const algorithm = ALGORITHM_BY_LENGTH[checksum.length]
  return algorithm !== undefined && createHash(algorithm).update(signed).digest('hex') === checksum
}

/** bbb-web: cuts every textual occurrence of the decoded checksum's pair out of the raw query (its GetChecksum). */
export function webAccepts(call: string, rawQuery: string, secret: string): boolean {
  const checksum = pairsOf(rawQuery).find(({ name }) => name === 'checksum')?.value ?? ''
  const rest = rawQuery
    .replaceAll(`&checksum=${checksum}`, '')
    .replaceAll(`checksum=${checksum}&`, '')
    .replaceAll(`checksum=${checksum}`, '')
  return matches(checksum.toLowerCase(), call + rest + secret)
}

/** bbb-webhooks: cuts by three patterns, once each, whatever the value, and compares exactly (its utils). */
export function webhooksAccepts(call: string, rawQuery: string, secret: string): boolean {
  const checksum = pairsOf(rawQuery).find(({ name }) => name === 'checksum')?.value ?? ''
  const rest = rawQuery
    .replace(/&checksum=[^&]*/, '')
    .replace(/checksum=[^&]*&/, '')
    .replace(/checksum=[^&]*$/, '')
  return matches(checksum, call + rest + secret)
}
