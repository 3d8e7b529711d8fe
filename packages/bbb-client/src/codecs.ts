import {
  type Codec,
  checkList,
  checkText,
  type EncodeContext,
  encodeParams,
  kindOf,
  type ParamTable,
  type RequestDraft,
  refuse,
} from './params.ts'
import type { XmlElement } from './xml.ts'

/** The codecs that rows of `api/` are made of: what a value must be, and how it is written. */

/** Makes a row that must be given. */
export function required<T>(codec: Codec<T>): Codec<T> {
  return { ...codec, required: true }
}

interface TextRule {
  /** In UTF-16 units, as the server counts. @default 0 */
  readonly min?: number
  /** @default 65_535 */
  readonly max?: number
  /** Comes back in answers, whose templates show several blanks in a row as one. @default false */
  readonly shown?: true
}

function warnOfBlanks(value: string, name: string, context: EncodeContext): void {
  if (/\s{2}/.test(value))
    context.warn(`${context.call}: ${name} has several blanks in a row, of which the server's answers show one`)
}

/** Text of a length that the server takes. */
export function text({ min = 0, max = 65_535, shown }: TextRule = {}): Codec<string> {
  return {
    encode(out, name, value, context) {
      const checked = checkText(value, name, context)
      if (checked.length < min || checked.length > max) refuse(context, name, `must have ${min} to ${max} characters`)
      if (shown) warnOfBlanks(checked, name, context)
      out.add(name, checked)
    },
  }
}

const COULD_BE_INTERNAL = /^[0-9a-f]{1,40}$/

/** The external id of a meeting (BigBlueButton's MeetingIDConstraint): 2 to 256 characters, no comma, no blanks at the ends. */
const meetingIdText: Codec<string> = {
  encode(out, name, value, context) {
    const id = checkText(value, name, context)
    if (id.length < 2 || id.length > 256) refuse(context, name, 'must have 2 to 256 characters')
    if (id.includes(',')) refuse(context, name, 'must not hold a comma')
    if (id.trim() !== id) refuse(context, name, 'must not begin or end with a blank')
    warnOfBlanks(id, name, context)
    if (COULD_BE_INTERNAL.test(id))
      context.warn(
        `${context.call}: ${name} looks like the beginning of an internal id and may find another meeting; use an id with a letter beyond f`,
      )
    out.add(name, id)
  },
}
/** The meeting a call is about. */
export const meetingId = (): Codec<string> => required(meetingIdText)
/** A meeting that a call may be limited to. */
export const optionalMeetingId = (): Codec<string> => meetingIdText

/** An internal or external id given by the server, sent back as it came. */
export const opaqueId = (): Codec<string> => required(text({ min: 1, max: 1024 }))

/**
 * One id or several. An empty list is refused: servers take it for "all of them". BigBlueButton decodes each once more
 * after splitting (its ParamsProcessorUtil), so `%` and `+` are escaped a second time; load balancers that answer from
 * their own database do not, so such ids are best not used.
 */
export function idList(): Codec<string | readonly string[]> {
  return {
    encode(out, name, value, context) {
      const ids = checkList(typeof value === 'string' ? [value] : value, name, context)
      if (ids.length === 0)
        refuse(context, name, 'is an empty list, which servers take for all; leave it out, or make no call')
      const parts = ids.map((id, i) => {
        const checked = checkText(id, `${name}[${i}]`, context)
        if (checked.trim() === '') refuse(context, `${name}[${i}]`, 'is empty, which servers take for all')
        if (checked.includes(',')) refuse(context, `${name}[${i}]`, 'must not hold a comma')
        if (/[%+]/.test(checked))
          context.warn(`${context.call}: ${name} holds % or +, which BigBlueButton and load balancers read differently`)
        return checked.replace(/[%+]/g, char => (char === '%' ? '%25' : '%2B'))
      })
      out.add(name, parts.join(','))
    },
  }
}

/** `true` or `false`; the server takes nothing else for true. */
export function flag(): Codec<boolean> {
  return {
    encode(out, name, value, context) {
      if (typeof value !== 'boolean') refuse(context, name, `must be true or false, not ${kindOf(value)}`)
      out.addPlain(name, String(value))
    },
  }
}

/** Sent only when true: some releases take the mere presence for true (BigBlueButton 2.6, isBreakout). */
export function flagWhenTrue(): Codec<boolean> {
  const inner = flag()
  return {
    encode(out, name, value, context) {
      if (value !== false) inner.encode(out, name, value, context)
    },
  }
}

