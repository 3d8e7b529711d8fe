import { encodeQueryValue } from './query.ts'

/** Shorter texts stand in ordinary sentences by chance. */
const SHORTEST = 6

/**
 * Makes the server's words fit for an error: short, on one line, and without what must not be told, in whatever
 * encoding the server may have said it.
 */
export function scrubber(secrets: readonly string[]): (text: string, longest: number) => string {
  const forms = secrets
    .filter(secret => secret.length >= SHORTEST)
    .flatMap(secret => [
      secret,
      encodeQueryValue(secret),
      encodeURIComponent(secret),
      encodeURI(secret),
      Buffer.from(secret).toString('base64').replace(/=+$/, ''),
      Buffer.from(secret).toString('base64url'),
    ])
  return (text, longest) => {
    const lower = text.toLowerCase()
    if (forms.some(form => text.includes(form) || lower.includes(form.toLowerCase())) || /checksum=\w/i.test(text))
      return '[redacted: the answer repeats a secret]'
    const plain = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    return plain.length > longest ? `${plain.slice(0, longest)}…` : plain
  }
}
