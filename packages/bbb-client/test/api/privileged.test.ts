import { type BbbClient, BbbParamError, BbbClient as Client, type CreateParams } from 'bbb-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusal } from '../support/outcome.ts'
import { respond, SECRET, success, type TestServer, testServer } from '../support/server.ts'
import { readQuery } from '../support/server-models.ts'

const base = { meetingID: 'room', name: 'Room' }
const person = { meetingID: 'room', fullName: 'Ada', role: 'VIEWER' as const }

/** Every parameter whose URL others open: participants' browsers, or the server. */
const URL_PARAMETERS: Readonly<Record<string, (client: BbbClient, url: string) => unknown>> = {
  ...Object.fromEntries(
    [
      'logoutURL',
      'loginURL',
      'logo',
      'darklogo',
      'meetingEndedURL',
      'endCallbackUrl',
      'recordingReadyUrl',
      'analyticsCallbackUrl',
      'preUploadedPresentation',
      'presentationUploadExternalUrl',
      'pluginManifestsFetchUrl',
      'clientSettingsOverrideJsonUrl',
      'sharedNotesInitialContentJsonUrl',
      'sharedNotesInitialContentMarkdownUrl',
    ].map(name => [
      `create ${name}`,
      (client: BbbClient, url: string) => client.create({ ...base, privileged: { [name]: url } }),
    ]),
  ),
  ...Object.fromEntries(
    ['avatarURL', 'webcamBackgroundURL', 'logoutURL', 'errorRedirectUrl', 'customStyleUrl'].map(name => [
      `join ${name}`,
      (client: BbbClient, url: string) => client.joinUrl({ ...person, privileged: { [name]: url } }),
    ]),
  ),
  'create pluginManifests': (client, url) => client.create({ ...base, privileged: { pluginManifests: [{ url }] } }),
  'create presentations': (client, url) => client.create({ ...base, presentations: [{ url, filename: 'a.pdf' }] }),
  'insertDocument presentations': (client, url) =>
    client.insertDocument({ meetingID: 'room', presentations: [{ url, filename: 'a.pdf' }] }),
}

const ATTACKS = [
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  ' javascript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'blob:https://lms.example/1',
  'file:///etc/passwd',
  'http://lms.example/plain',
  '//evil.example/path',
  '/relative',
  'https://user:password@lms.example/',
  'https:\\\\evil.example\\',
  'https://lms.example\\@evil.example/',
  'https://lms.example/a b',
  'https://lms.example/\u2028',
  'vbscript:x',
  'not a url',
  '',
]

let server: TestServer
beforeAll(async () => {
  server = await testServer()
  server.answer((_request, response) =>
    respond(response, success('<meetingID>m</meetingID><createTime>1</createTime>')),
  )
})
afterAll(() => server.close())

/** The same on an https server, where plain http is refused too; nothing is ever sent to it. */
const secure = (options = {}): BbbClient => new Client({ url: 'https://bbb.example.org', secret: SECRET, ...options })

describe('T11 parameters that run code or load foreign content', () => {
  it.each(Object.keys(URL_PARAMETERS))('%s takes no attack for a URL', async name => {
    for (const attack of ATTACKS) {
      const error = await refusal(() => URL_PARAMETERS[name]?.(secure(), attack))
      expect(error, attack).toBeInstanceOf(BbbParamError)
      if (attack.length > 5) expect(String(error)).not.toContain(attack)
    }
  })

  it.each(Object.keys(URL_PARAMETERS))('%s keeps to allowed origins, where there are some', async name => {
    const strict = secure({ allowedUrlOrigins: ['https://lms.example'] })
    for (const url of ['https://evil.example/', 'https://lms.example.evil.example/', 'https://lms.example:8443/'])
      expect(await refusal(() => URL_PARAMETERS[name]?.(strict, url)), url).toBeInstanceOf(BbbParamError)
    const error = await refusal(async () => {
      await URL_PARAMETERS[name]?.(
        server.client({ allowedUrlOrigins: ['https://lms.example/any'] }),
        'https://lms.example/x',
      )
      throw new Error('passed')
    })
    expect(String(error)).toContain('passed')
  })

  it('http is taken where the server itself has no https', async () => {
    const before = server.targets.length
    await server.client().create({ ...base, privileged: { logoutURL: 'http://lms.example/back' } })
    expect(readQuery(server.targets[before]?.split('?')[1] ?? '').parameters.get('logoutURL')).toBe(
      'http://lms.example/back',
    )
  })

  it('none of them is an ordinary option', async () => {
    for (const name of [
      'logoutURL',
      'logo',
      'pluginManifests',
      'clientSettingsOverride',
      'bannerText',
      'meetingEndedURL',
    ])
      expect(
        await refusal(() => secure().create({ ...base, [name]: 'https://lms.example/' } as CreateParams)),
      ).toBeInstanceOf(BbbParamError)
    for (const name of ['avatarURL', 'logoutURL', 'customStyle', 'existingUserID'])
      expect(await refusal(() => secure().joinUrl({ ...person, [name]: 'x' } as never))).toBeInstanceOf(BbbParamError)
  })
})

