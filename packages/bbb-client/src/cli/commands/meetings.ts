import type { Command } from 'commander'
import type { CreateParams } from '../../api/create-params.ts'
import { GUEST_POLICIES } from '../../api/create-params.ts'
import type { JoinRole } from '../../api/join.ts'
import type { MeetingInfo } from '../../api/meetings.ts'
import { collect, pair, role, whole } from '../arguments.ts'
import type { Io } from '../io.ts'
import { record, table } from '../output.ts'
import { type Act, confirmed, type ExitCode, openSession } from '../session.ts'

interface CreateFlags {
  readonly name?: string
  readonly record?: boolean
  readonly autoStartRecording?: boolean
  readonly duration?: number
  readonly maxParticipants?: number
  readonly welcome?: string
  readonly guestPolicy?: string
  readonly muteOnStart?: boolean
  readonly presentation?: readonly string[]
  readonly meta?: Readonly<Record<string, string>>
  readonly param?: Readonly<Record<string, string>>
}

interface JoinFlags {
  readonly name: string
  readonly role: JoinRole
  readonly userId?: string
  readonly guest?: boolean
  readonly userdata?: Readonly<Record<string, string>>
  readonly check: boolean
}

/** create, join-url, list, info, end. */
export function meetingCommands(program: Command, io: Io, act: Act): void {
  program
    .command('create')
    .description('Open a meeting. If it is running already, nothing changes.')
    .argument('<meetingID>', 'your id of the meeting')
    .option('--name <text>', 'shown to participants (default: the id)')
    .option('--record', 'it may be recorded')
    .option('--auto-start-recording', 'recording begins with the first participant')
    .option('--duration <minutes>', 'it ends by itself after this time', whole)
    .option('--max-participants <count>', 'different people at once', whole)
    .option('--welcome <text>', 'first message in the chat')
    .option('--guest-policy <policy>', GUEST_POLICIES.join(', '))
    .option('--mute-on-start', 'participants come in muted')
    .option('--presentation <url>', 'a document to begin with; repeatable', collect)
    .option('--meta <name=value>', 'metadata; repeatable', pair)
    .option('--param <name=value>', 'any other parameter of create; repeatable', pair)
    .addHelpText(
      'after',
      `
Examples:
  bbb create algebra-2026-11-22 --name "Algebra" --record --duration 90
  bbb create physics --presentation https://example.org/slides.pdf --meta course=101`,
    )
    .action(act((meetingID: string, flags: CreateFlags, command: Command) => create(meetingID, flags, command, io)))

  program
    .command('join-url')
    .description('Make the link that lets one person into a running meeting.')
    .argument('<meetingID>', 'the id given to create')
    .requiredOption('--name <text>', 'the name that others see')
    .requiredOption('--role <role>', 'moderator or viewer', role)
    .option('--user-id <id>', 'your id of the person, as attendee lists and callbacks show it')
    .option('--guest', 'the person waits for a moderator, under some guest policies')
    .option('--userdata <name=value>', 'setting of the client, such as bbb_auto_join_audio=true; repeatable', pair)
    .option('--no-check', 'do not ask the server whether the meeting runs; the link is then good for any run of it')
    .addHelpText(
      'after',
      `
Whoever holds the link comes in under that name and role until the meeting ends: make it when it is needed, store it nowhere.

Examples:
  bbb join-url algebra-2026-11-22 --name "Ada Lovelace" --role moderator --user-id u1
  bbb join-url algebra-2026-11-22 --name Charles --role viewer --no-check`,
    )
    .action(act((meetingID: string, flags: JoinFlags, command: Command) => joinUrl(meetingID, flags, command, io)))

  program
    .command('list')
    .description('Show the meetings of the server.')
    .addHelpText('after', '\nExamples:\n  bbb list\n  bbb list --json')
    .action(act((_flags: object, command: Command) => list(command, io)))

  program
    .command('info')
    .description('Show a meeting and who is in it.')
    .argument('<meetingID>', 'the id given to create')
    .addHelpText('after', '\nExample:\n  bbb info algebra-2026-11-22')
    .action(act((meetingID: string, _flags: object, command: Command) => info(meetingID, command, io)))

  program
    .command('end')
    .description('End a meeting for everybody.')
    .argument('<meetingID>', 'the id given to create')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  bbb end algebra-2026-11-22 --yes')
    .action(
      act((meetingID: string, flags: { readonly yes?: boolean }, command: Command) =>
        end(meetingID, flags.yes, command, io),
      ),
    )
}

