import { INPUT_COLUMNS, type InputColumn, UNKNOWN_VERSION } from "./change-columns.ts"
import { type Statement, statement } from "./database.ts"
import { type Names, quoteText } from "./names.ts"

/**
 * One kind of change as SQL. `alone` takes one change and returns its version when it is applied. `many` takes an array per
 * column and returns a row for each change of a live session, with the version when it is applied; it locks the rows
 * in the order of their ids, so that no two statements ever wait for each other. The last value of both is the time.
 */
export interface ChangeStatements {
  readonly alone: Statement
  readonly many: Statement
}

export type ChangeKind = keyof typeof INPUT_COLUMNS

export type AllChangeStatements = Readonly<Record<ChangeKind, ChangeStatements>>

/** Without a channel, nothing is announced. */
export const changeStatements = (names: Names, channel: string | undefined): AllChangeStatements => ({
  create: createStatements(names.sessions),
  patch: updateStatements(names.sessions, "patch", PATCH),
  rotate: updateStatements(names.sessions, "rotate", ROTATE, channel),
  touch: updateStatements(names.sessions, "touch", TOUCH),
  revoke: revokeStatements(names.sessions, channel),
})

/** In these texts `s` is the session, `i` the change's input, and `:now` the time. */
interface Update {
  readonly set: Readonly<Record<string, string>>
  readonly where: string
}

/** The data without the keys that have ended. They are looked for first, since taking them out rewrites all of it. */
const LIVE_DATA = `CASE WHEN jsonb_path_exists(s.data, '$.*[1] ? (@ <= $now)', jsonb_build_object('now', :now))
    THEN (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(s.data)
      WHERE jsonb_typeof(value) <> 'array' OR (value->>1)::float8 > :now)
    ELSE s.data END`

const END = `CASE WHEN i.seen_at IS NULL THEN coalesce(i.expires_at, s.expires_at)
    ELSE least(coalesce(i.absolute_expires_at, s.absolute_expires_at),
      greatest(coalesce(i.expires_at, s.expires_at), i.seen_until)) END`

const TOUCHED_END = "least(s.absolute_expires_at, greatest(s.expires_at, i.seen_until))"

const PATCH: Update = {
  where: "s.epoch = i.epoch AND (i.if_version IS NULL OR s.version = i.if_version)",
  set: {
    version: "s.version + 1",
    data: `((${LIVE_DATA}) - ARRAY(SELECT jsonb_array_elements_text(i.unset_keys))) || i.set_data`,
    client: "coalesce(i.client, s.client)",
    idle_timeout: "coalesce(i.idle_timeout, s.idle_timeout)",
    absolute_expires_at: "coalesce(i.absolute_expires_at, s.absolute_expires_at)",
    persistent: "coalesce(i.persistent, s.persistent)",
    last_seen_at: "greatest(s.last_seen_at, i.seen_at)",
    expires_at: END,
    due_at: `least(s.due_at, ${END})`,
  },
}

const ifPrivilege = (column: string): string => `CASE WHEN i.privilege THEN i.${column} ELSE s.${column} END`

const ROTATE: Update = {
  where: "s.epoch = i.epoch AND s.generation = i.generation",
  set: {
    ...PATCH.set,
    generation: "s.generation + 1",
    epoch: "CASE WHEN i.privilege THEN s.epoch + 1 ELSE s.epoch END",
    secret_hash: "i.secret_hash",
    previous_secret_hash: "i.previous_secret_hash",
    previous_confirmed_at: "NULL",
    rotated_at: "i.rotated_at",
    user_id: ifPrivilege("user_id"),
    authenticated_at: ifPrivilege("authenticated_at"),
    login_facts: ifPrivilege("login_facts"),
    external_id: ifPrivilege("external_id"),
  },
}

const TOUCH: Update = {
  where: "true",
  set: {
    last_seen_at: "greatest(s.last_seen_at, i.seen_at)",
    expires_at: TOUCHED_END,
    due_at: `least(s.due_at, ${TOUCHED_END})`,
    previous_confirmed_at: `CASE WHEN i.confirm = s.generation AND s.previous_secret_hash IS NOT NULL
      THEN coalesce(s.previous_confirmed_at, i.seen_at) ELSE s.previous_confirmed_at END`,
  },
}

