/** What may stand beside a message: plain values. Never a secret, a checksum, a join link or a person's name. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>

/** Structured logging, a sentence and its fields. Any logger fits in four lines. */
export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

const silent = (): void => {}

/** Says nothing: the default of everything that logs. */
export const noLogger: Logger = { debug: silent, info: silent, warn: silent, error: silent }
