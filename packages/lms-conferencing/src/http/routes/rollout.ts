import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { MigrationFacts, RolloutFacts, TableFacts } from '../../migration/facts.ts'
import { success } from '../envelope.ts'
import { HttpError } from '../errors.ts'
import type { ApiEnv } from '../ports.ts'
import { answers, type Parts, signedIn } from './parts.ts'

const base = '/api/v1/admin/conferencing'

export const rolloutSchema = z
  .object({
    phase: z.enum(['preparation', 'testing', 'gradual', 'full', 'cleanup']),
    percentage: z.number(),
    new_courses_since: z.string().nullable(),
    allow: z.array(z.string()),
    deny: z.array(z.string()),
    overrides: z.record(z.string(), z.string()),
    old_enabled: z.boolean(),
    version: z.number().int(),
    course: z
      .object({
        id: z.string(),
        provider: z.string(),
        reason: z.string(),
        explanation: z.string(),
        bucket: z.number().int(),
      })
      .nullable()
      .openapi({ description: 'There when `course_id` was given.' }),
  })
  .openapi('Rollout')

const counts = z.object({
  rows: z.number().int(),
  migrated: z.number().int(),
  kept: z.number().int(),
  rejected: z.number().int(),
  theirs: z.number().int(),
  reasons: z
    .record(z.string(), z.number().int())
    .openapi({ description: 'Why a row was decided, or rejected: rows, by code.' }),
})

export const migrationSchema = z
  .object({
    table: z.string(),
    phase: z.string().nullable().openapi({ description: '`null`: not begun.' }),
    next: z.string().openapi({ description: 'What to do now, as a sentence.' }),
    counts: counts.nullable(),
    report: z
      .object({
        at: z.string(),
        who: z.string(),
        ok: z.boolean(),
        counts,
        caught_up: z.number().int(),
        undecided: z.number().int(),
        stale: z.number().int(),
        wrong: z.number().int(),
        source_digest: z.string(),
        digest: z.string(),
      })
      .nullable(),
    log: z
      .array(z.object({ at: z.string(), who: z.string(), what: z.string(), rows: z.number().int() }))
      .openapi({ description: 'The latest last.' }),
  })
  .openapi('Migration')

const getRollout = createRoute({
  method: 'get',
  path: `${base}/rollout/`,
  operationId: 'getRollout',
  summary: 'Which courses get new classes on the new provider, and why one does or does not',
  tags: ['Administration'],
  ...signedIn,
  request: { query: z.object({ course_id: z.string().min(1).max(200).optional() }) },
  responses: answers(rolloutSchema, 'The rollout of the moment.'),
})

const getMigration = createRoute({
  method: 'get',
  path: `${base}/migration/`,
  operationId: 'getMigration',
  summary: 'How far the move of the old table is, and its last signed report',
  tags: ['Administration'],
  ...signedIn,
  responses: answers(migrationSchema, 'What is remembered of it.'),
})

/** The move from one provider to the other, for administrators; 404 where there is none. */
export function rolloutRoutes(app: OpenAPIHono<ApiEnv>, { migration }: Pick<Parts, 'migration'>): void {
  const facts = (): MigrationFacts => {
    if (migration) return migration
    throw new HttpError('NOT_FOUND', 'There is nothing here.')
  }
  app.openapi(getRollout, async c => {
    const { course_id: courseId = null } = c.req.valid('query')
    return c.json(success(presentRollout(await facts().rollout(courseId), courseId), 'Rollout'), 200)
  })
  app.openapi(getMigration, async c => {
    const table = await facts().table()
    if (table === null) throw new HttpError('NOT_FOUND', 'There is nothing here.')
    return c.json(success(presentTable(table), 'Migration'), 200)
  })
}

const presentRollout = (
  { rollout, version, choice }: RolloutFacts,
  courseId: string | null,
): z.infer<typeof rolloutSchema> => ({
  phase: rollout.phase,
  percentage: rollout.percentage,
  new_courses_since: rollout.newCoursesSince,
  allow: [...rollout.allow],
  deny: [...rollout.deny],
  overrides: { ...rollout.overrides },
  old_enabled: rollout.isOldEnabled,
  version,
  course: choice === null || courseId === null ? null : { id: courseId, ...choice },
})

const presentTable = ({ table, phase, next, counts, report, log }: TableFacts): z.infer<typeof migrationSchema> => ({
  table,
  phase,
  next,
  counts: counts && { ...counts, reasons: { ...counts.reasons } },
  report: report && {
    at: report.at,
    who: report.who,
    ok: report.ok,
    counts: { ...report.counts, reasons: { ...report.counts.reasons } },
    caught_up: report.caughtUp,
    undecided: report.undecided,
    stale: report.stale,
    wrong: report.wrong,
    source_digest: report.sourceDigest,
    digest: report.digest,
  },
  log: log.map(({ at, who, what, rows }) => ({ at, who, what, rows })),
})
