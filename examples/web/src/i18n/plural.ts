/** A phrase for each plural category a language has; `#` is where the number goes. */
export type Phrases = Partial<Record<Intl.LDMLPluralRule, string>> & { readonly other: string }

/** Picks the phrase a number takes in a language. */
export function pluralIn(locale: string): (count: number, phrases: Phrases) => string {
  const rules = new Intl.PluralRules(locale)
  const numbers = new Intl.NumberFormat(locale)
  return (count, phrases) => (phrases[rules.select(count)] ?? phrases.other).replace('#', numbers.format(count))
}
