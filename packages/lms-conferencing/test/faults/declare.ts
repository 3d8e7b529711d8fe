import { expect, onTestFinished, test } from 'vitest'
import { scenarios } from './scenarios.ts'
import type { Database, Tools } from './support/scenario.ts'

/** Each scenario in its small size; both files of tests run beside each other. */
export function declareFaults(database: Database): void {
  for (const { fault, title, databases, whyNot, run } of scenarios) {
    if (!databases.includes(database.name)) continue
    const reason = whyNot?.() ?? null
    const name = `${fault} ${title}${reason === null ? '' : ` (cannot run here: ${reason})`}`
    test.skipIf(reason !== null)(
      name,
      async ({ signal }) => {
        const tools: Tools = {
          cleanup: work => onTestFinished(async () => void (await work())),
          progress: () => {},
          signal,
        }
        const outcome = await run(database, 'small', tools)
        expect(outcome).toMatchObject({ lost: 0, doubled: 0, wrong: 0, untyped: 0 })
        expect(outcome.events).toBeGreaterThan(0)
      },
      // A machine with other things to do must not make them fail.
      600_000,
    )
  }
}
