/** What to do with characters nobody can see: `show` writes their code point, `strip` leaves them out. */
export type HiddenCharacters = 'show' | 'strip'

/** Controls, format characters (bidi, zero width), fillers and tags, line separators, halves and no characters at all. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Noncharacter_Code_Point}\p{Default_Ignorable_Code_Point}\u2028\u2029\u2800]/gu

/** Scripts whose spelling needs joiners, and emoji, which are made with them. */
const JOINING =
  '\\p{sc=Arab}\\p{sc=Syrc}\\p{sc=Mong}\\p{sc=Deva}\\p{sc=Beng}\\p{sc=Guru}\\p{sc=Gujr}\\p{sc=Orya}\\p{sc=Taml}\\p{sc=Telu}' +
  '\\p{sc=Knda}\\p{sc=Mlym}\\p{sc=Sinh}\\p{sc=Khmr}\\p{sc=Tibt}\\p{M}\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\uFE0F'

/** A joiner or an emoji's variation selector where the spelling needs it: it can be seen by what it does. */
const SPELLING = new RegExp(
  `(?<=[${JOINING}])[\\u200C\\u200D](?=[${JOINING}])|(?<=\\p{Extended_Pictographic})\\uFE0F`,
  'gu',
)

/**
 * The text as a reader must see it in an export or a report: characters that hide, reorder or break text are
 * written as `[U+202E]` or left out. What is stored stays as it was. Joiners stay where Persian, Indic scripts or
 * emoji need them.
 *
 * @returns the text, and whether anything was hidden in it
 */
export function visibleText(text: string, hidden: HiddenCharacters = 'show'): { text: string; flagged: boolean } {
  const spelling = new Set([...text.matchAll(SPELLING)].map(match => match.index))
  let flagged = false
  const visible = text.replace(HIDDEN, (character, index: number) => {
    if (spelling.has(index)) return character
    flagged = true
    return hidden === 'strip'
      ? ''
      : `[U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`
  })
  return { text: visible, flagged }
}
