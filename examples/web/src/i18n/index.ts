import { type ComputedRef, computed, type InjectionKey, inject, type Ref, ref } from 'vue'
import { ar } from './ar.ts'
import { en, type Words } from './en.ts'
import { type Format, formatIn } from './format.ts'

export type { Format } from './format.ts'

/** The languages of the page, and which way each is written. */
export const languages = {
  en: { words: en, locale: 'en-GB', dir: 'ltr' },
  ar: { words: ar, locale: 'ar', dir: 'rtl' },
} as const satisfies Record<string, { words: Words; locale: string; dir: 'ltr' | 'rtl' }>

export type Language = keyof typeof languages

export const isLanguage = (text: unknown): text is Language =>
  typeof text === 'string' && Object.hasOwn(languages, text)

/** What a component speaks with. */
export interface I18n {
  readonly language: Ref<Language>
  /** For `Intl` and for the API. */
  readonly locale: ComputedRef<string>
  readonly dir: ComputedRef<'ltr' | 'rtl'>
  readonly words: ComputedRef<Words>
  readonly format: ComputedRef<Format>
}

export const i18nKey: InjectionKey<I18n> = Symbol('i18n')

export function createI18n(initial: Language = 'en'): I18n {
  const language = ref<Language>(initial)
  const chosen = computed(() => languages[language.value])
  return {
    language,
    locale: computed(() => chosen.value.locale),
    dir: computed(() => chosen.value.dir),
    words: computed(() => chosen.value.words),
    format: computed(() => formatIn(chosen.value.locale)),
  }
}

const english = createI18n()

/** The language around a component; English where none is provided. */
export const useI18n = (): I18n => inject(i18nKey, english)
