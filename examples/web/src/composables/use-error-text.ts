import { VideoConferenceError } from 'lms-conferencing/browser'
import { useI18n } from '../i18n/index.ts'

/** An error as a sentence: the server's own where the page speaks its language, the page's by code elsewhere. */
export function useErrorText(): (error: unknown) => string {
  const { words } = useI18n()
  return error => {
    const { byCode, unexpected } = words.value.errors
    if (!(error instanceof VideoConferenceError)) return unexpected
    const isEnglish = Object.keys(byCode).length === 0
    return byCode[error.code] ?? (isEnglish ? error.message : unexpected)
  }
}
