const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** Escapes the five predefined entities, as bbb-web's templates do. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, char => entities[char] ?? char)
}

/** Escapes as the recording answers do: apostrophes stay. */
export function escapeRecordingXml(text: string): string {
  return text.replace(/[&<>"]/g, char => entities[char] ?? char)
}

/** A value a template can print. */
export type XmlValue = string | number | boolean

/** One template line: `<name>escaped value</name>`. */
export function line(name: string, value: XmlValue): string {
  return `<${name}>${escapeXml(String(value))}</${name}>`
}

/** An element whose children stand on lines of their own. */
export function block(name: string, lines: readonly string[]): string {
  return [`<${name}>`, ...lines, `</${name}>`].join('\n')
}

/**
 * A template answer: one element per line, and white space squeezed everywhere, inside values too
 * (upstream: FreeMarker's `compress` directive round every template).
 */
export function templateResponse(returncode: 'SUCCESS' | 'FAILED', lines: readonly string[]): string {
  return squeeze(block('response', [line('returncode', returncode), ...lines]))
}

function squeeze(text: string): string {
  return text.trim().replace(/[ \t\r\n\f]+/g, run => (/[\r\n]/.test(run) ? '\n' : ' '))
}

/** `messageKey` and `message` of an answer. */
export function messageLines(key: string, message: string): string[] {
  return [line('messageKey', key), line('message', message)]
}

/** The usual failure. */
export function failure(key: string, message: string): string {
  return templateResponse('FAILED', messageLines(key, message))
}
