/** Decoded request parameters; the first of a repeated name wins, as in a servlet. */
export type Parameters = ReadonlyMap<string, string>

/** The raw parts of a request target. */
export interface Target {
  /** `https://host` of an absolute-form target. */
  readonly origin: string | undefined
  readonly path: string
  /** Everything after the first `?`, untouched; empty when there is none. */
  readonly query: string
}

/** Splits path and query without decoding or normalising anything. */
export function splitTarget(target: string): Target {
  const withoutFragment = target.split('#', 1)[0] ?? ''
  const absolute = /^(https?:\/\/[^/?#]*)(.*)$/s.exec(withoutFragment)
  const rest = absolute ? (absolute[2] ?? '') : withoutFragment
  const mark = rest.indexOf('?')
  return {
    origin: absolute?.[1],
    path: mark < 0 ? rest : rest.slice(0, mark),
    query: mark < 0 ? '' : rest.slice(mark + 1),
  }
}

/** Reads a query or a form body as Tomcat does: broken escapes drop the parameter, broken UTF-8 becomes U+FFFD. */
export function parseParameters(...texts: readonly string[]): Map<string, string> {
  const parameters = new Map<string, string>()
  for (const pair of texts.flatMap(text => text.split('&'))) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decodeForm(equals < 0 ? pair : pair.slice(0, equals))
    const value = equals < 0 ? '' : decodeForm(pair.slice(equals + 1))
    if (name && value !== undefined && !parameters.has(name)) parameters.set(name, value)
  }
  return parameters
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** Decodes `+` and `%XX`; `undefined` where an escape is broken. */
export function decodeForm(text: string): string | undefined {
  if (/%(?![0-9a-f]{2})/i.test(text)) return undefined
  if (!/[+%]/.test(text)) return text
  const bytes = Buffer.from(text.replaceAll('+', ' '), 'utf8')
    .toString('latin1')
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return utf8.decode(Buffer.from(bytes, 'latin1'))
}
