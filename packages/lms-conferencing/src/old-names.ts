/** What a page that knew only Zoom reads of a class. */
export interface OldNames {
  /** @deprecated Read `meeting_id`, and `provider` beside it. `null` for a class that is not on Zoom. */
  readonly zoom_meeting_id: string | null
  /** @deprecated Ask `join_info`: a link is made for one person, at the click. */
  readonly join_url: null
  /** @deprecated Ask `start_class`: it held a host's token. */
  readonly start_url: null
  /** @deprecated Nobody types a password any more. */
  readonly password: null
}

/**
 * A class as the API tells it, with the names from before beside its own, so that old pages go on until they are
 * rewritten. Links and passwords are there by name and empty: what they were for is asked at the click now.
 *
 * For classes you serve by hand: `createHttpApi({ oldNames: true })` does it in all its answers.
 */
export const withOldNames = <T extends { readonly provider: string; readonly meeting_id: string }>(
  liveClass: T,
): T & OldNames => ({
  ...liveClass,
  zoom_meeting_id: liveClass.provider === 'zoom' && liveClass.meeting_id !== '' ? liveClass.meeting_id : null,
  join_url: null,
  start_url: null,
  password: null,
})
