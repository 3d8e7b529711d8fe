import { signJwt } from './jwt.ts'
import type { Recording } from './recordings.ts'
import type { World } from './world.ts'

const names = ['bbb-recording-ready-url', 'bn-recording-ready-url', 'canvas-recording-ready-url']

/**
 * Tells that a format of a recording is published: a form with one HS256 token under the shared secret. Sent once, never
 * again (upstream: `post_publish_recording_ready_callback.rb`).
 */
export function sendRecordingReady(world: World, recording: Recording): void {
  const url = names.map(name => recording.metadata.get(name)).find(value => value)
  if (!url) return
  const token = signJwt(
    { alg: 'HS256' },
    { meeting_id: recording.meetingID, record_id: recording.recordID },
    world.settings.secret,
  )
  world.outbox.send({
    kind: 'recording-ready',
    url,
    request: {
      method: 'POST',
      url,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ signed_parameters: token }).toString(),
    },
    redirects: 'none',
    waits: [],
    refusalIsFinal: false,
    timeoutMs: 60_000,
  })
}
