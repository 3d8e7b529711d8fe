import type { Logger } from 'lms-conferencing'

/** One line of JSON for each message, without a time: whoever keeps the log adds that. */
export function jsonLogger(write: (line: string) => void): Logger {
  const at =
    (level: string): Logger['info'] =>
    (message, fields = {}) =>
      write(JSON.stringify({ level, message, ...fields }))
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
