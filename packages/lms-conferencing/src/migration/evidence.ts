/** What the texts of a row say about who holds its meeting. Pure. */

/** Where a link leads: to a meeting of Zoom or BigBlueButton, elsewhere, or nowhere. */
export type LinkEvidence =
  | { readonly to: 'none' }
  | { readonly to: 'zoom' | 'bbb'; readonly meetingId: string | null }
  | { readonly to: 'other' }

const LINK = /^https?:\/\/(?:[^/?#@]*@)?(?<host>[^/?#:]+)(?::\d+)?(?<path>[^?#]*)(?:\?(?<query>[^#]*))?/i
const ZOOM_HOST = /^(?:[a-z0-9-]+\.)*(?:zoom\.us|zoomgov\.com)$/i
/** https://developers.zoom.us: `/j/` to join, `/s/` to start, `/w/` for the registered. */
const ZOOM_MEETING = /^\/(?:j|s|w|wc\/join)\/(?<id>\d{9,19})(?:\/|$)/
const BBB_PATH = /\/bigbluebutton\/|^\/playback\/|^\/recording\//i
const BBB_MEETING = /(?:^|&)meetingID=(?<id>[^&]*)/

/** A link's text → where it leads. */
export function linkEvidence(link: string | null): LinkEvidence {
  if (link === null || link.trim() === '') return { to: 'none' }
  const { host, path = '', query = '' } = LINK.exec(link.trim())?.groups ?? {}
  if (host === undefined) return { to: 'other' }
  if (ZOOM_HOST.test(host)) return { to: 'zoom', meetingId: ZOOM_MEETING.exec(path)?.groups?.id ?? null }
  if (BBB_PATH.test(path)) return { to: 'bbb', meetingId: decoded(BBB_MEETING.exec(query)?.groups?.id) }
  return { to: 'other' }
}

function decoded(text: string | undefined): string | null {
  if (text === undefined || text === '') return null
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return null
  }
}

/** What a meeting id looks like: Zoom's number (64 bits), the base64 UUID of one of its runs, something else, or nothing. */
export type IdEvidence = 'none' | 'zoom-number' | 'zoom-uuid' | 'other'

const MAX_INT64 = 9_223_372_036_854_775_807n

export function idEvidence(id: string | null): IdEvidence {
  if (id === null || id === '') return 'none'
  if (/^[1-9]\d{8,18}$/.test(id)) return id.length < 19 || BigInt(id) <= MAX_INT64 ? 'zoom-number' : 'other'
  return /^[A-Za-z0-9+/]{22}==$/.test(id) ? 'zoom-uuid' : 'other'
}
