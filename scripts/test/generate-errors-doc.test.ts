import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { MESSAGE_KEYS } from '../../packages/bbb-client/src/message-keys.ts'
import { errorsDocument, target } from '../generate-errors-doc.ts'

test('docs/ERRORS.md says what the code says; if not: node scripts/generate-errors-doc.ts', () => {
  expect(readFileSync(target, 'utf8')).toBe(errorsDocument())
})

test('it names every code, every message key and every reason, and leaves no cell of a table empty', () => {
  const text = errorsDocument()
  const codes =
    'BBB_CONFIG_INVALID BBB_PARAM_INVALID BBB_API_FAILED BBB_HTTP_STATUS BBB_NETWORK BBB_TIMEOUT BBB_CIRCUIT_OPEN BBB_RESPONSE_INVALID'
  for (const code of codes.split(' ')) expect(text).toContain(`| \`${code}\` |`)
  for (const key of Object.keys(MESSAGE_KEYS)) expect(text).toContain(`| \`${key}\` |`)
  for (const reason of ['missing', 'mismatch', 'parsed', 'aborted']) expect(text).toContain(`| \`${reason}\` |`)
  expect(text).not.toMatch(/\|[ \t]*\|/)
})
