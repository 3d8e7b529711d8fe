import { useI18n } from '../i18n/index.ts'
import { type Action, useAction } from './use-action.ts'

export interface Room extends Action {
  /**
   * Opens a room in a new tab. The link is made while the tab waits, and kept nowhere: it is one person's key.
   * Resolves with false when there was none.
   */
  open(makeLink: () => Promise<string | null>): Promise<boolean>
}

export function useRoom(): Room {
  const action = useAction()
  const { words } = useI18n()
  return {
    ...action,
    async open(makeLink) {
      if (action.isBusy.value) return false
      // At once, for browsers open tabs for clicks only; where they refuse, this tab goes.
      const tab = window.open('', '_blank')
      if (tab) {
        tab.opener = null
        tab.document.title = words.value.joining
        tab.document.body.textContent = words.value.joining
      }
      const link = await action.run(makeLink)
      if (!link) {
        tab?.close()
        return false
      }
      const target = tab ?? window
      target.location.assign(link)
      return true
    },
  }
}
