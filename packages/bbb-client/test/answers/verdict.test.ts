import { describe, expect, it } from 'vitest'
import { answering } from '../support/answering.ts'
import { ending } from '../support/outcome.ts'

/** What `getMeetings` makes of a body: its problem, or that it believed it. */
async function verdictOn(body: string | Uint8Array, headers: Record<string, string> = {}): Promise<unknown> {
  const result = await ending(answering(body, { headers }).getMeetings())
  if ('value' in result) return 'success'
  const { error } = result
  return Reflect.get(Object(error), 'problem') ?? Reflect.get(Object(error), 'code') ?? error
}

const OK = '<returncode>SUCCESS</returncode>'
const EMPTY = '<meetings/>'

describe('T18 only one SUCCESS in one place is a success', () => {
  it.each<[string, string, string]>([
    ['plain', `<response>${OK}${EMPTY}</response>`, 'success'],
    [
      'with declaration and blanks',
      `\n<?xml version="1.0" encoding="UTF-8"?>\n<response>\n  ${OK}\n  ${EMPTY}\n</response>\n`,
      'success',
    ],
    ['last instead of first', `<response>${EMPTY}${OK}</response>`, 'success'],
    ['beside a comment', `<response><!-- a -->${OK}${EMPTY}</response>`, 'success'],
    ['behind a BOM', `\ufeff<response>${OK}${EMPTY}</response>`, 'success'],
    ['FAILED', '<response><returncode>FAILED</returncode></response>', 'BBB_API_FAILED'],
    ['ERROR, as one load balancer says', '<response><returncode>ERROR</returncode></response>', 'BBB_API_FAILED'],
    ['twice the same', `<response>${OK}${OK}${EMPTY}</response>`, 'no-verdict'],
    ['SUCCESS and FAILED', `<response>${OK}<returncode>FAILED</returncode>${EMPTY}</response>`, 'no-verdict'],
    ['FAILED and SUCCESS', `<response><returncode>FAILED</returncode>${OK}${EMPTY}</response>`, 'no-verdict'],
    ['nested deeper', `<response><data>${OK}</data>${EMPTY}</response>`, 'no-verdict'],
    ['in a nested response', `<response><response>${OK}${EMPTY}</response></response>`, 'no-verdict'],
    ['empty', `<response><returncode></returncode>${EMPTY}</response>`, 'no-verdict'],
    ['self-closed', `<response><returncode/>${EMPTY}</response>`, 'no-verdict'],
    ['missing', `<response>${EMPTY}</response>`, 'no-verdict'],
    ['in lower case', `<response><returncode>success</returncode>${EMPTY}</response>`, 'no-verdict'],
    ['in mixed case', `<response><returncode>Success</returncode>${EMPTY}</response>`, 'no-verdict'],
    ['with a blank', `<response><returncode> SUCCESS</returncode>${EMPTY}</response>`, 'no-verdict'],
    ['with more', `<response><returncode>SUCCESSFUL</returncode>${EMPTY}</response>`, 'no-verdict'],
    ['element in other letters', `<response><returnCode>SUCCESS</returnCode>${EMPTY}</response>`, 'no-verdict'],
    ['with a namespace', `<response xmlns:a="a"><a:returncode>SUCCESS</a:returncode>${EMPTY}</response>`, 'no-verdict'],
    ['split by a comment', `<response><returncode>SUC<!-- -->CESS</returncode>${EMPTY}</response>`, 'no-verdict'],
    ['split by an instruction', `<response><returncode>SUC<?x y?>CESS</returncode>${EMPTY}</response>`, 'no-verdict'],
    ['split by CDATA', `<response><returncode>SUC<![CDATA[CESS]]></returncode>${EMPTY}</response>`, 'no-verdict'],
    ['in CDATA', `<response><returncode><![CDATA[SUCCESS]]></returncode>${EMPTY}</response>`, 'no-verdict'],
    ['split by an element', `<response><returncode>SUC<b/>CESS</returncode>${EMPTY}</response>`, 'no-verdict'],
    ['as an attribute', `<response returncode="SUCCESS">${EMPTY}</response>`, 'no-verdict'],
    ['in a comment', `<response><!--${OK}-->${EMPTY}</response>`, 'no-verdict'],
    ['in another root', `<reply>${OK}${EMPTY}</reply>`, 'no-verdict'],
    ['in a root of other letters', `<Response>${OK}${EMPTY}</Response>`, 'no-verdict'],
    ['in two roots', `<response>${OK}${EMPTY}</response><response>${OK}${EMPTY}</response>`, 'not-xml'],
    ['with text behind', `<response>${OK}${EMPTY}</response>x`, 'not-xml'],
    ['with text before', `x<response>${OK}${EMPTY}</response>`, 'not-xml'],
    ['cut off', `<response>${OK}${EMPTY}</respons`, 'not-xml'],
    ['not closed', `<response>${OK}${EMPTY}`, 'not-xml'],
    ['overlapping', `<response>${OK}<a><b></a></b>${EMPTY}</response>`, 'not-xml'],
    ['an attribute twice', `<response>${OK}<a x="1" x="2"/>${EMPTY}</response>`, 'not-xml'],
    ['only text', 'SUCCESS', 'not-xml'],
    ['empty', '', 'empty'],
    ['blanks', ' \n\t ', 'empty'],
    ['a page', '<!DOCTYPE html><html><body>SUCCESS</body></html>', 'html'],
    ['a page of old', '<HTML><HEAD></HEAD></HTML>', 'html'],
    ['a page behind comments', '<!-- a --> <!-- b -->\n<html></html>', 'html'],
    ['a page that is XML', `<?xml version="1.0"?><html><response>${OK}</response></html>`, 'html'],
  ])('%s', async (_name, body, expected) => {
    expect(await verdictOn(body)).toBe(expected)
  })

  it.each<[string, string, string]>([
    ['wrapped', '{"response":{"returncode":"SUCCESS","meetings":[]}}', 'success'],
    ['bare', '{"returncode":"SUCCESS","meetings":[]}', 'success'],
    ['FAILED', '{"response":{"returncode":"FAILED","messageKey":"x"}}', 'BBB_API_FAILED'],
    ['twice', '{"returncode":"FAILED","returncode":"SUCCESS","meetings":[]}', 'no-verdict'],
    [
      'in a wrapper beside another',
      '{"returncode":"FAILED","response":{"returncode":"SUCCESS","meetings":[]}}',
      'no-verdict',
    ],
    ['in a list', '{"response":{"returncode":["SUCCESS"],"meetings":[]}}', 'no-verdict'],
    ['in an object', '{"response":{"returncode":{"SUCCESS":true},"meetings":[]}}', 'no-verdict'],
    ['true', '{"response":{"returncode":true,"meetings":[]}}', 'no-verdict'],
    ['missing', '{"response":{"meetings":[]}}', 'no-verdict'],
    ['a wrapper of text', '{"response":"SUCCESS"}', 'no-verdict'],
    ['a wrapper of nothing', '{"response":null}', 'no-verdict'],
    ['a list', '[{"returncode":"SUCCESS"}]', 'not-xml'],
    ['cut off', '{"response":{"returncode":"SUCCESS","meetings":[]}', 'not-xml'],
    [
      'nested 20,000 levels',
      `{"returncode":"SUCCESS","meetings":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
      'not-xml',
    ],
    ['of 2 MiB', `{"returncode":"SUCCESS","meetings":[],"x":"${'x'.repeat(2 ** 21)}"}`, 'too-large'],
  ])('JSON: %s', async (_name, body, expected) => {
    expect(await verdictOn(body)).toBe(expected)
  })

  it('whatever the content type says', async () => {
    const body = `<response>${OK}${EMPTY}</response>`
    for (const type of ['text/html', 'application/json', 'text/plain; charset=iso-8859-1', 'nonsense', ''])
      expect(await verdictOn(body, { 'content-type': type })).toBe('success')
  })

  it('a SUCCESS without what was asked for is no answer', async () => {
    const bare = answering(`<response>${OK}</response>`)
    for (const act of [
      () => bare.getMeetings(),
      () => bare.isMeetingRunning({ meetingID: 'room' }),
      () => bare.getMeetingInfo({ meetingID: 'room' }),
      () => bare.getRecordings(),
      () => bare.getSessions(),
      () => bare.create({ meetingID: 'room', name: 'Room' }),
      () => bare.join({ meetingID: 'room', fullName: 'Ada', role: 'VIEWER' }),
      () => bare.getRecordingTextTracks({ recordID: 'r' }),
      () => bare.hooks.list(),
      () => bare.hooks.create({ callbackURL: 'https://lms.example/cb' }),
      () => bare.version(),
    ])
      await expect(act()).rejects.toMatchObject({ code: 'BBB_RESPONSE_INVALID', problem: 'shape', outcome: 'unknown' })
  })
})

describe('T21 encodings', () => {
  const ascii = `<response>${OK}${EMPTY}</response>`
  it.each<[string, Uint8Array, string]>([
    ['UTF-16 with a BOM', Buffer.from(`\ufeff${ascii}`, 'utf16le'), 'encoding'],
    ['UTF-16 without', Buffer.from(ascii, 'utf16le'), 'not-xml'],
    ['UTF-32', Buffer.from([0, 0, 0xfe, 0xff, 0, 0, 0, 0x3c]), 'encoding'],
    ['Latin-1 text', Buffer.from(ascii.replace('<meetings/>', '<message>f\u00fcr</message>'), 'latin1'), 'encoding'],
    ['an overlong form', Buffer.concat([Buffer.from(ascii), Buffer.from([0xc0, 0x80])]), 'encoding'],
    ['an encoded surrogate', Buffer.concat([Buffer.from(ascii), Buffer.from([0xed, 0xa0, 0x80])]), 'encoding'],
    ['half a character at the end', Buffer.concat([Buffer.from(ascii), Buffer.from([0xf0, 0x9f])]), 'encoding'],
    ['NUL', Buffer.from(ascii.replace('<meetings/>', '<meetings>\0</meetings>')), 'not-xml'],
    ['UTF-8 under a Latin-1 label', Buffer.from(`<?xml version="1.0" encoding="ISO-8859-1"?>${ascii}`), 'success'],
  ])('%s', async (_name, body, expected) => {
    expect(await verdictOn(body)).toBe(expected)
  })
})