describe('T12 text that BigBlueButton renders as HTML', () => {
  const PAYLOADS = [
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<a href="javascript:alert(1)">x</a>',
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    '<iframe src=//evil.example>',
    '&lt;script&gt;',
    '<b>bold</b>',
    '<style>*{display:none}</style>',
    '<!-- comment -->',
    '<<a>>',
  ]

  it.each(PAYLOADS)('%s arrives as text', async payload => {
    const before = server.targets.length
    await server.client().create({ ...base, welcome: payload, moderatorOnlyMessage: payload })
    const { parameters } = readQuery(server.targets[before]?.split('?')[1] ?? '')
    for (const name of ['welcome', 'moderatorOnlyMessage']) {
      const sent = parameters.get(name) ?? ''
      expect(sent).not.toMatch(/[<>"']|&(?!(amp|lt|gt|quot|#39);)/)
      const shown = sent
        .replace(/&lt;/g, '<')
        .replace(/&gt;/g, '>')
        .replace(/&quot;/g, '"')
        .replace(/&#39;/g, "'")
        .replace(/&amp;/g, '&')
      expect(shown).toBe(payload)
    }
  })

  it('HTML only through the option that says so', async () => {
    const before = server.targets.length
    await server.client().create({ ...base, privileged: { welcomeHtml: '<b>Hello</b>' } })
    expect(readQuery(server.targets[before]?.split('?')[1] ?? '').parameters.get('welcome')).toBe('<b>Hello</b>')
  })
})

describe('what goes into the body', () => {
  async function bodyOf(act: (client: BbbClient) => Promise<unknown>): Promise<{ type: string; body: string }> {
    let seen = { type: '', body: '' }
    server.answer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', chunk => chunks.push(chunk))
      request.on('end', () => {
        seen = { type: request.headers['content-type'] ?? '', body: Buffer.concat(chunks).toString('latin1') }
        respond(response, success('<meetingID>m</meetingID><createTime>1</createTime>'))
      })
    })
    await act(server.client())
    return seen
  }

  it('documents by address and by content, in XML that says the same', async () => {
    const { type, body } = await bodyOf(client =>
      client.create({
        ...base,
        presentations: [
          {
            url: 'https://lms.example/a.pdf?x=1&y="2"',
            filename: `a "b" <c> & d's.pdf`,
            current: true,
            downloadable: false,
          },
          { name: 'b.pptx', content: new Uint8Array([0, 255, 16]), removable: false },
        ],
      }),
    )
    expect(type).toBe('application/xml')
    expect(body).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><modules><module name="presentation">' +
        '<document url="https://lms.example/a.pdf?x=1&amp;y=&quot;2&quot;" filename="a &quot;b&quot; &lt;c&gt; &amp; d&apos;s.pdf" current="true" downloadable="false"/>' +
        '<document name="b.pptx" removable="false">AP8Q</document></module></modules>',
    )
  })

  it('client settings as JSON in CDATA, which no content can leave', async () => {
    const settings = { public: { app: { title: 'a]]>b</module><module name="evil">' } } }
    const { body } = await bodyOf(client =>
      client.create({ ...base, privileged: { clientSettingsOverride: settings } }),
    )
    expect(body.match(/<module /g)).toHaveLength(2)
    expect(body).toMatch(/<module name="clientSettingsOverride"><!\[CDATA\[/)
    const text = [...body.matchAll(/<!\[CDATA\[(.*?)\]\]>/gs)].map(match => match[1]).join('')
    expect(JSON.parse(text)).toEqual(settings)
  })

  it('a text track as multipart with the file as it is', async () => {
    const file = new Uint8Array([0, 13, 10, 45, 45, 255])
    const { type, body } = await bodyOf(client =>
      client.putRecordingTextTrack({
        recordID: 'r',
        kind: 'captions',
        lang: 'pt-BR',
        label: 'Português',
        file,
        filename: 'a.vtt',
      }),
    )
    const boundary = /^multipart\/form-data; boundary=([\w-]+)$/.exec(type)?.[1] ?? ''
    expect(boundary).not.toBe('')
    expect(body).toBe(
      `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.vtt"\r\nContent-Type: application/octet-stream\r\n\r\n${Buffer.from(file).toString('latin1')}\r\n--${boundary}--\r\n`,
    )
    expect(server.targets.at(-1)).toContain('recordID=r&kind=captions&lang=pt_BR&label=Portugu%C3%AAs&checksum=')
  })
})
