import type { ConferencingError } from '../../errors.ts'
import type { Meeting } from '../../model.ts'
import type { PastRunOptions, RecordingFile } from '../../provider.ts'
import { isZoomHost, type OpenAccount } from './account.ts'
import { recordingDownloads } from './calls.ts'
import { unavailable, unlessMissing } from './errors.ts'
import { runsOf } from './past.ts'

/** Files of recordings (zoom/wire section 8): asked for with a token of their own, answered by a redirect to storage. */

/** What is used of the global `fetch`. */
export type FetchLike = (url: string, init: RequestInit) => Promise<Response>

export interface DownloadOptions {
  readonly fetch: FetchLike
  readonly domain: string
}

const MAX_REDIRECTS = 5

/** The files of every run that are ready. */
export async function recordingFilesOf(
  account: OpenAccount,
  meeting: Meeting,
  { fetch, domain, ...how }: DownloadOptions & PastRunOptions,
): Promise<readonly RecordingFile[]> {
  const { api } = account
  const left = api.timeLeft(how)
  if (meeting.meetingId === '') return []
  const found: RecordingFile[] = []
  for (const run of (await runsOf(account, meeting, { left, wants: how.wants })) ?? [meeting.meetingId]) {
    const set = await unlessMissing(() => api.call(recordingDownloads(run), left()))
    if (set === null || set.id !== meeting.meetingId) continue
    for (const file of set.recording_files) {
      const { id, download_url: url, status = 'completed', file_size: sizeBytes = null } = file
      if (id === undefined || url === undefined || status !== 'completed') continue
      found.push({
        recordId: set.uuid,
        fileId: id,
        type: file.recording_type ?? file.file_type.toLowerCase(),
        extension: (file.file_extension ?? file.file_type).toLowerCase(),
        sizeBytes,
        open: ({ offset, signal }) => open(url, { token: set.download_access_token, offset, signal, fetch, domain }),
      })
    }
  }
  return found
}

async function open(
  url: string,
  {
    token,
    offset,
    signal,
    fetch,
    domain,
  }: DownloadOptions & {
    readonly token: string | undefined
    readonly offset: number
    readonly signal?: AbortSignal | undefined
  },
): Promise<{ offset: number; body: AsyncIterable<Uint8Array> }> {
  let next = url
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const target = URL.parse(next)
    if (target?.protocol !== 'https:') throw failed('a link that is not https')
    const headers: Record<string, string> = { 'accept-encoding': 'identity' }
    // The storage behind it must not learn the token.
    if (token !== undefined && isZoomHost(target.hostname, domain)) headers.authorization = `Bearer ${token}`
    if (offset > 0) headers.range = `bytes=${offset}-`
    const response = await ask(fetch, next, { headers, redirect: 'manual', ...(signal && { signal }) })
    const { status } = response
    if (status >= 300 && status < 400) {
      await response.body?.cancel()
      next = new URL(response.headers.get('location') ?? '', next).href
      continue
    }
    if ((status === 200 || status === 206) && response.body !== null) {
      const from = status === 206 ? Number(/^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1]) : 0
      if (from === 0 || from === offset) return { offset: from, body: response.body }
    }
    await response.body?.cancel()
    throw failed(`HTTP ${status}`)
  }
  throw failed('too many redirects')
}

async function ask(fetch: FetchLike, url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch {
    init.signal?.throwIfAborted()
    throw failed('no answer')
  }
}

const failed = (what: string): ConferencingError => unavailable('download recording', what, 'not-sent')
