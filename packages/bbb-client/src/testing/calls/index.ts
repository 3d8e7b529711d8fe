import { nginxPage, tomcatPage } from '../html.ts'
import type { FakeResponse, ReadRequest } from '../message.ts'
import type { World } from '../world.ts'
import type { CallHandler } from './checks.ts'
import { create } from './create.ts'
import { insertDocument } from './documents.ts'
import { answerHooksCall, apiPath } from './hooks.ts'
import { join } from './join.ts'
import { end, getMeetingInfo, getMeetings, getSessions, index, isMeetingRunning, sendChatMessage } from './meetings.ts'
import { deleteRecordings, getRecordings, publishRecordings, updateRecordings } from './recordings.ts'
import { getRecordingTextTracks, putRecordingTextTrack } from './text-tracks.ts'

interface Call {
  readonly handler: CallHandler
  /** Methods of the 3.0 routes; before, bbb-web took any. */
  readonly methods: readonly string[]
}

const calls: Readonly<Record<string, Call>> = {
  create: { handler: create, methods: ['GET', 'POST'] },
  join: { handler: join, methods: ['GET'] },
  isMeetingRunning: { handler: isMeetingRunning, methods: ['GET', 'POST'] },
  end: { handler: end, methods: ['GET', 'POST'] },
  getMeetingInfo: { handler: getMeetingInfo, methods: ['GET', 'POST'] },
  getMeetings: { handler: getMeetings, methods: ['GET', 'POST'] },
  getSessions: { handler: getSessions, methods: ['GET', 'POST'] },
  insertDocument: { handler: insertDocument, methods: ['POST'] },
  sendChatMessage: { handler: sendChatMessage, methods: ['GET'] },
  getRecordings: { handler: getRecordings, methods: ['GET', 'POST'] },
  publishRecordings: { handler: publishRecordings, methods: ['GET'] },
  deleteRecordings: { handler: deleteRecordings, methods: ['GET'] },
  updateRecordings: { handler: updateRecordings, methods: ['GET', 'POST'] },
  getRecordingTextTracks: { handler: getRecordingTextTracks, methods: ['GET', 'POST'] },
  putRecordingTextTrack: { handler: putRecordingTextTrack, methods: ['POST'] },
}

/** Tomcat's limit for the request line and headers together; only the target is counted here. */
const longestTarget = 8_000

/** The name of the API call in a path, as it is signed; `''` for the index; `undefined` outside the API. */
export function callNameOf(path: string): string | undefined {
  if (`${path}/` === apiPath || path === apiPath) return ''
  if (!path.startsWith(apiPath)) return undefined
  const name = path.slice(apiPath.length)
  return name.startsWith('hooks/') ? name : name.replace(/\/$/, '')
}

/** Answers an API call. */
export function answerCall(world: World, name: string, request: ReadRequest): FakeResponse {
  if (request.target.length > longestTarget || !hasOnlyUriCharacters(request)) {
    return tomcatPage(400, 'Invalid character found in the request target')
  }
  if (name === '') return index(world, request)
  if (name === 'hooks' || name.startsWith('hooks/')) {
    return world.hooks ? answerHooksCall(world, name, request) : nginxPage(404, 'Not Found')
  }
  const call = Object.hasOwn(calls, name) ? calls[name] : undefined
  if (!call || !isKnown(world, name)) return tomcatPage(404)
  const method = request.method === 'HEAD' ? 'GET' : request.method
  if (world.settings.release.strictMethods && !call.methods.includes(method)) return tomcatPage(404)
  return call.handler(world, request)
}

function isKnown(world: World, name: string): boolean {
  if (name === 'sendChatMessage') return world.settings.release.sendsChatMessages
  return name !== 'insertDocument' || world.settings.release.insertsDocuments
}

/** Tomcat refuses what RFC 3986 does not allow unescaped. */
function hasOnlyUriCharacters({ path, query }: ReadRequest): boolean {
  return /^[!#-;=?-Z_a-z~%]*$/.test(path + query)
}
