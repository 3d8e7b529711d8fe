import { FakeBbb, type FakeBbbOptions, ManualClock } from 'bbb-client/testing'
import type { Io } from '../../src/cli/io.ts'
import { answer, runWith, SECRET } from './support.ts'

/** What a comment before a block may ask for: `<!-- bbb: {"webhooks":false} -->` is a new server of this kind. */
interface Scene {
  readonly server?: Omit<Partial<FakeBbbOptions>, 'secret'>
  /** The server is on this machine, as `bbb fake` is. */
  readonly local?: boolean
  readonly env?: Readonly<Record<string, string>>
}

/** The certificate of the documents lasts until three months after their clock. */
const NOW = Date.UTC(2026, 10, 22, 9)

/**
 * Plays the ```console blocks of a document: runs each `$ bbb …` against a fake server that always does the same, and
 * gives the document with what the commands said. Who is given a link opens it.
 */
export async function playConsole(markdown: string): Promise<string> {
  const lines: string[] = []
  let stage = await Stage.open({})
  try {
    let inBlock = false
    for (const line of markdown.split('\n')) {
      const scene = /^<!-- bbb: (.*) -->$/.exec(line)?.[1]
      if (scene !== undefined) {
        await stage.close()
        stage = await Stage.open(JSON.parse(scene))
      }
      if (!inBlock) {
        inBlock = line === '```console'
        lines.push(line)
      } else if (line === '```') {
        inBlock = false
        lines.push(line)
      } else if (line.startsWith('$ ')) {
        lines.push(line)
        const output = await stage.run(line.slice(2))
        if (output !== '') lines.push(...output.replace(/\n$/, '').split('\n'))
      }
      // Every other line of a block is output, which is written anew.
    }
    return lines.join('\n')
  } finally {
    await stage.close()
  }
}

class Stage {
  readonly #fake: FakeBbb
  readonly #clock: ManualClock
  readonly #scene: Scene
  #url = 'https://bbb.example.org'

  private constructor(scene: Scene) {
    this.#clock = new ManualClock({ startAt: NOW })
    this.#scene = scene
    let seed = 7
    this.#fake = new FakeBbb({
      secret: SECRET,
      version: '3.0.37',
      revealVersion: true,
      clock: this.#clock,
      random: () => {
        seed = (seed * 48_271) % 2_147_483_647
        return seed / 2_147_483_647
      },
      ...scene.server,
    })
  }

  static async open(scene: Scene): Promise<Stage> {
    const stage = new Stage(scene)
    if (scene.local) stage.#url = (await stage.#fake.serve()).url.replace('/bigbluebutton/', '')
    return stage
  }

  close(): Promise<void> {
    return this.#fake.close()
  }

  async run(command: string): Promise<string> {
    const words = [...command.replace(/\s#.*$/, '').matchAll(/"([^"]*)"|(\S+)/g)].map(
      ([, quoted, bare]) => quoted ?? bare ?? '',
    )
    if (words.shift() !== 'bbb') return ''
    // A signal that is aborted already: `bbb fake` ends when it has said what it says.
    const { out, err } = await (words[0] === 'fake'
      ? runWith([...words, '--port', '0'], { signal: AbortSignal.abort() })
      : runWith(words, this.#io()))
    await this.#follow(out)
    await this.#clock.advance(60_000)
    return anonymous(out + err)
  }

  #io(): Partial<Io> {
    const clock = {
      now: () => this.#clock.now(),
      random: () => 0,
      setTimeout: (callback: () => void, ms: number) => setTimeout(callback, ms),
      clearTimeout: (handle: unknown) => clearTimeout(Object(handle)),
    }
    const withDate = async (asked: Promise<Response>): Promise<Response> => {
      const response = await asked
      const headers = new Headers(response.headers)
      headers.set('date', new Date(this.#clock.now()).toUTCString())
      return new Response(await response.text(), { status: response.status, headers })
    }
    return {
      env: { BBB_SERVER_URL: this.#url, BBB_SHARED_SECRET: SECRET, ...this.#scene.env },
      client: {
        clock,
        fetch: (url, init) => withDate(this.#scene.local ? fetch(url, init) : answer(this.#fake, url, init)),
      },
      readCertificate: async () => ({ validTo: new Date(NOW + 70 * 86_400_000), protocol: 'TLSv1.3' }),
    }
  }

  /** Opens a join link as a browser would. */
  async #follow(out: string): Promise<void> {
    const link = /^https?:\/\/\S+\/join\?\S+$/m.exec(out)?.[0]
    if (link === undefined) return
    const joined = await this.#fake.handle({ method: 'GET', target: link, headers: {} })
    if (joined.headers.location)
      await this.#fake.handle({ method: 'GET', target: joined.headers.location, headers: {} })
  }
}

/** What differs from run to run, and what nobody should copy. */
function anonymous(text: string): string {
  return text
    .replace(/checksum=[0-9a-f]+/g, 'checksum=…')
    .replace(/(BBB_SHARED_SECRET=)\S+/g, '$1…')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:8090')
}
