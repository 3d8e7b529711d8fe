/**
 * What a callback carries and nobody needs again: passwords, session tokens, where and with what someone came. Taken
 * out of the verified bytes before they are stored, so that they are in no file, backup or log.
 */
const NEEDLESS = new Set(['moderator-pass', 'viewer-pass', 'session-token', 'ip-address', 'user-agent', 'referer'])

/** The same in the server's internal messages (getRaw). */
const NEEDLESS_RAW = new Set(['moderatorPass', 'viewerPass', 'authToken', 'sessionToken', 'authed', 'password'])

const isNeedless = (key: string): boolean => NEEDLESS.has(key) || NEEDLESS_RAW.has(key)

/** The bytes to keep. Bytes that cannot be read are kept whole: they wait as a dead letter for a person. */
export function redactHookBody(body: Uint8Array): Uint8Array {
  try {
    const form = new URLSearchParams(Buffer.from(body).toString('utf8'))
    const event = form.get('event')
    if (event === null) return body
    let found = false
    const cleaned: unknown = JSON.parse(event, (key, value: unknown) => {
      if (!isNeedless(key)) return value
      found = true
      return undefined
    })
    if (!found) return body
    form.set('event', JSON.stringify(cleaned))
    return Buffer.from(form.toString())
  } catch {
    return body
  }
}

/** Names, texts and answers of a report that no figure rests on. */
const NEEDLESS_IN_REPORT = new Set(['name', 'files', 'metadata', 'question', 'options', 'votes'])

/** The bytes of a meeting's report to keep. */
export function redactAnalyticsBody(body: Uint8Array): Uint8Array {
  const report: unknown = JSON.parse(Buffer.from(body).toString('utf8'), (key, value: unknown) =>
    NEEDLESS_IN_REPORT.has(key) ? undefined : value,
  )
  return Buffer.from(JSON.stringify(report))
}
