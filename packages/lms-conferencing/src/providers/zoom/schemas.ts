import { z } from 'zod'

/** Parts of what Zoom sends, as its Meeting API document and its webhook samples have them. */

/** Meeting ids are int64: numbers in answers, mostly strings in webhooks, always strings here. */
export const meetingId = z.union([z.string().regex(/^\d{1,20}$/), z.int().nonnegative()]).transform(String)

/** A blank string and a missing key mean the same. */
export const text = z
  .string()
  .nullish()
  .transform(value => (value === '' || value === null ? undefined : value))

const FIRST = Date.UTC(2000, 0, 1)
const LAST = Date.UTC(2100, 0, 1)

/** `YYYY-MM-DDTHH:MM:SSZ` → epoch milliseconds. */
export const time = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/)
  .transform(value => Date.parse(value))
  .refine(at => at >= FIRST && at < LAST)

/** A time that may be missing, or blank while something is still going on. */
export const timeIfAny = z
  .union([time, z.literal(''), z.null(), z.undefined()])
  .transform(value => (typeof value === 'number' ? value : undefined))

export const count = z.number().nonnegative().optional().catch(undefined)
