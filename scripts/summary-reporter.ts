import type { Reporter, TestModule, TestRunEndReason } from 'vitest/node'

/** Ends a test run with one plain line, `N passed, N failed, N skipped`, that people and machines read alike. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[], reason: TestRunEndReason): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 }
    for (const module of modules) {
      const failedBefore = count.failed
      for (const test of module.children.allTests()) count[test.result().state]++
      // A file that could not be loaded, or whose hook threw, may hold no failed test, but it is a failure.
      if (module.state() === 'failed' && count.failed === failedBefore) count.failed++
    }
    let failed = count.failed + count.pending + unhandledErrors.length
    // Whatever else ends the run with an error (no test file found), the line must not read like a success.
    if (reason === 'failed' && failed === 0) failed = 1
    console.log(`${count.passed} passed, ${failed} failed, ${count.skipped} skipped`)
  }
}
