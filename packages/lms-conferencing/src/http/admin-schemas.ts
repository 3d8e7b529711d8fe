import { z } from '@hono/zod-openapi'

const time = z.iso.datetime({ offset: true })
const state = z.enum(['new', 'applied', 'ignored', 'dead', 'stale'])
const counts = z.object({
  new: z.number().int(),
  applied: z.number().int(),
  ignored: z.number().int(),
  dead: z.number().int(),
  stale: z.number().int(),
})

const page = {
  limit: z.coerce.number().int().min(1).max(200).default(50),
  after: z.coerce.number().int().min(0).optional().openapi({ description: 'The `next` of the page before.' }),
}
const next = z.number().int().nullable().openapi({ description: '`after` of the next page; null: this is the last.' })

export const inboxQuery = z.object({ ...page, state: state.optional() })
export const pageQuery = z.object(page)
export const operationsQuery = z.object({ limit: page.limit })
export const seqParams = z.object({ seq: z.coerce.number().int().min(1) })

const digest = z.string().openapi({ description: 'SHA-256 that tells it from others; what it says is not shown.' })

export const inboxEntry = z
  .object({
    seq: z.number().int(),
    provider: z.string(),
    server_id: z.string(),
    kind: z.string(),
    state,
    attempts: z.number().int(),
    reason: z.string().nullable(),
    received_at: time,
    next_attempt_at: time.nullable(),
    waiting_for: z.array(z.string()).openapi({ description: 'Meetings that no class has yet.' }),
    digest,
    bytes: z.number().int(),
    forgotten: z.boolean().openapi({ description: 'What it says is not kept any more: it cannot be replayed.' }),
  })
  .openapi('InboxEntry')

export const inboxPage = z.object({ callbacks: z.array(inboxEntry), next }).openapi('InboxPage')

const dryRun = z.boolean().default(false).openapi({ description: 'Only say what would happen.' })
const numbers = z.array(z.number().int().min(1)).min(1).max(1000)

export const replayBody = z
  .strictObject({
    seqs: numbers.optional(),
    state: z.enum(['dead', 'stale', 'any']).optional().openapi({ description: '`any`: all that can be.' }),
    dry_run: dryRun,
  })
  .refine(({ seqs, state: all }) => (seqs === undefined) !== (all === undefined), {
    error: 'either seqs or state is needed',
    path: ['seqs'],
  })
  .openapi('Replay')

export const replayed = z.object({ replayed: z.number().int(), dry_run: z.boolean() }).openapi('Replayed')

export const refusedPage = z
  .object({
    requests: z.array(
      z.object({
        id: z.number().int(),
        provider: z.string(),
        method: z.string(),
        reason: z.string(),
        received_at: time,
        digest,
        bytes: z.number().int(),
        credential_removed: z.boolean().openapi({
          description: 'Its Authorization header is not kept: it passes only if it was signed as well.',
        }),
      }),
    ),
    next,
  })
  .openapi('QuarantinePage')

export const requeueBody = z
  .strictObject({ ids: numbers.optional().openapi({ description: 'All, unless given.' }), dry_run: dryRun })
  .openapi('Requeue')

export const requeued = z
  .object({
    passed: z.number().int(),
    refused: z.record(z.string(), z.number().int()).openapi({ description: 'How many still do not pass, by reason.' }),
    stale: z.number().int(),
    dry_run: z.boolean(),
  })
  .openapi('Requeued')

export const operations = z
  .object({
    operations: z.array(z.object({ at: time, who: z.string(), what: z.string(), count: z.number().int() })),
  })
  .openapi('Operations')

export const adminHealth = z
  .object({
    status: z.enum(['ok', 'unavailable']),
    store: z.enum(['ok', 'unavailable']),
    store_fault: z.string().nullable(),
    inbox: counts.nullable(),
    oldest_waiting_seconds: z.number().nullable(),
    quarantined: z.number().int().nullable(),
    providers: z.array(
      z.object({
        name: z.string(),
        answered_at: time.nullable(),
        failing: z.object({ since: time, count: z.number().int(), call: z.string(), code: z.string() }).nullable(),
        callbacks: z.array(
          z.object({
            server_id: z.string(),
            at: time,
            found: z.string().nullable(),
            code: z.string().nullable(),
          }),
        ),
      }),
    ),
  })
  .openapi('OperatorHealth')

export const reconcileBody = z.strictObject({ class_id: z.string().min(1).max(200) }).openapi('Reconcile')

export const reconciled = z
  .object({
    class_id: z.string(),
    has_report: z.boolean().openapi({ description: 'Whether the video service wrote down who was there.' }),
    added: z.number().int().openapi({ description: 'Facts that nobody had reported before.' }),
    gaps: z.number().int().openapi({ description: 'Times in which callbacks were lost.' }),
    contradictions: z.number().int().openapi({ description: 'People about whom the sources disagree.' }),
  })
  .openapi('Reconciled')
