import { type FakeResponse, jsonResponse, type ReadRequest } from '../message.ts'
import { readMultipart } from '../multipart.ts'
import type { World } from '../world.ts'
import { checkRecordingCall, failed } from './checks.ts'

/** `getRecordingTextTracks`: JSON, but for a refused checksum or a missing id. */
export function getRecordingTextTracks(world: World, request: ReadRequest): FakeResponse {
  const violation = checkRecordingCall(world, 'getRecordingTextTracks', request)
  if (violation) return failed(violation)
  const recordID = request.parameters.get('recordID')?.trim()
  if (!recordID) return failed({ key: 'missingParamRecordID', message: 'You must specify a recordID.' })
  const recording = world.recordings.finished([recordID])[0]
  // A recording that never had captions has no folder for them, and is not found either.
  if (!recording?.textTracks) return problem('noRecordings', `No recording found for ${recordID}`)
  if (recording.textTracks.length === 0) return problem('noCaptionsFound', `No captions found for ${recordID}`)
  const tracks = recording.textTracks.map(({ kind, label, lang, source }) => ({
    href: `${world.publicUrl()}/bigbluebutton/textTrack/${world.identifiers.hex(40)}/${recordID}/${kind}_${lang}.vtt`,
    kind,
    label,
    lang,
    source,
  }))
  return jsonResponse({ response: { returncode: 'SUCCESS', tracks } })
}

/** `putRecordingTextTrack`: everything in the query, the file in a multipart body. */
export function putRecordingTextTrack(world: World, request: ReadRequest): FakeResponse {
  const violation = checkRecordingCall(world, 'putRecordingTextTrack', request)
  if (violation) return failed(violation)
  const value = (name: string) => request.parameters.get(name)?.trim() ?? ''
  const missing = ['recordID', 'kind', 'lang'].find(name => value(name) === '')
  if (missing) return problem('paramError', `Missing param ${missing}.`)
  const [recordID, kind, lang] = [value('recordID'), value('kind'), value('lang')]
  const recording = world.recordings.finished([recordID])[0]
  if (!recording) return problem('noRecordings', `No recording was found for ${recordID}`)
  if (kind !== 'subtitles' && kind !== 'captions') {
    return problem('invalidKind', `Invalid kind parameter, expected='subtitles|captions' actual=${kind}`)
  }
  if (!/^[a-z]{2,3}(_[A-Z]{2})?$/.test(lang)) return problem('invalidLang', `Malformed lang param, received=${lang}`)
  const parts = readMultipart(request.header('content-type') ?? '', request.bytes) ?? []
  const content = parts.find(({ name }) => name === 'file')?.content ?? ''
  // The server forgets the key of its own message here.
  if (content === '') return jsonResponse({ response: { returncode: 'FAILED' } })
  const tag = lang.replace('_', '-')
  const label = value('label') || tag
  const others = (recording.textTracks ?? []).filter(track => track.kind !== kind || track.lang !== tag)
  recording.textTracks = [...others, { kind, label, lang: tag, source: 'upload', content }]
  return jsonResponse({
    response: {
      returncode: 'SUCCESS',
      recordId: recordID,
      messageKey: 'upload_text_track_success',
      message: 'Text track uploaded successfully',
    },
  })
}

function problem(messageKey: string, message: string): FakeResponse {
  return jsonResponse({ response: { returncode: 'FAILED', messageKey, message } })
}