function updateStatements(
  table: string,
  kind: "patch" | "rotate" | "touch",
  { set, where }: Update,
  channel?: string,
): ChangeStatements {
  const assignments = Object.entries(set).map(([column, value]) => `${column} = ${value}`)
  const update = `UPDATE ${table} AS s SET ${assignments.join(",\n  ")}`
  const payload = `replace(i.notice, '${UNKNOWN_VERSION}', s.version::text)`
  const told = `s.version${kind === "rotate" ? announcement(channel, payload) : ""}`
  return {
    alone: alone(kind, `${update} WHERE s.id = i.id AND s.expires_at > :now AND ${where} RETURNING ${told}`),
    many: many(
      kind,
      `${held(table)},
changed AS (${update} FROM :input JOIN held ON held.id = i.id WHERE s.id = i.id AND s.expires_at > :now AND ${where} RETURNING s.id, ${told})
${OUTCOMES}`,
    ),
  }
}

function revokeStatements(table: string, channel: string | undefined): ChangeStatements {
  const told = `s.version${announcement(channel, "i.notice")}`
  return {
    alone: alone(
      "revoke",
      `DELETE FROM ${table} AS s WHERE s.id = i.id AND s.expires_at > :now RETURNING ${told}`,
    ),
    many: many(
      "revoke",
      `${held(table)},
changed AS (DELETE FROM ${table} AS s USING :input JOIN held ON held.id = i.id WHERE s.id = i.id AND s.expires_at > :now RETURNING s.id, ${told})
${OUTCOMES}`,
    ),
  }
}

function createStatements(table: string): ChangeStatements {
  const columns = INPUT_COLUMNS.create.map(({ name }) => name)
  const values = columns.map(name => `i.${name}`).join(", ")
  const replaced = [...columns, "due_at"].map(name => `${name} = excluded.${name}`).join(", ")
  const insert = `INSERT INTO ${table} AS s (${columns.join(", ")}, due_at)`
  const unlessLive = `ON CONFLICT (id) DO UPDATE SET ${replaced} WHERE s.expires_at <= :now RETURNING s.id, s.version`
  return {
    alone: alone("create", `${insert} VALUES (${values}, i.expires_at) ${unlessLive}`),
    many: many("create", `${insert} SELECT ${values}, i.expires_at FROM :input ORDER BY i.id ${unlessLive}`),
  }
}

/** Locks the rows in order. What it holds is their newest state, whatever the statement's snapshot shows. */
const held = (table: string): string =>
  `WITH held AS (SELECT s.id, s.expires_at FROM ${table} AS s WHERE s.id = ANY (:ids) ORDER BY s.id FOR UPDATE)`

const OUTCOMES = `SELECT held.id, changed.version FROM held LEFT JOIN changed ON changed.id = held.id
WHERE held.expires_at > :now`

/** What is not announced is passed all the same: PostgreSQL refuses a parameter that nothing uses. */
const announcement = (channel: string | undefined, payload: string): string =>
  channel === undefined ? `, ${payload} AS untold` : `, pg_notify(${quoteText(channel)}, ${payload})`

const alone = (kind: ChangeKind, text: string): Statement => {
  const columns: readonly InputColumn[] = INPUT_COLUMNS[kind]
  const named = columns.reduce(
    (sql, { name, type }, index) =>
      sql.replace(new RegExp(`\\bi\\.${name}\\b`, "g"), `$$${index + 1}::${type}`),
    text,
  )
  return statement(placeNow(named, columns.length + 1))
}

const many = (kind: ChangeKind, text: string): Statement => {
  const columns: readonly InputColumn[] = INPUT_COLUMNS[kind]
  const arrays = columns.map(({ type }, index) => `$${index + 1}::${type}[]`).join(", ")
  const input = `unnest(${arrays}) AS i (${columns.map(({ name }) => name).join(", ")})`
  const placed = text.replaceAll(":input", () => input).replaceAll(":ids", () => "$1::text[]")
  return statement(placeNow(placed, columns.length + 1))
}

const placeNow = (text: string, index: number): string => text.replaceAll(":now", () => `$${index}::float8`)
