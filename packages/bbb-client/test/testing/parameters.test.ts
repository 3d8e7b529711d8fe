import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseParameters, splitTarget } from '../../src/testing/parameters.ts'

describe('parameters, as Tomcat reads them', () => {
  it.each<[string, [string, string][]]>([
    ['', []],
    [
      'a=1&b=2',
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    ['a=1&a=2', [['a', '1']]],
    ['a', [['a', '']]],
    ['a=', [['a', '']]],
    ['=1', []],
    ['&&a=1&', [['a', '1']]],
    ['a=1=2', [['a', '1=2']]],
    ['a+b=c+d%2B', [['a b', 'c d+']]],
    ['a=%zz&b=%4', []],
    ['a=%FF', [['a', '\u{FFFD}']]],
    ['a=%EF%BB%BFx', [['a', '\u{FEFF}x']]],
    ['a=%f0%9f%98%80', [['a', '😀']]],
  ])('%s', (text, expected) => {
    expect([...parseParameters(text)]).toEqual(expected)
  })

  it('take the query before the form', () => {
    expect([...parseParameters('a=1', 'a=2&b=3')]).toEqual([
      ['a', '1'],
      ['b', '3'],
    ])
  })

  it('read back what any encoder wrote (property)', () => {
    const pairs = fc.dictionary(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: 'grapheme' }))
    fc.assert(
      fc.property(pairs, wanted => {
        const own = Object.entries(wanted)
        const percent = own.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')
        expect([...parseParameters(percent)]).toEqual(own)
        expect([...parseParameters(new URLSearchParams(own).toString())]).toEqual(own)
      }),
    )
  })
})

describe('targets', () => {
  it.each([
    ['/a/b?c=d?e', undefined, '/a/b', 'c=d?e'],
    ['/a/b', undefined, '/a/b', ''],
    ['/a?b#c', undefined, '/a', 'b'],
    ['https://h.test:8443/a?b', 'https://h.test:8443', '/a', 'b'],
    ['https://h.test?b', 'https://h.test', '', 'b'],
    ['/a//../b%2F?', undefined, '/a//../b%2F', ''],
  ])('%s', (target, origin, path, query) => {
    expect(splitTarget(target)).toEqual({ origin, path, query })
  })
})
