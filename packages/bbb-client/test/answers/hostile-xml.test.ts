import { describe, expect, it } from 'vitest'
import { answering } from '../support/answering.ts'
import { ending } from '../support/outcome.ts'

const OK = '<returncode>SUCCESS</returncode>'

async function problemOf(body: string | Uint8Array): Promise<unknown> {
  const result = await ending(answering(body).getMeetings())
  return 'value' in result ? result.value : Reflect.get(Object(result.error), 'problem')
}

describe('T17 document types and entities', () => {
  it.each<[string, string]>([
    ['a bare one', `<!DOCTYPE response><response>${OK}<meetings/></response>`],
    ['after the declaration', `<?xml version="1.0"?><!DOCTYPE response><response>${OK}<meetings/></response>`],
    ['after a comment', `<!-- a --><!DOCTYPE response><response>${OK}<meetings/></response>`],
    [
      'with an entity',
      `<!DOCTYPE response [<!ENTITY ok "SUCCESS">]><response><returncode>&ok;</returncode><meetings/></response>`,
    ],
    [
      'with a file',
      `<!DOCTYPE response [<!ENTITY x SYSTEM "file:///etc/passwd">]><response>${OK}<message>&x;</message></response>`,
    ],
    ['with an address', `<!DOCTYPE response SYSTEM "http://127.0.0.1:1/x.dtd"><response>${OK}<meetings/></response>`],
    [
      'with a parameter entity',
      `<!DOCTYPE response [<!ENTITY % x SYSTEM "http://127.0.0.1:1/"> %x;]><response>${OK}<meetings/></response>`,
    ],
    [
      'a billion laughs',
      `<!DOCTYPE response [<!ENTITY a "ha">${[...'bcdefghij'].map((name, i) => `<!ENTITY ${name} "${`&${'abcdefghij'[i]};`.repeat(10)}">`).join('')}]><response>${OK}<message>&j;</message></response>`,
    ],
    [
      'quadratic growth',
      `<!DOCTYPE response [<!ENTITY a "${'x'.repeat(30_000)}">]><response>${OK}<message>${'&a;'.repeat(5000)}</message></response>`,
    ],
    [
      'an entity named as a pattern',
      `<!DOCTYPE response [<!ENTITY l. "x">]><response>${OK}<message>&lt;</message></response>`,
    ],
    [
      'an entity named __proto__',
      `<!DOCTYPE response [<!ENTITY __proto__ "x">]><response>${OK}<message>&__proto__;</message></response>`,
    ],
    ['one that never ends', `<!DOCTYPE response [${'<!ENTITY a "b">'.repeat(1000)}`],
    ['in lower case', `<!doctype response><response>${OK}<meetings/></response>`],
    ['in mixed case', `<!DocType response><response>${OK}<meetings/></response>`],
    ['inside the root', `<response><!DOCTYPE response>${OK}<meetings/></response>`],
    ['behind the root', `<response>${OK}<meetings/></response><!DOCTYPE response>`],
  ])('%s is refused', async (_name, body) => {
    expect(await problemOf(body)).toBe('not-xml')
  })

  it.each([
    '&undefined;',
    '&constructor;',
    '&__proto__;',
    '&toString;',
    '&nbsp;',
    '&;',
    '&#;',
    '&#x;',
    '&#0;',
    '&#x0;',
    '&#xD800;',
    '&#xFFFE;',
    '&#x110000;',
    '&#99999999999999999999;',
    '&#-1;',
    '&#x1g;',
    '& ',
    '&lt',
  ])('the reference %s is refused', async reference => {
    expect(await problemOf(`<response>${OK}<message>${reference}</message><meetings/></response>`)).toBe('not-xml')
  })

  it('predefined and numeric references are decoded, once', async () => {
    const text = '&lt;&gt;&amp;&quot;&apos;&#65;&#x1F600;&#233;&amp;lt;&amp;amp;'
    const [meeting] = await answering(
      `<response>${OK}<meetings><meeting><meetingID>m</meetingID><meetingName>${text}</meetingName></meeting></meetings></response>`,
    ).getMeetings()
    expect(meeting?.meetingName).toBe(`<>&"'A😀é&lt;&amp;`)
  })
})

