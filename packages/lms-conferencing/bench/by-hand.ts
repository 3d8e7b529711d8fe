import { hash } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import type { DatabaseSync } from 'node:sqlite'
import type { Client } from 'pg'

/*
 * The same rows, put into the same tables by hand, with nothing of ours in between: the limit that our figures stand
 * beside. The digests are ready before the clock starts, because only our side has to compute them; they are real,
 * because their order costs.
 */

/** Seconds, with `group` rows to a commit. */
export function insertByHand(database: DatabaseSync, bodies: readonly Uint8Array[], group: number): number {
  const digests = bodies.map(body => hash('sha256', body))
  const insert = database.prepare(
    `insert into conferencing_inbox (tenant_id, provider, server_id, kind, body, digest, received_at, state, attempts, next_attempt_at)
     values ('school', 'bbb', 'server-1', 'hook', ?, ?, ?, 'new', 0, 0)`,
  )
  const start = performance.now()
  for (let first = 0; first < bodies.length; first += group) {
    database.exec('begin immediate')
    for (const [index, body] of bodies.slice(first, first + group).entries()) {
      insert.run(body, digests[first + index] ?? '', 1_767_600_000_000)
    }
    database.exec('commit')
  }
  return (performance.now() - start) / 1000
}

/** Seconds; the rows of a group are one statement, as ours are. */
export async function insertInPostgres(
  client: Client,
  schema: string,
  bodies: readonly Uint8Array[],
  group: number,
): Promise<number> {
  const digests = bodies.map(body => hash('sha256', body))
  const insert = `insert into ${schema}.conferencing_inbox
      (tenant_id, provider, server_id, kind, body, digest, received_at, state, attempts, next_attempt_at)
    select 'school', 'bbb', 'server-1', 'hook', body, digest, 1767600000000, 'new', 0, 0
    from unnest($1::bytea[], $2::text[]) as given (body, digest)`
  const start = performance.now()
  for (let first = 0; first < bodies.length; first += group) {
    await client.query('begin')
    await client.query(insert, [bodies.slice(first, first + group), digests.slice(first, first + group)])
    await client.query('commit')
  }
  return (performance.now() - start) / 1000
}

/** A fact as its row has it. */
export interface FactByHand {
  readonly classId: string
  readonly key: string
  readonly type: string
  readonly instance: string
  readonly session: string
  readonly person: string
  readonly at: number
}

/** Seconds, with `group` facts to a commit. */
export function insertFactsByHand(database: DatabaseSync, facts: readonly FactByHand[], group: number): number {
  const insert = database.prepare(
    `insert into conferencing_events (tenant_id, class_id, fact_key, provenance, type, instance, at, session, person)
     values ('school', ?, ?, 'webhook', ?, ?, ?, ?, ?)`,
  )
  const start = performance.now()
  for (let first = 0; first < facts.length; first += group) {
    database.exec('begin immediate')
    for (const { classId, key, type, instance, at, session, person } of facts.slice(first, first + group)) {
      insert.run(classId, key, type, instance, at, session, person)
    }
    database.exec('commit')
  }
  return (performance.now() - start) / 1000
}

/** Seconds; the facts of a group are one statement. */
export async function insertFactsInPostgres(
  client: Client,
  schema: string,
  facts: readonly FactByHand[],
  group: number,
): Promise<number> {
  const insert = `insert into ${schema}.conferencing_events
      (tenant_id, class_id, fact_key, provenance, type, instance, at, session, person)
    select 'school', class_id, fact_key, 'webhook', type, instance, at, session, person
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[])
      as given (class_id, fact_key, type, instance, at, session, person)`
  const start = performance.now()
  for (let first = 0; first < facts.length; first += group) {
    const some = facts.slice(first, first + group)
    const column = <T>(pick: (fact: FactByHand) => T): readonly T[] => some.map(pick)
    await client.query('begin')
    await client.query(insert, [
      column(fact => fact.classId),
      column(fact => fact.key),
      column(fact => fact.type),
      column(fact => fact.instance),
      column(fact => fact.at),
      column(fact => fact.session),
      column(fact => fact.person),
    ])
    await client.query('commit')
  }
  return (performance.now() - start) / 1000
}
