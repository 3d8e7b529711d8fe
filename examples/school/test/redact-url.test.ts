import { describe, expect, it } from 'vitest'
import { redactUrl } from '../src/index.ts'

describe('what is written of an address', () => {
  it.each([
    ['/api/v1/courses/', '/api/v1/courses/'],
    ['/api/v1/classes/bbb-webhook/abc?checksum=1', '/api/v1/classes/bbb-webhook/[redacted]?[redacted]'],
    ['/api/v1/classes/bbb-webhook/a/b/c', '/api/v1/classes/bbb-webhook/[redacted]'],
    ['/x?a=1\n&b=2', '/x?[redacted]'],
  ])('%j becomes %j', (url, written) => expect(redactUrl(url)).toBe(written))
})
