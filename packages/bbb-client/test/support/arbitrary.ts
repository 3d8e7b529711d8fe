import fc from 'fast-check'

/** How often a property is tried: 1,000 times in every run, 100,000 at night (`PROPERTY_RUNS=100000`). */
export const RUNS = Number(process.env.PROPERTY_RUNS ?? 1000)

/** What some encoder, some server or some browser gets wrong. */
const NASTY = [
  ...[
    "'",
    '"',
    '+',
    '~',
    '*',
    '&',
    '=',
    '#',
    '%',
    '?',
    '/',
    '\\',
    ';',
    ',',
    '(',
    ')',
    '!',
    '[',
    ']',
    '{',
    '}',
    '|',
    '^',
    '`',
  ],
  ...[
    '<b>',
    '<x>',
    '&amp;',
    '%41',
    '%00',
    '%0A',
    '%2B',
    '%E4',
    '%25',
    '%',
    ' ',
    '  ',
    '\u00a0',
    '\ufeff',
    '\u200b',
    '\u2028',
  ],
  ...[
    '😀',
    '👨‍👩‍👧',
    '𠮷',
    '🏳️‍🌈',
    'é',
    'e\u0301',
    'Nguyễn',
    '李',
    'Søn',
    'ß',
    'İ',
    '\u212a',
    'ﬀ',
    'עברית',
    'مرحبا',
    '\u202e',
    '\u202d',
    '\ufffd',
  ],
  ...[
    'checksum=',
    '&checksum=',
    'checksum',
    '&checksum=0&',
    '?checksum=1',
    '%26checksum%3D',
    'a'.repeat(64),
    '0'.repeat(40),
  ],
  ...['role=MODERATOR', '&role=MODERATOR', '__proto__', 'constructor', '{}', 'null', 'true', '0012', '1e5', '0x1F'],
]

/** No server keeps these; {@link text} leaves them out. */
const UNFIT = /[\u0000-\u001f\u007f-\u009f\ufffe\uffff]/

/** Text that a parameter may hold, mostly of the kind that goes wrong. */
export function text(minLength: number, maxLength: number): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...NASTY) },
    { weight: 2, arbitrary: fc.string({ maxLength: 8 }) },
    { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }) },
  )
  return fc
    .array(piece, { minLength: 1, maxLength: 8 })
    .map(pieces => pieces.join('').slice(0, maxLength).padEnd(minLength, 'x'))
    .filter(value => value.isWellFormed() && !UNFIT.test(value))
}

/** An external meeting id that servers take. */
export function meetingId(): fc.Arbitrary<string> {
  return text(2, 100)
    .map(value => value.replaceAll(',', '.').trim().padEnd(2, 'z'))
    .filter(value => value.length >= 2)
}

/** Keys of a map, none of which is another in other letters. */
export function map(key: RegExp, values: fc.Arbitrary<string>): fc.Arbitrary<Record<string, string>> {
  return fc
    .uniqueArray(fc.tuple(fc.stringMatching(key), values), {
      selector: ([name]) => name.toLowerCase(),
      maxLength: 4,
    })
    .map(entries => Object.fromEntries(entries))
}

/** Leaves out each property now and then. */
export function some<T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) {
  return fc.record<T, never>(fields, { requiredKeys: [] })
}