describe('T17 size and shape', () => {
  const nested = (depth: number): string =>
    `<response>${OK}${'<a>'.repeat(depth)}${'</a>'.repeat(depth)}<meetings/></response>`

  it('64 levels are read, 65 and 20,000 are not', async () => {
    expect(await problemOf(nested(63))).toEqual([])
    expect(await problemOf(nested(64))).toBe('not-xml')
    expect(await problemOf(nested(20_000))).toBe('not-xml')
    expect(await problemOf(`<response>${OK}${'<a>'.repeat(20_000)}`)).toBe('not-xml')
  })

  it('half a million elements are read, more are not', async () => {
    const flat = (count: number): string => `<response>${OK}${'<a/>'.repeat(count - 3)}<meetings/></response>`
    expect(await problemOf(flat(500_000))).toEqual([])
    expect(await problemOf(flat(500_001))).toBe('not-xml')
  })

  /** Each of the inputs that make some reader slow, at 64 KiB. Without a bound one of them would run into the time limit. */
  const fill = (piece: string): string => piece.repeat(Math.floor(65_000 / piece.length))
  it.each<[string, string]>([
    ['comments before anything', fill('<!-- -->')],
    ['comments that never end', fill('<!--')],
    ['comments of dashes', `<!--${fill('-')}-->`],
    ['open brackets', fill('<')],
    ['closing brackets', fill('>')],
    ['ampersands', `<response>${fill('&')}</response>`],
    ['half references', `<response>${fill('&#')}</response>`],
    ['a long number', `<response>&#${fill('9')};</response>`],
    ['a long name', `<${fill('a')}>`],
    ['a long attribute', `<response a="${fill('a')}">`],
    [
      'many attributes',
      `<response ${Array.from({ length: 8000 }, (_, i) => `a${i}=""`).join(' ')}>${OK}<meetings/></response>`,
    ],
    ['attributes all alike', `<response ${fill('a="" ')}>`],
    ['open CDATA', `<response>${fill('<![CDATA[')}`],
    ['CDATA ends', `<response><![CDATA[${fill(']]]')}]]></response>`],
    ['instructions', `<response>${fill('<?a ?>')}${OK}<meetings/></response>`],
    ['closing tags', fill('</a>')],
    ['declarations', fill('<?xml version="1.0"?>')],
    [
      'a message about meetings',
      `<response><returncode>FAILED</returncode><messageKey>validationError</messageKey><message>${fill('meeting not ')}</message></response>`,
    ],
    [
      'a name escaped over and over',
      `<response>${OK}<meetings/><recordings><recording><recordID>r</recordID><name>&${fill('amp;')}</name></recording></recordings></response>`,
    ],
    [
      'a number of groups',
      `<response>${OK}<meetings><meeting><meetingID>m</meetingID><participantCount>${fill('1,111')}x</participantCount></meeting></meetings></response>`,
    ],
    ['blanks', `<response>${OK}<meetings>${fill(' \n')}</meetings></response>`],
    ['JSON braces', fill('{')],
    ['JSON verdicts', `{${fill('"returncode" ')}`],
  ])('64 KiB of %s are read or refused at once', async (_name, body) => {
    const client = answering(body)
    for (const act of [
      () => client.getMeetings(),
      () => client.getRecordings(),
      () => client.getMeetingInfo({ meetingID: 'room' }),
    ]) {
      const result = await ending(act())
      if ('error' in result) expect(Reflect.get(Object(result.error), 'code')).toMatch(/^BBB_/)
    }
  })

  it('what is refused is said by position and kind, never by content', async () => {
    for (const body of [
      '<response><secret-canary></response>',
      '<response>&secret-canary;</response>',
      '<response a="secret-canary" a="secret-canary">',
    ]) {
      const result = await ending(answering(body).getMeetings())
      expect(String('error' in result ? result.error : '')).not.toContain('canary')
    }
  })
})
