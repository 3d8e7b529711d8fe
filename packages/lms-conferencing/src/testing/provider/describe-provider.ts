import { describe, expect, it } from 'vitest'
import { describeFacts } from './facts.ts'
import { describeFailures } from './failures.ts'
import { describeRooms } from './rooms.ts'
import { type ProviderSuite, type ProviderTest, providerTest } from './suite.ts'

/**
 * The contract of `ConferenceProvider` as tests, for vitest. Every provider passes the same ones; what a vendor cannot
 * do is skipped by name, with the reason.
 *
 * @example
 * import type { ProviderUnderTest } from 'lms-conferencing/testing'
 *
 * declare function onATestServer(): Promise<ProviderUnderTest>
 * const skip = [{ reason: 'larger plans only', tests: ['says who is connected now'] }]
 * describeProvider({ name: 'Jitsi', create: onATestServer, skip })
 */
export function describeProvider(suite: ProviderSuite): void {
  describe(`ConferenceProvider: ${suite.name}`, () => {
    const names = new Set<string>()
    const declare = providerTest(suite)
    const test: ProviderTest = (name, run) => {
      names.add(name)
      declare(name, run)
    }
    describe('rooms', () => describeRooms(test))
    describe('facts', () => describeFacts(test))
    describe('failures', () => describeFailures(test))
    it('skips nothing but tests that there are', () => {
      const skipped = suite.skip?.flatMap(({ tests }) => tests) ?? []
      expect(skipped.filter(name => !names.has(name))).toEqual([])
    })
  })
}