/** A whole number that fits the server's int, never negative. */
export function integer({ min = 0, max = 2_147_483_647 }: { min?: number; max?: number } = {}): Codec<number> {
  return {
    encode(out, name, value, context) {
      if (!Number.isSafeInteger(value) || value < min || value > max)
        refuse(context, name, `must be a whole number from ${min} to ${max}`)
      out.addPlain(name, String(value))
    },
  }
}

/** Digits kept as text, so that leading zeros stay. */
export function digits(): Codec<string> {
  return {
    encode(out, name, value, context) {
      if (!/^\d{1,18}$/.test(checkText(value, name, context))) refuse(context, name, 'must be a string of digits')
      out.add(name, value)
    },
  }
}

const WORD = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/

/** One of a set of words, or (where servers add words) another plain word. */
export function word<T extends string>(known: readonly T[], rule: { open?: true } = {}): Codec<T> {
  return {
    encode(out, name, value, context) {
      const checked: string = checkText(value, name, context)
      const words: readonly string[] = known
      const allowed = words.includes(checked) || (rule.open === true && WORD.test(checked))
      if (!allowed) refuse(context, name, `must be one of ${known.join(', ')}`)
      out.add(name, checked)
    },
  }
}

/** A list of plain words: servers add words, and ignore those they do not know. */
export function words(pattern: RegExp = WORD): Codec<readonly string[]> {
  return {
    encode(out, name, value, context) {
      const list = checkList(value, name, context).map((item, i) => checkText(item, `${name}[${i}]`, context))
      if (list.length === 0) refuse(context, name, 'must be a list that is not empty')
      for (const item of list) if (!pattern.test(item)) refuse(context, name, 'holds something that is no plain word')
      out.add(name, list.join(','))
    },
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * Text that BigBlueButton shows as HTML: escaped here, so that it arrives as text. Line ends become `<br>`, tabs blanks.
 */
export function escapedText(): Codec<string> {
  return {
    encode(out, name, value, context) {
      if (typeof value !== 'string') return refuse(context, name, `must be a string, not ${kindOf(value)}`)
      const lines = value.split(/\r\n|[\r\n\u0085]/).map(line => checkText(line.replaceAll('\t', ' '), name, context))
      out.add(name, lines.map(line => line.replace(/[&<>"']/g, char => ESCAPES[char] ?? char)).join('<br>'))
    },
  }
}

/** HTML the caller vouches for, sent under another name than its own; not together with the escaped text of that name. */
export function trustedHtml(wireName: string): Codec<string> {
  return {
    encode(out, name, value, context) {
      if (typeof value !== 'string') return refuse(context, name, `must be a string, not ${kindOf(value)}`)
      if (out.get(wireName) !== undefined) refuse(context, name, `is given, and ${wireName} too`)
      out.add(wireName, checkText(value.replace(/[\r\n\t]+/g, ' '), name, context))
    },
  }
}

/** A URL that others will open, checked by the client's policy. */
export function url(wireName?: string): Codec<string> {
  return {
    encode(out, name, value, context) {
      const problem = context.checkUrl(checkText(value, name, context))
      if (problem !== undefined) refuse(context, name, problem)
      out.add(wireName ?? name, value)
    },
  }
}

/** A parameter that has a name of its own on the wire. */
export function renamed<T>(wireName: string, codec: Codec<T>): Codec<T> {
  return { encode: (out, _name, value, context) => codec.encode(out, wireName, value, context) }
}

/** `#RRGGBB`. */
export function color(): Codec<string> {
  return {
    encode(out, name, value, context) {
      if (!/^#[0-9a-fA-F]{6}$/.test(checkText(value, name, context)))
        refuse(context, name, 'must have the form #RRGGBB')
      out.add(name, value)
    },
  }
}

/** Data as JSON text, where it has such a form. */
export function jsonText(value: unknown, name: string, context: EncodeContext): string {
  let written: string
  try {
    written = JSON.stringify(value)
  } catch {
    return refuse(context, name, 'cannot be written as JSON')
  }
  return checkText(written, name, context)
}

/** A JSON object as a module of the XML body, under the parameter's name (BigBlueButton's ApiController). */
export function jsonModule(): Codec<Readonly<Record<string, unknown>>> {
  return {
    encode(out, name, value, context) {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        refuse(context, name, `must be an object, not ${kindOf(value)}`)
      const settings: XmlElement = { name: 'module', attributes: { name }, cdata: jsonText(value, name, context) }
      out.modules = [...out.modules, settings]
    },
  }
}

/** Rows of another table, given as an object of their own. */
export function group<P>(table: ParamTable<P>): Codec<P> {
  return {
    encode: (out: RequestDraft, _name, value, context) => encodeParams(table, value, out, context),
  }
}
