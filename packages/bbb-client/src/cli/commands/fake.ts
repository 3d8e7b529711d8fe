import { randomBytes } from 'node:crypto'
import { type Command, Option } from 'commander'
import { FakeBbb } from '../../testing/fake-bbb.ts'
import type { WebhooksVersion } from '../../testing/options.ts'
import type { FakeBbbServer } from '../../testing/serve.ts'
import { whole } from '../arguments.ts'
import type { Io } from '../io.ts'
import { json } from '../output.ts'
import type { Act } from '../session.ts'

interface FakeFlags {
  readonly port: number
  readonly bbbVersion: string
  readonly webhooks: WebhooksVersion | 'none'
  readonly bearer?: boolean
  readonly recordingDelay: number
  readonly json?: boolean
}

export function fakeCommand(program: Command, io: Io, act: Act): void {
  program
    .command('fake')
    .description('Start a BigBlueButton server that is none: the whole API, rooms in the browser, callbacks.')
    .option('--port <port>', '0 takes a free one', whole, 8090)
    .option('--bbb-version <version>', 'the release it plays, 2.4 to 3.0', '3.0.37')
    .addOption(
      new Option('--webhooks <version>', 'the release of bbb-webhooks it plays')
        .choices(['3.5.0', '3.3.1', '2.6.1', 'none'])
        .default('3.5.0'),
    )
    .option('--bearer', 'callbacks carry the secret instead of a signature, as packages configure it')
    .option('--recording-delay <seconds>', 'from the end of a class to its recording', whole, 10)
    .addHelpText(
      'after',
      `
It listens on 127.0.0.1 only, keeps everything in memory, and ends with Ctrl-C. Its secret is that of BBB_SHARED_SECRET, or a new one.

Examples:
  bbb fake
  bbb fake --port 0 --bbb-version 2.7 --webhooks 2.6.1`,
    )
    .action(act((_flags: object, command: Command) => serve(command, io)))
}

async function serve(command: Command, io: Io): Promise<void> {
  const flags = command.optsWithGlobals<FakeFlags>()
  const given = io.env.BBB_SHARED_SECRET?.trim().split(/\s+/)[0]
  const secret = given || randomBytes(24).toString('base64url')
  const server = await start(secret, flags).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error)
    return command.error(`error: the fake server cannot start: ${reason}`)
  })
  try {
    const ownSecret = given ? undefined : secret
    if (flags.json) io.out(json({ url: server.url, ...(ownSecret !== undefined && { secret: ownSecret }) }))
    else io.out(howTo(server.url, ownSecret))
    await aborted(io.signal)
  } finally {
    await server.close()
  }
}

async function start(secret: string, flags: FakeFlags): Promise<FakeBbbServer> {
  const fake = new FakeBbb({
    secret,
    version: flags.bbbVersion,
    revealVersion: true,
    recordingDelayMs: flags.recordingDelay * 1000,
    webhooks: flags.webhooks !== 'none' && { version: flags.webhooks, auth: flags.bearer ? 'bearer' : 'checksum' },
  })
  return fake.serve({ port: flags.port })
}

/** A secret that was made up here has to be shown once; one that was given is known. */
function howTo(url: string, secret: string | undefined): string {
  const { origin } = new URL(url)
  const own = secret === undefined ? '' : `  export BBB_SHARED_SECRET=${secret}\n`
  return `A BigBlueButton server that is none listens at ${url}
What goes on there: ${origin}/

In another terminal:
  export BBB_SERVER_URL=${origin}
${own}  bbb create algebra --name Algebra --record
  bbb join-url algebra --name Ada --role moderator   # open the link in a browser

Ctrl-C ends it.
`
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
