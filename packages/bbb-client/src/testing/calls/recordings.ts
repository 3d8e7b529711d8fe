import { tomcatPage } from '../html.ts'
import { integerOf, metadataOf } from '../meeting.ts'
import { type FakeResponse, type ReadRequest, xmlResponse } from '../message.ts'
import { decodeForm } from '../parameters.ts'
import { inFormats, mergeFormats, recordingXml } from '../recording-xml.ts'
import { type Recording, selectRecordings } from '../recordings.ts'
import type { Violation } from '../violations.ts'
import type { World } from '../world.ts'
import { checkRecordingCall, failed } from './checks.ts'

/** `getRecordings`: filters, then (with `limit`) pages over playback formats, not over recordings. */
export function getRecordings(world: World, request: ReadRequest): FakeResponse {
  const violation = checkRecordingCall(world, 'getRecordings', request)
  if (violation) return failed(violation)
  const { parameters } = request
  const recordIDs = idList(parameters.get('recordID'))
  const meetingIDs = idList(parameters.get('meetingID'))
  const states = idList(parameters.get('state'))
  if (!recordIDs || !meetingIDs || !states) {
    return tomcatPage(500, 'URLDecoder: Incomplete trailing escape (%) pattern')
  }
  const { release, allowFetchAllRecordings } = world.settings
  const limit = release.pages === 'none' ? undefined : parameters.get('limit')
  if (!allowFetchAllRecordings && recordIDs.length === 0 && meetingIDs.length === 0 && !limit) {
    const text = 'No recordings found. This may occur if you attempt to retrieve all recordings.'
    return xmlResponse(
      `<response><returncode>SUCCESS</returncode><messageKey>noRecordings</messageKey><message>${text}</message></response>`,
    )
  }
  const metadata = metadataOf(parameters)
  if ([...metadata.values()].includes('')) {
    return tomcatPage(500, 'begin 0, end -1, length 0')
  }
  const found = selectRecordings(world.recordings.list(), { recordIDs, meetingIDs, states, metadata })
  if (!limit) return xmlResponse(wrapped(found, world.publicUrl(), ''))
  const size = Math.min(100, Math.max(1, integerOf(limit, 100)))
  const offset = Math.max(0, integerOf(parameters.get('offset'), 0))
  const entries = inFormats(found)
  const page = mergeFormats(entries.slice(offset, offset + size))
  const total = `<totalElements>${entries.length}</totalElements>`
  const tail =
    release.pages === 'total'
      ? total
      : `<pagination><pageable><offset>${offset}</offset><limit>${size}</limit><paged>true</paged><unpaged>false</unpaged></pageable>${total}<empty>${page.length === 0}</empty></pagination>`
  return xmlResponse(wrapped(page, world.publicUrl(), tail))
}

/** The answer's odd white space is the server's own. */
function wrapped(recordings: readonly Recording[], publicUrl: string, tail: string): string {
  const paged = tail !== ''
  const list = recordings.map(recording => recordingXml(recording, publicUrl, paged)).join('')
  const none =
    '\n          <messageKey>noRecordings</messageKey>\n          <message>There are no recordings for the meeting(s).</message>'
  const element = list === '' && paged ? '<recordings/>' : `<recordings>${list}</recordings>`
  return `<response>\n          <returncode>SUCCESS</returncode>\n          ${element}${list === '' ? none : ''}\n        ${tail}</response>`
}

/** `publishRecordings`: shows or hides; the answer echoes the text sent. */
export function publishRecordings(world: World, request: ReadRequest): FakeResponse {
  const publish = request.parameters.get('publish')
  const problem = recordingProblem(world, 'publishRecordings', request, [
    publish ? undefined : { key: 'missingParamPublish', message: 'You must specify a publish value true or false.' },
  ])
  if (problem) return failed(problem)
  const state = publish?.toLowerCase() === 'true' ? 'published' : 'unpublished'
  for (const recording of chosen(world, request)) {
    if (recording.state === state) continue
    recording.state = state
    world.emit({ id: state === 'published' ? 'rap-published' : 'rap-unpublished', recording })
  }
  return done('published', publish ?? '')
}

/** `deleteRecordings`: out of every ordinary list; `state=deleted` still finds them. */
export function deleteRecordings(world: World, request: ReadRequest): FakeResponse {
  const problem = recordingProblem(world, 'deleteRecordings', request, [])
  if (problem) return failed(problem)
  for (const recording of chosen(world, request)) {
    recording.state = 'deleted'
    world.emit({ id: 'rap-deleted', recording })
  }
  return done('deleted', 'true')
}

/** `updateRecordings`: sets metadata; an empty value takes a key away. */
export function updateRecordings(world: World, request: ReadRequest): FakeResponse {
  const problem = recordingProblem(world, 'updateRecordings', request, [])
  if (problem) return failed(problem)
  for (const { metadata } of chosen(world, request)) {
    for (const [name, value] of metadataOf(request.parameters)) {
      if (value === '') metadata.delete(name)
      else metadata.set(name, value)
    }
  }
  return done('updated', 'true')
}

function recordingProblem(
  world: World,
  call: string,
  request: ReadRequest,
  rules: readonly (Violation | undefined)[],
): Violation | undefined {
  const checksum = checkRecordingCall(world, call, request)
  if (checksum) return checksum
  if (!request.parameters.get('recordID')) {
    return { key: 'missingParamRecordID', message: 'You must specify a recordID.' }
  }
  const broken = rules.find(rule => rule !== undefined)
  if (broken) return broken
  if (chosen(world, request).length > 0) return undefined
  return { key: 'notFound', message: 'We could not find recordings' }
}

function chosen(world: World, request: ReadRequest): Recording[] {
  return world.recordings.finished(idList(request.parameters.get('recordID')) ?? [])
}

function done(name: string, value: string): FakeResponse {
  return xmlResponse(`<response><returncode>SUCCESS</returncode><${name}>${value}</${name}></response>`)
}

/** A comma list, decoded a second time as the server does; `undefined` when that breaks. */
function idList(text: string | undefined): string[] | undefined {
  const decoded = decodeForm(text ?? '')
  return decoded?.split(',').flatMap(id => id.trim() || [])
}
