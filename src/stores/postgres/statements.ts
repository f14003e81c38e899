import { plannedEachTime, type Statement, statement } from "./database.ts"
import { type Names, quoteText } from "./names.ts"
import { payloadsOf } from "./notices.ts"
import { SELECTED } from "./row.ts"

/** Every statement of the store but the changes and the hits. */
export interface Statements {
  /** id, now */
  readonly find: Statement
  /** ids, now */
  readonly findMany: Statement
  /** user, now */
  readonly findByUser: Statement
  /** user, now */
  readonly countByUser: Statement
  /** user, now, spared id, payloads */
  readonly revokeByUser: Statement
  /** external id, now */
  readonly revokeByExternalId: Statement
  /** now */
  readonly countLive: Statement
  /** now, since */
  readonly countUsersSeen: Statement
  /** now, id to go on behind, limit, payloads */
  readonly revokeSlice: Statement
  /** now, limit */
  readonly sweep: Statement
}

/** Without a channel, nothing is announced; the payloads are a parameter all the same. */
export function storeStatements({ sessions }: Names, channel: string | undefined): Statements {
  const notify = (payloads: string): string =>
    channel === undefined
      ? `SELECT NULL AS id, 0 AS told FROM unnest(${payloads}) AS p WHERE false`
      : notifying(channel, payloads)
  return {
    find: statement(`SELECT ${SELECTED} FROM ${sessions} WHERE id = $1::text AND expires_at > $2::float8`),
    findMany: statement(
      `SELECT ${SELECTED} FROM ${sessions} WHERE id = ANY ($1::text[]) AND expires_at > $2::float8`,
    ),
    findByUser: statement(
      `SELECT ${SELECTED} FROM ${sessions} WHERE user_id = $1::text AND expires_at > $2::float8 ORDER BY authenticated_at, id`,
    ),
    countByUser: statement(
      `SELECT count(*) AS n FROM ${sessions} WHERE user_id = $1::text AND expires_at > $2::float8`,
    ),
    revokeByUser: revokeWhere(
      sessions,
      "s.user_id = $1::text AND s.expires_at > $2::float8 AND s.id IS DISTINCT FROM $3::text",
      notify("$4::text[]"),
    ),
    revokeByExternalId: revokeAndTellIds(
      sessions,
      "s.external_id = $1::text AND s.expires_at > $2::float8",
      channel,
    ),
    countLive: statement(`SELECT count(*) AS n FROM ${sessions} WHERE expires_at > $1::float8`),
    countUsersSeen: statement(
      `SELECT count(DISTINCT user_id) AS n FROM ${sessions} WHERE expires_at > $1::float8 AND last_seen_at >= $2::float8`,
    ),
    revokeSlice: revokeSlice(sessions, notify("$4::text[]")),
    sweep: sweep(sessions),
  }
}

/** Announces the payloads that are its one parameter. */
export const announceStatement = (channel: string): Statement => statement(notifying(channel, "$1::text[]"))

const notifying = (channel: string, payloads: string): string =>
  `SELECT pg_notify(${quoteText(channel)}, p)::text AS id, 1 AS told FROM unnest(${payloads}) AS p`

/** Ids, and a row that is only told; locked in order, as every statement that locks several rows. */
const revokeWhere = (table: string, where: string, notify: string): Statement =>
  statement(`WITH held AS (SELECT s.id FROM ${table} AS s WHERE ${where} ORDER BY s.id FOR UPDATE),
gone AS (DELETE FROM ${table} AS s USING held WHERE s.id = held.id RETURNING s.id)
SELECT id, 0 AS told FROM gone UNION ALL (${notify})`)

/** Announces each session by its own id, which only the statement comes to know; an odd id as something unknown. */
function revokeAndTellIds(table: string, where: string, channel: string | undefined): Statement {
  const payload = `CASE WHEN s.id ~ '^[A-Za-z0-9_-]+$'
  THEN replace(${quoteText(payloadsOf([{ kind: "revoked", id: ANY_ID }]).join())}, '${ANY_ID}', s.id) ELSE '?' END`
  const told = channel === undefined ? "" : `, pg_notify(${quoteText(channel)}, ${payload})`
  return statement(`WITH held AS (SELECT s.id FROM ${table} AS s WHERE ${where} ORDER BY s.id FOR UPDATE)
DELETE FROM ${table} AS s USING held WHERE s.id = held.id RETURNING s.id, 0 AS told${told}`)
}

const ANY_ID = "any-id"

const revokeSlice = (table: string, notify: string): Statement =>
  plannedEachTime(`WITH held AS (SELECT s.id, s.expires_at FROM ${table} AS s WHERE s.id > $2::text ORDER BY s.id LIMIT $3::integer FOR UPDATE),
gone AS (DELETE FROM ${table} AS s USING held WHERE s.id = held.id RETURNING s.id)
SELECT count(*) AS met, count(*) FILTER (WHERE held.expires_at > $1::float8) AS live, max(held.id) AS last,
  (SELECT count(*) FROM gone) AS gone, (SELECT count(*) FROM (${notify}) AS told) AS told FROM held`)

/** Looks at what is due: removes what has expired, and puts off what was used meanwhile. Passes over what others hold. */
const sweep = (table: string): Statement =>
  plannedEachTime(`WITH due AS (SELECT s.id, s.expires_at FROM ${table} AS s WHERE s.due_at <= $1::float8
  ORDER BY s.due_at LIMIT $2::integer FOR UPDATE SKIP LOCKED),
gone AS (DELETE FROM ${table} AS s USING due WHERE s.id = due.id AND due.expires_at <= $1::float8 RETURNING s.id),
later AS (UPDATE ${table} AS s SET due_at = due.expires_at FROM due WHERE s.id = due.id AND due.expires_at > $1::float8 RETURNING s.id)
SELECT id, true AS gone FROM gone UNION ALL SELECT id, false AS gone FROM later`)
