import { basename } from 'node:path'
import { type Command, Option } from 'commander'
import {
  type GetRecordingsParams,
  RECORDING_STATES,
  type Recording,
  type RecordingState,
} from '../../api/recordings.ts'
import { list, pair } from '../arguments.ts'
import type { Io } from '../io.ts'
import { table } from '../output.ts'
import { type Act, confirmed, type ExitCode, openSession } from '../session.ts'

interface ListFlags {
  readonly meeting?: readonly string[]
  readonly recording?: readonly string[]
  readonly state?: readonly string[]
  readonly meta?: Readonly<Record<string, string>>
}

/** recordings list, publish, unpublish, delete; tracks list, put. */
export function recordingCommands(program: Command, io: Io, act: Act): void {
  const recordings = program
    .command('recordings')
    .description('List, publish, unpublish and delete recordings.')
    .addHelpText('after', '\nExamples:\n  bbb recordings list\n  bbb recordings publish --help')
  recordings
    .command('list')
    .description('Show recordings, newest first; without a filter all that are published or unpublished.')
    .option('--meeting <ids>', 'of these meetings; several by comma', list)
    .option('--recording <ids>', 'with these ids, or ids that begin so', list)
    .option('--state <states>', `${RECORDING_STATES.join(', ')}, any`, list)
    .option('--meta <name=value>', 'with this metadata; % at an end stands for anything; repeatable', pair)
    .addHelpText(
      'after',
      '\nExamples:\n  bbb recordings list --meeting algebra-2026-11-22\n  bbb recordings list --state any --meta course=101 --json',
    )
    .action(act((flags: ListFlags, command: Command) => listRecordings(flags, command, io)))

  for (const [name, publish] of [
    ['publish', true],
    ['unpublish', false],
  ] as const)
    recordings
      .command(name)
      .description(publish ? 'Let people watch recordings.' : 'Hide recordings; they can be published again.')
      .argument('<recordID...>', 'whole ids')
      .addHelpText(
        'after',
        `\nExample:\n  bbb recordings ${name} 183f0bf3a0982a127bdb8161e0c44eb696b3e75c-1763802000000`,
      )
      .action(
        act((ids: readonly string[], _flags: object, command: Command) => setPublished(ids, publish, command, io)),
      )

  recordings
    .command('delete')
    .description('Delete recordings for good.')
    .argument('<recordID...>', 'whole ids')
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      '\nExample:\n  bbb recordings delete 183f0bf3a0982a127bdb8161e0c44eb696b3e75c-1763802000000 --yes',
    )
    .action(
      act((ids: readonly string[], flags: { readonly yes?: boolean }, command: Command) =>
        deleteRecordings(ids, flags.yes, command, io),
      ),
    )

  const tracks = program
    .command('tracks')
    .description('List and add captions of recordings.')
    .addHelpText('after', '\nExamples:\n  bbb tracks list --help\n  bbb tracks put --help')
  tracks
    .command('list')
    .description('Show the captions of a recording. Addresses to download them come with --json.')
    .argument('<recordID>', 'a whole id')
    .addHelpText('after', '\nExample:\n  bbb tracks list 183f0bf3a0982a127bdb8161e0c44eb696b3e75c-1763802000000')
    .action(act((recordID: string, _flags: object, command: Command) => listTracks(recordID, command, io)))
  tracks
    .command('put')
    .description('Add captions to a recording.')
    .argument('<recordID>', 'a whole id')
    .argument('<file>', 'WebVTT, SRT, …')
    .requiredOption('--lang <code>', 'such as en or en-US')
    .addOption(new Option('--kind <kind>', 'what it is').choices(['subtitles', 'captions']).default('subtitles'))
    .option('--label <text>', 'shown in the menu of the player')
    .addHelpText(
      'after',
      '\nExample:\n  bbb tracks put 183f0bf3a0982a127bdb8161e0c44eb696b3e75c-1763802000000 algebra.vtt --lang en-US',
    )
    .action(
      act((recordID: string, file: string, flags: TrackFlags, command: Command) =>
        putTrack(recordID, file, flags, command, io),
      ),
    )
}

