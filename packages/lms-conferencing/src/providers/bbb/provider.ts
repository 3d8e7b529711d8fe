import { createHash, randomBytes } from 'node:crypto'
import { BbbApiError, type BbbClient, type EnsuredHook, ensureHook } from 'bbb-client'
import { type Clock, systemClock } from '../../clock.ts'
import { ConferencingError } from '../../errors.ts'
import type { Meeting, MeetingSpec, Participant } from '../../model.ts'
import type { ConferenceProvider, KeptCallbacks, ProviderCallOptions } from '../../provider.ts'
import { bbbCallbacks } from './callbacks.ts'
import { translated } from './errors.ts'
import { isInternalId, meetingKeyOf, startOf, toCreateParams, toRecording } from './map.ts'
import { type BbbCallbacks, callsBack, type Server } from './servers.ts'
import type { BbbMeetingSettings } from './settings.ts'

export interface BbbProviderOptions {
  /** The server that new classes go to. */
  readonly client: BbbClient
  /** Left out: no callbacks are taken, and attendance rests on other sources. */
  readonly callbacks?: BbbCallbacks | undefined
  /** How rooms are set up. @default the server's defaults */
  readonly settings?: BbbMeetingSettings | undefined
  /** Names the server in every row. @default 'default' */
  readonly serverId?: string | undefined
  /** Servers that only still hold old classes, by the name their rows carry. */
  readonly oldServers?:
    | Readonly<Record<string, { readonly client: BbbClient; readonly callbacks?: BbbCallbacks | undefined }>>
    | undefined
  /** Tells when secrets and tokens have ended. @default the wall clock */
  readonly clock?: Clock | undefined
  /** Begins every meeting id; tells installations apart that share a server. @default 'lms-' */
  readonly idPrefix?: string | undefined
  /** Makes a password with at least 128 bits of chance. @default 24 characters from the system's generator */
  readonly newPassword?: (() => string) | undefined
}

/**
 * The events that anything here rests on. Asking for fewer keeps chats, polls and transcripts away from us
 * altogether; bbb-webhooks forgets such hooks at a restart, and {@link ConferenceProvider.keepCallbacks} notices.
 */
const WANTED_EVENTS = [
  'meeting-created',
  'meeting-ended',
  'user-joined',
  'user-left',
  'rap-publish-ended',
  'rap-published',
  'rap-unpublished',
  'rap-deleted',
] as const

/**
 * bbb-webhooks repeats a callback after 100, 500, 1000, … ms, twelve times in all; then it is lost, and at some time the
 * hook with it (bbb-webhooks `src/out/webhooks/callback-emitter.js`).
 */
const REDELIVERY_MS = 295_600

