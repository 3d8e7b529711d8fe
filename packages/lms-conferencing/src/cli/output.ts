/** What would move the cursor, colour the terminal, hide or turn the direction of text is made visible. */
export const visible = (text: string): string =>
  text
    .replace(/\r\n|[\r\n\t\v\f\u0085\u2028\u2029]/g, ' ')
    .replace(/[\u0000-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g, '\ufffd')

/** Nothing is a dash, times are in UTC. */
export type Cell = string | number | Date | null

const text = (cell: Cell): string =>
  cell === null || cell === '' ? '-' : cell instanceof Date ? cell.toISOString() : visible(String(cell))

/** Columns under headings. */
export function table(headings: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [headings, ...rows.map(row => row.map(text))]
  const widths = headings.map((_, column) => Math.max(...lines.map(line => line[column]?.length ?? 0)))
  const padded = lines.map(line =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return `${padded.join('\n')}\n`
}

/** One thing: a name and a value on each line. */
export const record = (fields: Readonly<Record<string, Cell>>): string => {
  const width = Math.max(...Object.keys(fields).map(name => name.length))
  return Object.entries(fields)
    .map(([name, value]) => `${name.padEnd(width)}  ${text(value)}\n`)
    .join('')
}

/** What stands at the end of a command's help. */
export const examples = (...lines: readonly string[]): string =>
  `\n${lines.length === 1 ? 'Example' : 'Examples'}:\n${lines.map(line => `  lms-conferencing ${line}`).join('\n')}`

export const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
