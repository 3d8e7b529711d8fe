import { describe } from 'vitest'
import { describeActivity } from './activity.ts'
import { describeChanges } from './changes.ts'
import { describeClasses } from './classes.ts'
import { describeDashboard } from './dashboard.ts'
import { describeFacts } from './facts.ts'
import { describeGaps } from './gaps.ts'
import { describeInboxRows } from './inbox-rows.ts'
import { describeJobs } from './jobs.ts'
import { describeKeeping } from './keeping.ts'
import { describeOnce } from './once.ts'
import { describeResults } from './results.ts'
import { describeSettings } from './settings.ts'
import { type StoreSuite, storeTest } from './suite.ts'
import { describeTransactions } from './transactions.ts'

/**
 * The contract of `Store` as tests, for vitest. Every kind of store passes the same ones.
 *
 * @example
 * describeStore({ name: 'SQLite in memory', open: () => openStore('sqlite::memory:') })
 */
export function describeStore(suite: StoreSuite): void {
  describe(`Store: ${suite.name}`, () => {
    const test = storeTest(suite)
    describe('classes', () => describeClasses(test))
    describe('facts, recordings, aliases', () => describeFacts(test))
    describe('activity', () => describeActivity(test))
    describe('idempotency keys', () => describeOnce(test))
    describe('inbox', () => describeInboxRows(test))
    describe('retention and erasure', () => describeKeeping(test))
    describe('log of changes, calendar tokens', () => describeChanges(test))
    describe('jobs', () => describeJobs(test))
    describe('lost callbacks and reconciliation', () => describeGaps(test))
    describe('settings', () => describeSettings(test))
    describe('results and marks', () => describeResults(test))
    describe('dashboard', () => describeDashboard(test))
    describe('transactions', () => describeTransactions(test))
  })
}