async function create(meetingID: string, flags: CreateFlags, command: Command, io: Io): Promise<void> {
  const { client, call, show } = openSession(command, io)
  const { name = meetingID, presentation, param, guestPolicy, ...rest } = flags
  const policy = GUEST_POLICIES.find(one => one === guestPolicy?.toUpperCase())
  if (guestPolicy !== undefined && policy === undefined)
    command.error(`error: option '--guest-policy' must be one of ${GUEST_POLICIES.join(', ')}.`)
  const params: CreateParams = {
    ...rest,
    meetingID,
    name,
    guestPolicy: policy,
    presentations: presentation?.map(url => ({ url })),
    extra: param,
  }
  const meeting = await client.create(params, call)
  show(meeting, () =>
    record({
      meetingID: meeting.meetingID,
      'internal id': meeting.internalMeetingID,
      created: meeting.createdAt,
      'voice bridge': meeting.voiceBridge,
      'ends after': meeting.duration === 0 ? null : `${meeting.duration} minutes`,
      'was there already': meeting.duplicate,
    }),
  )
}

async function joinUrl(meetingID: string, flags: JoinFlags, command: Command, io: Io): Promise<ExitCode> {
  const { client, call, show } = openSession(command, io)
  const { name, role, userId, guest, userdata } = flags
  let createTime: number | undefined
  if (flags.check) {
    const meeting = await client.getMeetingInfo({ meetingID }, call)
    if (meeting === null) return missing(meetingID, io)
    createTime = meeting.createTime ?? undefined
  }
  const url = client.joinUrl({ meetingID, fullName: name, role, userID: userId, guest, userdata, createTime })
  show({ url }, () => `${url}\n`)
  return 0
}

async function list(command: Command, io: Io): Promise<void> {
  const { client, call, show } = openSession(command, io)
  const meetings = await client.getMeetings({}, call)
  show(meetings, () =>
    meetings.length === 0
      ? 'No meeting is open.\n'
      : table(
          ['MEETING', 'NAME', 'PEOPLE', 'MODERATORS', 'MAY RECORD', 'SINCE'],
          meetings.map(one => [
            one.meetingID,
            one.meetingName,
            one.participantCount,
            one.moderatorCount,
            one.recording,
            one.startTime,
          ]),
        ),
  )
}

async function info(meetingID: string, command: Command, io: Io): Promise<ExitCode> {
  const { client, call, show } = openSession(command, io)
  const meeting = await client.getMeetingInfo({ meetingID }, call)
  if (meeting === null) return missing(meetingID, io)
  show(meeting, () => describe(meeting))
  return 0
}

function describe(meeting: MeetingInfo): string {
  const about = record({
    meetingID: meeting.meetingID,
    name: meeting.meetingName,
    'internal id': meeting.internalMeetingID,
    created: meeting.createTime === null ? null : new Date(meeting.createTime),
    running: meeting.running,
    since: meeting.startTime,
    people: meeting.participantCount,
    'may record': meeting.recording,
    'voice bridge': meeting.voiceBridge,
    'breakout rooms': meeting.breakoutRooms.length,
  })
  if (meeting.attendees.length === 0) return about
  const people = table(
    ['NAME', 'ROLE', 'USER', 'PRESENTER', 'VOICE', 'VIDEO', 'CLIENT'],
    meeting.attendees.map(one => [
      one.fullName,
      one.role,
      one.userID,
      one.isPresenter,
      one.hasJoinedVoice,
      one.hasVideo,
      one.clientType,
    ]),
  )
  return `${about}\n${people}`
}

async function end(meetingID: string, yes: boolean | undefined, command: Command, io: Io): Promise<ExitCode> {
  const { client, call, show } = openSession(command, io)
  const what = `This ends ${meetingID} for everybody in it.`
  if (!(await confirmed(command, io, { what, word: meetingID, yes }))) return 1
  if (!(await client.end({ meetingID }, call))) return missing(meetingID, io)
  show({ meetingID, ended: true }, () => `${meetingID} ends now.\n`)
  return 0
}

function missing(meetingID: string, io: Io): ExitCode {
  io.err(`bbb: there is no meeting ${meetingID}: it was never created, has ended, or expired because nobody came.\n`)
  return 1
}
