import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import { ConferencingError } from '../../errors.ts'
import type { Health } from '../../use-cases/health.ts'
import type { InboxEntry, RefusedEntry } from '../../use-cases/upkeep.ts'
import * as schemas from '../admin-schemas.ts'
import { success } from '../envelope.ts'
import { HttpError } from '../errors.ts'
import type { ApiEnv } from '../ports.ts'
import { answers, type Parts, signedIn } from './parts.ts'

/** What administrators look after the callbacks with. */
export const adminPaths = '/api/v1/admin/*'

const base = '/api/v1/admin/conferencing'
const common = { tags: ['Administration'], ...signedIn }
const json = <T extends z.ZodType>(schema: T) => ({
  required: true,
  content: { 'application/json': { schema } },
})

const listInbox = createRoute({
  ...common,
  method: 'get',
  path: `${base}/inbox/`,
  operationId: 'listInbox',
  summary: 'The callbacks that came in, without what they say',
  request: { query: schemas.inboxQuery },
  responses: answers(schemas.inboxPage, 'In the order they were received.'),
})

const showInbox = createRoute({
  ...common,
  method: 'get',
  path: `${base}/inbox/{seq}/`,
  operationId: 'getInboxEntry',
  summary: 'One callback, without what it says',
  request: { params: schemas.seqParams },
  responses: answers(schemas.inboxEntry, 'The callback.'),
})

const replay = createRoute({
  ...common,
  method: 'post',
  path: `${base}/inbox/replay/`,
  operationId: 'replayInbox',
  summary: 'Put callbacks back to be applied',
  request: { body: json(schemas.replayBody) },
  responses: answers(schemas.replayed, 'What they have changed already they do not change again.'),
})

const listRefused = createRoute({
  ...common,
  method: 'get',
  path: `${base}/quarantine/`,
  operationId: 'listQuarantine',
  summary: 'Requests that were refused, without what they say',
  request: { query: schemas.pageQuery },
  responses: answers(schemas.refusedPage, 'In the order they came.'),
})

const requeue = createRoute({
  ...common,
  method: 'post',
  path: `${base}/quarantine/requeue/`,
  operationId: 'requeueQuarantine',
  summary: 'Verify refused requests again, and apply what is genuine, whatever its age',
  request: { body: json(schemas.requeueBody) },
  responses: answers(schemas.requeued, 'What passed has left the quarantine.'),
})

const reconcile = createRoute({
  ...common,
  method: 'post',
  path: `${base}/reconcile/`,
  operationId: 'reconcileClass',
  summary: 'Complete the attendance of a class from what the video service wrote down',
  request: { body: json(schemas.reconcileBody) },
  responses: answers(schemas.reconciled, 'What was found.'),
})

const operations = createRoute({
  ...common,
  method: 'get',
  path: `${base}/operations/`,
  operationId: 'listOperations',
  summary: 'Who did what to the callbacks',
  request: { query: schemas.operationsQuery },
  responses: answers(schemas.operations, 'The latest first.'),
})

const adminHealth = createRoute({
  ...common,
  method: 'get',
  path: `${base}/health/`,
  operationId: 'getOperatorHealth',
  summary: 'How the parts do; nothing is called to find out',
  responses: answers(schemas.adminHealth, 'Also when the database does not answer: `status` says so.'),
})

const metrics = createRoute({
  ...common,
  method: 'get',
  path: `${base}/metrics/`,
  operationId: 'getMetrics',
  summary: 'The figures of this process, for Prometheus',
  responses: {
    ...answers(z.unknown(), ''),
    200: { description: 'Text format 0.0.4.', content: { 'text/plain': { schema: z.string() } } },
  },
})

