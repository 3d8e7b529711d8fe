import type { Transaction } from 'kysely'
import type { ResultTransaction } from '../store-results.ts'
import type { ChangeLog } from './changes.ts'
import type { TableNames, Tables } from './schema.ts'

export function attendanceMarkQueries(
  db: Transaction<Tables>,
  tables: TableNames,
  log: ChangeLog,
): Pick<ResultTransaction, 'putAttendanceMark' | 'deleteAttendanceMark' | 'listAttendanceMarks'> {
  return {
    async putAttendanceMark(tenantId, classId, { person, mark, note, markedBy, markedAt }) {
      const said = { mark, note, marked_by: markedBy, marked_at: markedAt.getTime() }
      await db
        .insertInto(tables.attendance_marks)
        .values({ tenant_id: tenantId, class_id: classId, person, ...said })
        .onConflict(conflict => conflict.columns(['tenant_id', 'class_id', 'person']).doUpdateSet(said))
        .execute()
      await log.note(tenantId, classId, 'attendance')
    },

    async deleteAttendanceMark(tenantId, classId, person) {
      const { numDeletedRows } = await db
        .deleteFrom(tables.attendance_marks)
        .where('tenant_id', '=', tenantId)
        .where('class_id', '=', classId)
        .where('person', '=', person)
        .executeTakeFirst()
      if (numDeletedRows > 0n) await log.note(tenantId, classId, 'attendance')
      return numDeletedRows > 0n
    },

    async listAttendanceMarks(tenantId, classId) {
      const rows = await db
        .selectFrom(tables.attendance_marks)
        .selectAll()
        .where('tenant_id', '=', tenantId)
        .where('class_id', '=', classId)
        .orderBy('person')
        .execute()
      return rows.map(row => ({
        person: row.person,
        mark: row.mark,
        note: row.note,
        markedBy: row.marked_by,
        markedAt: new Date(row.marked_at),
      }))
    },
  }
}
