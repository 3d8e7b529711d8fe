/**
 * Names come from anybody: what would move the cursor, colour the terminal, hide or turn the direction of text is made
 * visible. The joiners U+200C and U+200D stay: Persian words and families of emoji are written with them.
 */
export function visible(text: string): string {
  return text
    .replace(/\r\n|[\r\n\t\v\f\u0085\u2028\u2029]/g, ' ')
    .replace(/[\u0000-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g, '\ufffd')
}

/** A cell: nothing is a dash, yes and no are words, times are to the minute in UTC. */
export type Cell = string | number | boolean | Date | null | undefined

function text(cell: Cell): string {
  if (cell === null || cell === undefined || cell === '') return '-'
  if (typeof cell === 'boolean') return cell ? 'yes' : 'no'
  if (cell instanceof Date) return `${cell.toISOString().slice(0, 16).replace('T', ' ')}Z`
  return visible(String(cell))
}

const WIDE =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u
const graphemes = new Intl.Segmenter()

/** Columns of a terminal that a text takes. */
function widthOf(cell: string): number {
  let width = 0
  for (const { segment } of graphemes.segment(cell)) width += WIDE.test(segment) ? 2 : 1
  return width
}

/** Columns under headings; numbers to the right. */
export function table(headings: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map(row => row.map(text))
  const widths = headings.map((heading, column) =>
    Math.max(widthOf(heading), ...texts.map(row => widthOf(row[column] ?? ''))),
  )
  const isNumber = headings.map((_, column) => rows.every(row => typeof row[column] === 'number'))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => {
        const gap = ' '.repeat((widths[column] ?? 0) - widthOf(cell))
        return isNumber[column] ? gap + cell : cell + gap
      })
      .join('  ')
      .trimEnd()
  return `${[headings, ...texts].map(line).join('\n')}\n`
}

/** One thing: a name and a value on each line. */
export function record(fields: Readonly<Record<string, Cell>>): string {
  const width = Math.max(...Object.keys(fields).map(widthOf))
  const lines = Object.entries(fields).map(
    ([name, value]) => `${name}${' '.repeat(width - widthOf(name))}  ${text(value)}`,
  )
  return `${lines.join('\n')}\n`
}

/** Characters that JSON leaves as they are, and a terminal does not. */
export function json(value: unknown): string {
  const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
  return `${JSON.stringify(value, null, 2).replace(/[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, escaped)}\n`
}

const HIDDEN = '[hidden]'
/** Fields that let somebody in. */
const CREDENTIALS = new Set(['attendeePW', 'moderatorPW', 'authToken', 'sessionToken'])
/** Metadata in which applications keep callback addresses with secret paths, or secrets. */
const CREDENTIAL_METADATA = new Set([
  'endcallbackurl',
  'bbb-recording-ready-url',
  'bn-recording-ready-url',
  'canvas-recording-ready-url',
  'analytics-callback-url',
  'secret-lrs-payload',
])

/** A copy without passwords, tokens and secret addresses, at any depth. */
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  const entries = Object.entries(value).map(([key, inner]) => {
    const isSecret = CREDENTIALS.has(key) || CREDENTIAL_METADATA.has(key.toLowerCase())
    return [key, isSecret && inner !== null ? HIDDEN : withoutSecrets(inner)] as const
  })
  return Object.fromEntries(entries)
}
