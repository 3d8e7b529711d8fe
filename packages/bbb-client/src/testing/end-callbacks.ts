import { hasRecordingMarks, type Meeting } from './meeting.ts'
import type { World } from './world.ts'

/** Waits of `CallbackUrlService`: five tries in all. */
const waits = [30_000, 60_000, 120_000, 300_000]

/** The GETs at a meeting's end: `meta_endCallbackUrl` with its two parameters, `meetingEndedURL` as it is. */
export function sendMeetingEnded(world: World, meeting: Meeting): void {
  if (meeting.breakout) return
  const callback = meeting.metadata.get('endcallbackurl')
  if (callback) {
    const added = new URLSearchParams({
      recordingmarks: String(hasRecordingMarks(meeting, world.settings.recordingNeedsMarks)),
      meetingID: meeting.externalId,
    })
    get(world, callback, `${callback}${callback.includes('?') ? '&' : '?'}${added}`)
  }
  const plain = meeting.parameters.get('meetingEndedURL')
  if (plain) get(world, plain, plain)
}

function get(world: World, registered: string, url: string): void {
  world.outbox.send({
    kind: 'meeting-ended',
    url: registered,
    request: { method: 'GET', url, headers: {}, body: '' },
    redirects: 'follow',
    waits,
    refusalIsFinal: false,
    timeoutMs: 10_000,
  })
}