/** BigBlueButton behind the provider contract. */
export function bbbProvider(options: BbbProviderOptions): ConferenceProvider {
  const {
    settings = {},
    serverId = 'default',
    idPrefix = 'lms-',
    clock = systemClock,
    newPassword = () => randomBytes(18).toString('base64url'),
  } = options
  const current: Server = { id: serverId, client: options.client, callbacks: options.callbacks }
  const servers = new Map<string, Server>([[serverId, current]])
  for (const [id, old] of Object.entries(options.oldServers ?? {}))
    servers.set(id, { id, client: old.client, callbacks: old.callbacks })

  const calling = [...servers.values()].filter(callsBack)

  function serverOf(meeting: Meeting): Server {
    const server = servers.get(meeting.serverId)
    if (server !== undefined) return server
    throw noServer(meeting.serverId)
  }

  const callOptions = ({ signal, deadlineMs }: ProviderCallOptions = {}): ProviderCallOptions => ({
    signal,
    deadlineMs,
  })

  async function createTimeOf(meeting: Meeting, how?: ProviderCallOptions): Promise<number> {
    const known = Number(meeting.details.createTime)
    if (Number.isSafeInteger(known) && known > 0) return known
    const info = await serverOf(meeting).client.getMeetingInfo({ meetingID: meeting.meetingId }, callOptions(how))
    if (info?.createTime) return info.createTime
    throw new ConferencingError('MEETING_NOT_FOUND', 'The meeting room is not open.', {
      provider: 'bbb',
      outcome: 'refused',
      userMessage: 'This class is not open at the moment.',
    })
  }

  return {
    name: 'bbb',
    capabilities: { idempotentOpen: true, snapshots: true, publishRecordings: true, redeliveryMs: REDELIVERY_MS },

    planMeeting(spec: MeetingSpec): Meeting {
      const meetingId = `${idPrefix}${spec.classId}`
      return {
        provider: 'bbb',
        serverId,
        meetingId,
        // BigBlueButton itself makes the internal id of every run from this hash (ParamsProcessorUtil).
        meetingKey: createHash('sha1').update(meetingId).digest('hex'),
        moderatorPassword: newPassword(),
        attendeePassword: newPassword(),
        details: {},
      }
    },

    openMeeting: (meeting, spec, how) =>
      translated(async () => {
        const server = serverOf(meeting)
        const created = await server.client.create(toCreateParams(meeting, spec, settings, server), callOptions(how))
        // A load balancer or an old server may make internal ids of its own; callbacks will name those.
        const meetingKey =
          created.internalMeetingID === '' ? meeting.meetingKey : meetingKeyOf(created.internalMeetingID)
        return {
          ...meeting,
          meetingKey,
          details: { ...meeting.details, createTime: String(created.createTime), instance: created.internalMeetingID },
        }
      }),

    joinLink: (meeting: Meeting, participant: Participant, how) =>
      translated(async () => {
        return serverOf(meeting).client.joinUrl({
          meetingID: meeting.meetingId,
          fullName: participant.displayName,
          role: participant.role === 'moderator' ? 'MODERATOR' : 'VIEWER',
          // For servers that know passwords only; the link gets the one of the role.
          passwords: { attendeePW: meeting.attendeePassword, moderatorPW: meeting.moderatorPassword },
          userID: participant.userId,
          createTime: await createTimeOf(meeting, how),
        })
      }),

    endMeeting: (meeting, how) =>
      translated(async () => {
        await serverOf(meeting).client.end({ meetingID: meeting.meetingId }, callOptions(how))
      }),

    // A room is no more than its being open.
    cancelMeeting: (meeting, how) =>
      translated(async () => {
        await serverOf(meeting).client.end({ meetingID: meeting.meetingId }, callOptions(how))
      }),

    isRunning: (meeting, how) =>
      translated(() => serverOf(meeting).client.isMeetingRunning({ meetingID: meeting.meetingId }, callOptions(how))),

    snapshot: (meeting, how) =>
      translated(async () => {
        const info = await serverOf(meeting).client.getMeetingInfo({ meetingID: meeting.meetingId }, callOptions(how))
        if (info === null) return null
        return {
          instance: info.internalMeetingID,
          // The API names people and not their connections (getMeetingInfo has external user ids only).
          // Somebody who came without our user id is called by the connection's.
          present: info.attendees.map(({ userID }) =>
            isInternalId(userID) ? { session: userID, person: null } : { session: null, person: userID },
          ),
        }
      }),

    recordings: (meeting, how) =>
      translated(async () => {
        const state = ['processing', 'processed', 'published', 'unpublished'] as const
        const found = await serverOf(meeting).client.getRecordings(
          { meetingID: meeting.meetingId, state },
          callOptions(how),
        )
        // Ids are looked up by prefix on the server: only what is ours.
        const wants = (recordID: string): boolean => {
          const startedAt = startOf(recordID)
          return startedAt === undefined || (how?.wants?.(startedAt) ?? true)
        }
        return found
          .filter(({ meetingID, recordID }) => meetingID === meeting.meetingId && wants(recordID))
          .map(toRecording)
      }),

    publishRecording: (meeting, { recordId, published }, how) =>
      translated(() =>
        serverOf(meeting).client.publishRecordings({ recordID: recordId, publish: published }, callOptions(how)),
      ),

    deleteRecording: (meeting, recordId, how) =>
      translated(async () => {
        try {
          await serverOf(meeting).client.deleteRecordings({ recordID: recordId }, callOptions(how))
        } catch (error) {
          // Gone is gone.
          if (!(error instanceof BbbApiError && error.messageKey === 'notFound')) throw error
        }
      }),

    // BigBlueButton writes down who was there for its own callback only.
    report: async () => null,

    callbackServers: calling.map(({ id }) => id),

    keepCallbacks: (id, how) =>
      translated(async () => {
        const server = calling.find(one => one.id === id)
        if (server === undefined) throw noServer(id)
        const { client, callbacks } = server
        const hook = await ensureHook(client, { callbackURL: callbacks.url, eventID: WANTED_EVENTS }, callOptions(how))
        return keptHook(id, hook)
      }),

    ...bbbCallbacks(calling, () => new Date(clock.now())),
  }
}

const noServer = (id: string): ConferencingError =>
  new ConferencingError('UNSUPPORTED', `No BigBlueButton server named "${id}" is configured.`, {
    provider: 'bbb',
    outcome: 'not-sent',
    userMessage: 'This class is on a server that is not set up here any more. Please tell an administrator.',
  })

/** A hook that brought more than we asked for has lost nothing. */
function keptHook(serverId: string, { action, differences, found }: EnsuredHook): KeptCallbacks {
  const words = differences.length === 0 ? `hook ${action}` : `hook ${action}: ${differences.join(', ')}`
  if (found === null) return { serverId, state: 'created', found: words }
  const events = found.eventID?.map(id => id.toLowerCase()) ?? []
  // Without a list it brings everything; with one, and asked for raw messages too, bbb-webhooks brings nothing.
  const broughtWanted = events.length === 0 || (!found.rawData && WANTED_EVENTS.every(id => events.includes(id)))
  const broughtAll = found.meetingID === null && broughtWanted
  return { serverId, state: broughtAll ? 'kept' : 'restored', found: words }
}
