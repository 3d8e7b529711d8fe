import type { Command } from 'commander'
import type { AttendanceReport, Signed } from '../../migration/index.ts'
import { examples, record, visible } from '../output.ts'
import type { WithStore } from '../session.ts'
import { lmsOf, loadMigration } from './migrate.ts'
import { common, ended, progressFor, totalsTable } from './migrate-classes.ts'

interface AttendanceOptions {
  readonly withoutHistory?: boolean
  readonly marks: boolean
  readonly dryRun?: boolean
}

/** Who was there, by the LMS's own table. */
export function migrateAttendanceCommand(migrate: Command, withStore: WithStore): void {
  migrate
    .command('attendance')
    .description("bring over who was there, by the LMS's own table of attendance")
    .option('--without-history', 'also of classes whose reports Zoom was not asked for')
    .option('--no-marks', "do not keep the LMS's word as a mark where the figures say something else")
    .option('--dry-run', 'only say what would be done; nothing can be written')
    .addHelpText(
      'after',
      `
The table is class_attendance, unless the map (--map) says otherwise under "attendance".
${examples('migrate attendance --dry-run', 'migrate attendance')}`,
    )
    .action(
      withStore(async (session, { withoutHistory, marks, dryRun }: AttendanceOptions, command: Command) => {
        const { io } = session
        const migration = await loadMigration()
        const { url, map } = await lmsOf(io, command.optsWithGlobals())
        const { attendance = {} } = map
        const plan = migration.attendancePlanFrom(migration.migrationPlanFrom(map), attendance)
        const lms = await migration.openLmsAttendance(url, { plan })
        const { onProgress, end } = progressFor(session)
        try {
          const report = await migration.importAttendance({
            ...common(session),
            ...{ lms, plan, onProgress, marks, dryRun },
            historyOf: withoutHistory ? null : 'zoom',
          })
          end()
          session.show(report, () => attendanceText(report))
          return ended(session, report.isComplete && report.waiting === 0)
        } finally {
          end()
          await lms.close()
        }
      }),
    )
}

const attendanceText = (report: Signed<AttendanceReport>): string => {
  const { before, after, lookAt, digest, who, at, table: name, isDryRun, isComplete: _, ...counts } = report
  return [
    isDryRun ? 'Would be, nothing was changed:\n' : '',
    record({ ...counts, withoutClass: counts.withoutClass ?? '-' }),
    `\n${totalsTable(before, after, 'rows')}`,
    lookAt.length > 0 ? `\nClasses with rows that cannot be read: ${visible(lookAt.join(', '))}\n` : '',
    counts.waiting > 0
      ? '\nClasses wait for their history: say `migrate history` first, or --without-history where Zoom has none any more.\n'
      : '',
    `\n${record({ table: name, 'signed by': who, at, digest })}`,
  ].join('')
}
