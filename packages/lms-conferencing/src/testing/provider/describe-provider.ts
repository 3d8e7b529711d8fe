import { describe } from 'vitest'
import { describeFacts } from './facts.ts'
import { describeFailures } from './failures.ts'
import { describeRooms } from './rooms.ts'
import { type ProviderSuite, providerTest } from './suite.ts'

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
    const test = providerTest(suite)
    describe('rooms', () => describeRooms(test))
    describe('facts', () => describeFacts(test))
    describe('failures', () => describeFailures(test))
  })
}
