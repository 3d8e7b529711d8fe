// A process that migrates the table from wherever it stands; made to be killed. It says a word after each batch.
import { systemClock } from '../../../src/clock.ts'
import {
  expandTable,
  migrationPlan,
  openLmsDatabase,
  rollbackMigration,
  runMigration,
  switchReads,
  verifyMigration,
} from '../../../src/migration/index.ts'

const [url = '', goal] = process.argv.slice(2)
const plan = migrationPlan()
const lms = await openLmsDatabase(url, { plan })
const options = {
  lms,
  plan,
  clock: systemClock,
  who: 'the one who is killed',
  batchSize: 25,
  // Small batches all the way: the more of them, the more points to die at.
  lockMs: 0,
  onProgress: ({ step }: { readonly step: string }) => process.stdout.write(`${step}\n`),
}
process.stdout.write('begun\n')
if (goal === 'rollback') await rollbackMigration(options)
else {
  await expandTable(options)
  process.stdout.write('expanded\n')
  await runMigration(options)
  await verifyMigration(options)
  await switchReads(options)
}
process.stdout.write('done\n')
await lms.close()