/** Looking after the callbacks: for administrators, and without what any callback says. */
export function adminRoutes(app: OpenAPIHono<ApiEnv>, { conferencing }: Parts): void {
  const onlyAdmins: MiddlewareHandler<ApiEnv> = async (c, next) => {
    if (!c.get('actor').isAdmin) throw new ConferencingError('FORBIDDEN', 'Only an administrator may do that.')
    await next()
  }
  app.use(adminPaths, onlyAdmins)
  const { inbox } = conferencing

  app.openapi(listInbox, async c => {
    const { limit, ...filter } = c.req.valid('query')
    const { shown, next } = paged(await inbox.list({ ...filter, limit: limit + 1 }), limit, ({ seq }) => seq)
    return c.json(success({ callbacks: shown.map(presentEntry), next }, 'Callbacks retrieved successfully'), 200)
  })

  app.openapi(replay, async c => {
    const { seqs, state = 'dead', dry_run: dryRun } = c.req.valid('json')
    const who = c.get('actor').userId
    const count = await inbox.replay(seqs ? { seqs } : { state }, { who, dryRun })
    return c.json(success({ replayed: count, dry_run: dryRun }, dryRun ? 'Nothing was changed' : 'Replayed'), 200)
  })

  app.openapi(showInbox, async c => {
    const entry = await inbox.show(c.req.valid('param').seq)
    if (!entry) throw new HttpError('NOT_FOUND', 'There is no such callback.')
    return c.json(success(presentEntry(entry), 'Callback retrieved successfully'), 200)
  })

  app.openapi(listRefused, async c => {
    const { limit, after } = c.req.valid('query')
    const { shown, next } = paged(await inbox.refused({ after, limit: limit + 1 }), limit, ({ id }) => id)
    return c.json(success({ requests: shown.map(presentRefused), next }, 'Requests retrieved successfully'), 200)
  })

  app.openapi(requeue, async c => {
    const { ids, dry_run: dryRun } = c.req.valid('json')
    const done = await inbox.requeue({ who: c.get('actor').userId, ids, dryRun })
    return c.json(success({ ...done, dry_run: dryRun }, dryRun ? 'Nothing was changed' : 'Requeued'), 200)
  })

  app.openapi(reconcile, async c => {
    const { classId, hasReport, added, gaps, contradictions } = await conferencing.reconcile(
      c.req.valid('json').class_id,
    )
    await inbox.note({ who: c.get('actor').userId, what: 'reconcile', count: 1 })
    const found = { has_report: hasReport, added, gaps: gaps.length, contradictions: contradictions.length }
    return c.json(success({ class_id: classId, ...found }, 'Class reconciled'), 200)
  })

  app.openapi(operations, async c => {
    const done = await inbox.operations(c.req.valid('query'))
    const shown = done.map(({ at, who, what, count }) => ({ at: at.toISOString(), who, what, count }))
    return c.json(success({ operations: shown }, 'Operations retrieved successfully'), 200)
  })

  app.openapi(adminHealth, async c => {
    const found = await conferencing.health()
    return c.json(success(presentHealth(found), found.ok ? 'Ready' : 'The database does not answer'), 200)
  })

  app.openapi(metrics, async c => {
    const text = await conferencing.metrics()
    return c.text(text, 200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' })
  })
}

/** A page out of one row more than it has room for. */
function paged<T>(rows: readonly T[], limit: number, keyOf: (row: T) => number) {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return { shown, next: rows.length > limit && last ? keyOf(last) : null }
}

const presentEntry = (entry: InboxEntry): z.infer<typeof schemas.inboxEntry> => ({
  seq: entry.seq,
  provider: entry.provider,
  server_id: entry.serverId,
  kind: entry.kind,
  state: entry.state,
  attempts: entry.attempts,
  reason: entry.reason,
  received_at: entry.receivedAt.toISOString(),
  next_attempt_at: entry.state === 'new' ? entry.nextAttemptAt.toISOString() : null,
  waiting_for: [...entry.waitingFor],
  digest: entry.digest,
  bytes: entry.bytes,
  forgotten: entry.isStripped,
})

const presentRefused = ({ receivedAt, credentialRemoved, ...entry }: RefusedEntry) => ({
  ...entry,
  received_at: receivedAt.toISOString(),
  credential_removed: credentialRemoved,
})

const presentHealth = (health: Health): z.infer<typeof schemas.adminHealth> => ({
  status: health.ok ? 'ok' : 'unavailable',
  store: health.store,
  store_fault: health.storeFault,
  inbox: health.inbox && { ...health.inbox },
  oldest_waiting_seconds: health.oldestWaitingMs === null ? null : health.oldestWaitingMs / 1000,
  quarantined: health.quarantined,
  providers: health.providers.map(({ name, answeredAt, failing, callbacks }) => ({
    name,
    answered_at: answeredAt?.toISOString() ?? null,
    failing: failing && { ...failing, since: failing.since.toISOString() },
    callbacks: callbacks.map(({ serverId, at, ...rest }) => ({ server_id: serverId, at: at.toISOString(), ...rest })),
  })),
})
