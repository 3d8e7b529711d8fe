import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { blocksOf, blocksOfComments, compile } from '../check-snippets.ts'

const root = dirname(dirname(import.meta.dirname))

describe('blocks', () => {
  test('are the ts fences, with the line of their first line', () => {
    const { blocks, findings } = blocksOf(
      'a.md',
      'one\n```ts\nconst a = 1\n\nconst b = 2\n```\n```sh\nls\n```\n  ```ts\n  if (a)\n    b\n  ```',
    )
    expect(blocks).toEqual([
      { file: 'a.md', line: 3, code: 'const a = 1\n\nconst b = 2' },
      { file: 'a.md', line: 11, code: 'if (a)\n  b' },
    ])
    expect(findings).toEqual([])
  })

  test.each(['```ts ignore\nx\n```', '```typescript\nx\n```', '```js\nx\n```', '```ts\nx'])(
    'cannot be left out: %j',
    text => {
      expect(blocksOf('a.md', text).findings).toHaveLength(1)
    },
  )

  test('in documentation comments keep their lines', () => {
    const source =
      "import 'x'\n\n  /**\n   * Does.\n   * @example\n   * ```ts\n   *   does()\n   * ```\n   */\nexport const a = `\n```ts\n`"
    const blocks = [{ file: 'a.ts', line: 7, code: '  does()', ownNames: ['a'] }]
    expect(blocksOfComments('a.ts', source)).toEqual({ blocks, findings: [] })
  })

  test('an example without a fence is a block as a whole', () => {
    const source =
      '/** One. */\n/**\n * Does.\n * @example\n * does()\n * @returns nothing\n */\n/** @example does() */'
    expect(blocksOfComments('a.ts', source)).toEqual({
      blocks: [
        { file: 'a.ts', line: 4, code: '\ndoes()\n', ownNames: [] },
        { file: 'a.ts', line: 8, code: ' does()', ownNames: [] },
      ],
      findings: [],
    })
  })
})

test('compile reports an error at its line of the document, and accepts what is right', () => {
  const right = {
    file: 'docs/a.md',
    line: 10,
    code: "import { join } from 'node:path'\nawait Promise.resolve(join('a'))",
  }
  const wrong = { file: 'docs/a.md', line: 20, code: 'const fine = 1\nconst bad: string = fine' }
  const findings = compile(root, [right, wrong], []).filter(({ file }) => file === 'docs/a.md')
  expect(findings).toEqual([
    { file: 'docs/a.md', line: 21, message: "Type 'number' is not assignable to type 'string'." },
  ])
})

test('compile gives a block of TSDoc the exports of its own file', () => {
  const block = {
    file: 'scripts/check-snippets.ts',
    line: 1,
    code: "const found: number = blocksOf('a.md', '').blocks.length",
    ownNames: ['blocksOf', 'compile'],
  }
  const own = ({ file }: { file: string }): boolean => file === block.file
  expect(compile(root, [block], []).filter(own)).toEqual([])
  expect(compile(root, [{ ...block, ownNames: [] }], []).filter(own)).toHaveLength(1)
})