async function listRecordings(flags: ListFlags, command: Command, io: Io): Promise<void> {
  const { client, call, show } = openSession(command, io)
  const params: Omit<GetRecordingsParams, 'limit' | 'offset'> = {
    meetingID: flags.meeting,
    recordID: flags.recording,
    state: states(flags.state, command),
    meta: flags.meta,
  }
  const found: Recording[] = []
  for await (const recording of client.recordings(params, call)) found.push(recording)
  show(found, () =>
    found.length === 0
      ? 'No recording matches.\n'
      : table(
          ['RECORDING', 'NAME', 'STATE', 'STARTED', 'MINUTES', 'PEOPLE', 'FORMATS'],
          found.map(one => [
            one.recordID,
            one.name,
            one.state ?? (one.published ? 'published' : 'unpublished'),
            one.startTime,
            Math.max(0, ...one.playback.map(({ length }) => length ?? 0)),
            one.participants,
            one.playback.map(({ type }) => type).join(', '),
          ]),
        ),
  )
}

function states(
  given: readonly string[] | undefined,
  command: Command,
): RecordingState | 'any' | readonly RecordingState[] | undefined {
  if (given === undefined) return undefined
  if (given.includes('any')) return 'any'
  return given.map(
    name =>
      RECORDING_STATES.find(state => state === name) ??
      command.error(`error: option '--state' must be one of ${RECORDING_STATES.join(', ')}, any.`),
  )
}

async function setPublished(ids: readonly string[], publish: boolean, command: Command, io: Io): Promise<void> {
  const { client, call, show } = openSession(command, io)
  await client.publishRecordings({ recordID: ids, publish }, call)
  show({ recordID: ids, published: publish }, () => `${count(ids)} ${publish ? 'published' : 'unpublished'}.\n`)
}

async function deleteRecordings(
  ids: readonly string[],
  yes: boolean | undefined,
  command: Command,
  io: Io,
): Promise<ExitCode> {
  const { client, call, show } = openSession(command, io)
  const what = `This deletes ${count(ids)} for good.`
  if (!(await confirmed(command, io, { what, word: 'delete', yes }))) return 1
  await client.deleteRecordings({ recordID: ids }, call)
  show({ recordID: ids, deleted: true }, () => `${count(ids)} deleted.\n`)
  return 0
}

const count = (ids: readonly string[]): string => (ids.length === 1 ? '1 recording' : `${ids.length} recordings`)

async function listTracks(recordID: string, command: Command, io: Io): Promise<void> {
  const { client, call, show } = openSession(command, io)
  const tracks = await client.getRecordingTextTracks({ recordID }, call)
  show(tracks, () =>
    tracks.length === 0
      ? 'The recording has no captions.\n'
      : table(
          ['LANGUAGE', 'KIND', 'LABEL', 'SOURCE'],
          tracks.map(({ lang, kind, label, source }) => [lang, kind, label, source]),
        ),
  )
}

interface TrackFlags {
  readonly lang: string
  readonly kind: 'subtitles' | 'captions'
  readonly label?: string
}

async function putTrack(
  recordID: string,
  path: string,
  { lang, kind, label }: TrackFlags,
  command: Command,
  io: Io,
): Promise<void> {
  const { client, call, show } = openSession(command, io)
  const file = await io.readFile(path).catch(() => command.error(`error: ${path} cannot be read.`))
  // The server goes by the extension; the rest of the name may hold anything.
  const extension = /\.[a-z0-9]{1,10}$/i.exec(basename(path))?.[0] ?? '.vtt'
  await client.putRecordingTextTrack({ recordID, kind, lang, label, file, filename: `track${extension}` }, call)
  show({ recordID, kind, lang, added: true }, () => 'The captions are added; the server converts them in a while.\n')
}
