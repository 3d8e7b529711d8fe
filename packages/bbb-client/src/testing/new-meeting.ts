import { hashHex } from './checksum.ts'
import { type FakeDocument, integerOf, javaBoolean, type Meeting, metadataOf } from './meeting.ts'
import type { Modules } from './modules.ts'
import type { Parameters } from './parameters.ts'
import type { World } from './world.ts'

/** What `create` found out before it makes the meeting. */
export interface NewMeeting {
  readonly parent: Meeting | undefined
  readonly voiceBridge: string
  readonly modules: Modules
}

/** A meeting from the parameters of `create`, with the server's defaults. */
export function newMeeting(
  world: World,
  parameters: Parameters,
  { parent, voiceBridge, modules }: NewMeeting,
): Meeting {
  const given = parameters.get('meetingID') ?? ''
  const createTime = world.meetings.createTime(given, world.clock.now())
  const sequence = Number(parameters.get('sequence') ?? 0)
  // A breakout room is known by an id that the server makes up.
  const externalId = parent
    ? `${hashHex('sha1', `${parent.externalId}-${createTime}-${sequence}`)}-${createTime}`
    : given
  return {
    externalId,
    internalId: `${hashHex('sha1', given)}-${createTime}`,
    name: (parameters.get('name') ?? '').replace(/[\x00-\x1f\x7f]/g, ''),
    createTime,
    attendeePW: parameters.get('attendeePW') || world.identifiers.password(),
    moderatorPW: parameters.get('moderatorPW') || world.identifiers.password(),
    voiceBridge,
    dialNumber: parameters.get('dialNumber') ?? world.settings.dialNumber,
    duration: Math.max(0, integerOf(parameters.get('duration'), 0)),
    record: javaBoolean(parameters.get('record')),
    maxUsers: Math.max(0, integerOf(parameters.get('maxParticipants'), 0)),
    guestPolicy: parameters.get('guestPolicy') || 'ALWAYS_ACCEPT',
    metadata: metadataOf(parameters),
    breakout: parent && {
      parentId: parent.internalId,
      sequence,
      freeJoin: javaBoolean(parameters.get('freeJoin')),
    },
    breakoutRooms: [],
    parameters: new Map(parameters),
    documents: [...(modules.documents ?? []), ...documentOfUrl(parameters)],
    modules: modules.others,
    people: [],
    chat: [],
    polls: [],
    startTime: 0,
    endTime: 0,
    recordingNow: false,
    recordingMarked: false,
    ended: false,
    timers: new Map(),
  }
}

/** The one document that can be named in the query. */
function documentOfUrl(parameters: Parameters): FakeDocument[] {
  const url = parameters.get('preUploadedPresentation')
  if (!url) return []
  const name = parameters.get('preUploadedPresentationName') || url.split(/[?#]/, 1)[0]?.split('/').at(-1) || 'document'
  return [{ name, url, size: undefined, current: true, downloadable: false, removable: true }]
}
