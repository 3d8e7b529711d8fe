import { BbbWebhookError, readVerified } from './errors.ts'
import { readPairs } from './form.ts'
import { requireFresh, verifyJwt } from './jwt.ts'
import { prepareSecrets, type SecretOptions } from './options.ts'
import { rawBody, requireMethod, type WebhookRequest } from './request.ts'

/**
 * BigBlueButton says that a format of a recording was published. A hint: the token has no end and is sent once per
 * format, so ask `getRecordings` for `recordID` and take what it says; hearing it again must change nothing.
 */
export interface RecordingReady {
  /** The external id of the meeting. */
  readonly meetingID: string
  readonly recordID: string
  readonly secretIndex: number
  readonly secretId: string | null
}

const MAX_BODY_BYTES = 8192

/**
 * Verifies the callback that `meta_bbb-recording-ready-url` asks for: a form with one `signed_parameters`, a JWT under
 * the shared secret, HS256 and nothing else (upstream `post_publish_recording_ready_callback.rb`).
 *
 * @throws {@link BbbWebhookError}
 */
export function receiveRecordingReady(request: WebhookRequest, options: SecretOptions): RecordingReady {
  const secrets = prepareSecrets(options)
  requireMethod(request.method, 'POST')
  const tokens = readPairs(rawBody(request.body, options.maxBodyBytes ?? MAX_BODY_BYTES)).filter(
    pair => pair.name === 'signed_parameters',
  )
  const [token] = tokens
  if (token === undefined || tokens.length > 1) {
    throw new BbbWebhookError('missing', `The form has ${tokens.length} fields named signed_parameters instead of one.`)
  }
  const { claims, secretIndex, secretId } = verifyJwt(token.value, 'HS256', secrets)
  requireFresh(claims, options.now)
  return readVerified(() => ({
    meetingID: claims.text('meeting_id'),
    recordID: claims.text('record_id'),
    secretIndex,
    secretId,
  }))
}
