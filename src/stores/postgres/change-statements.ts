import { INPUT_COLUMNS, type InputColumn, UNKNOWN_VERSION } from "./change-columns.ts"
import { type Statement, statement } from "./database.ts"
import { type Names, quoteText } from "./names.ts"

/**
 * One kind of change as SQL. `alone` takes one change and returns its version when it is applied. `many` takes an array per
 * column and returns a row with the version for each change that it has applied; that of a patch or rotation also one
 * without a version for each live session that it did not fit. It locks the rows in the order of their ids, so that no two
 * statements ever wait for each other in a circle. The last value of both is the time.
 */
export interface ChangeStatements {
  readonly alone: Statement
  readonly many: Statement
}

export type ChangeKind = keyof typeof INPUT_COLUMNS

export type AllChangeStatements = Readonly<Record<ChangeKind, ChangeStatements>>

/** Without a channel, nothing is announced. */
export function changeStatements({ sessions }: Names, channel: string | undefined): AllChangeStatements {
  const announces = channel !== undefined
  const templates = {
    create: CREATE,
    plain: plainTemplates(),
    patch: updateTemplates(PATCH, "s.version"),
    rotate: updateTemplates(ROTATE, `s.version${announcement(announces, PAYLOAD_OF_ROTATION)}`),
    touch: updateTemplates(TOUCH, "s.version"),
    revoke: revokeTemplates(`s.version${announcement(announces, "i.notice")}`),
  }
  const place = { ":table": sessions, ":channel": quoteText(channel ?? "") }
  const fill = (kind: ChangeKind): ChangeStatements => ({
    alone: alone(kind, templates[kind].alone, place),
    many: many(kind, templates[kind].many, place),
  })
  return {
    create: fill("create"),
    plain: fill("plain"),
    patch: fill("patch"),
    rotate: fill("rotate"),
    touch: fill("touch"),
    revoke: fill("revoke"),
  }
}

/** In these texts `s` is the session, `i` the change's input, and `:now` the time. */
interface Templates {
  readonly alone: string
  readonly many: string
}

interface Update {
  readonly set: Readonly<Record<string, string>>
  readonly where: string
}

/** The data without the keys that have ended. */
const LIVE_DATA = `CASE WHEN s.keys_end_at <= :now
    THEN (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(s.data)
      WHERE jsonb_typeof(value) <> 'array' OR (value->>1)::float8 > :now)
    ELSE s.data END`

/** The earliest end among those keys. One that is unset or set anew may have it still: it may be too early, never too late. */
const KEYS_END = `CASE WHEN s.keys_end_at <= :now
    THEN (SELECT min((value->>1)::float8) FROM jsonb_each(s.data)
      WHERE jsonb_typeof(value) = 'array' AND (value->>1)::float8 > :now)
    ELSE s.keys_end_at END`

const END = `CASE WHEN i.seen_at IS NULL THEN coalesce(i.expires_at, s.expires_at)
    ELSE least(coalesce(i.absolute_expires_at, s.absolute_expires_at),
      greatest(coalesce(i.expires_at, s.expires_at), i.seen_until)) END`

const TOUCHED_END = "least(s.absolute_expires_at, greatest(s.expires_at, i.seen_until))"

/** Misses a session with keys that have ended, as one whose epoch is another: the full patch sees to both. */
const PLAIN: Update = {
  where: "s.epoch = i.epoch AND (s.keys_end_at <= :now) IS NOT TRUE",
  set: { version: "s.version + 1", data: "s.data || i.set_data" },
}

const PATCH: Update = {
  where: "s.epoch = i.epoch AND (i.if_version IS NULL OR s.version = i.if_version)",
  set: {
    version: "s.version + 1",
    data: `((${LIVE_DATA}) - CASE WHEN i.unset_keys = '[]' THEN '{}'
      ELSE ARRAY(SELECT jsonb_array_elements_text(i.unset_keys)) END) || i.set_data`,
    keys_end_at: `least(${KEYS_END}, i.keys_end_at)`,
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

const PAYLOAD_OF_ROTATION = `replace(i.notice, '${UNKNOWN_VERSION}', s.version::text)`

/**
 * The input of what exists; locks its rows in order. What this tells of a row is its newest state. A condition on `s` is
 * tested on what the snapshot shows first, and only if it holds, on the newest state: a session that was prolonged while the
 * statement waited for its row would be passed over at its old end. The epoch, version or generation that a change expects
 * was committed before it was known, so the snapshot has it.
 */
const HELD =
  "WITH i AS (SELECT i.*, s.expires_at AS held_until FROM :input JOIN :table AS s ON s.id = i.id ORDER BY s.id FOR UPDATE OF s)"

const OUTCOMES =
  "SELECT i.id, changed.version FROM i LEFT JOIN changed ON changed.id = i.id WHERE i.held_until > :now"

const updating = ({ set }: Update): string =>
  `UPDATE :table AS s SET ${Object.entries(set)
    .map(([column, value]) => `${column} = ${value}`)
    .join(",\n  ")}`

const ONE = "s.id = i.id AND s.expires_at > :now"
const EACH = "s.id = i.id AND i.held_until > :now"

function updateTemplates(update: Update, told: string): Templates {
  const { where } = update
  return {
    alone: `${updating(update)} WHERE ${ONE} AND ${where} RETURNING ${told}`,
    many: `${HELD},\nchanged AS (${updating(update)} FROM i WHERE ${EACH} AND ${where} RETURNING s.id, ${told})\n${OUTCOMES}`,
  }
}

/** Of many, it returns only those that it has changed: to tell of the others as well takes a quarter longer. */
function plainTemplates(): Templates {
  const held = "SELECT i.* FROM :input JOIN :table AS h ON h.id = i.id ORDER BY h.id FOR UPDATE OF h"
  const where = `${ONE} AND ${PLAIN.where}`
  return {
    alone: `${updating(PLAIN)} WHERE ${where} RETURNING s.id, s.version`,
    many: `${updating(PLAIN)} FROM (${held}) AS i\nWHERE ${where} RETURNING s.id, s.version`,
  }
}

function revokeTemplates(told: string): Templates {
  return {
    alone: `DELETE FROM :table AS s WHERE ${ONE} RETURNING ${told}`,
    many: `${HELD},\nchanged AS (DELETE FROM :table AS s USING i WHERE ${EACH} RETURNING s.id, ${told})\n${OUTCOMES}`,
  }
}

const CREATE = createTemplates()

function createTemplates(): Templates {
  const columns = INPUT_COLUMNS.create.map(({ name }) => name)
  const values = columns.map(name => `i.${name}`).join(", ")
  const replaced = [...columns, "due_at"].map(name => `${name} = excluded.${name}`).join(", ")
  const insert = `INSERT INTO :table AS s (${columns.join(", ")}, due_at)`
  const unlessLive = `ON CONFLICT (id) DO UPDATE SET ${replaced} WHERE s.expires_at <= :now RETURNING s.id, s.version`
  return {
    alone: `${insert} VALUES (${values}, i.expires_at) ${unlessLive}`,
    many: `${insert} SELECT ${values}, i.expires_at FROM :input ORDER BY i.id COLLATE "C" ${unlessLive}`,
  }
}

/** What is not announced is passed all the same: PostgreSQL refuses a parameter that nothing uses. */
const announcement = (announces: boolean, payload: string): string =>
  announces ? `, pg_notify(:channel, ${payload})` : `, ${payload} AS untold`

type Filling = Readonly<Record<string, string>>

function alone(kind: ChangeKind, template: string, place: Filling): Statement {
  const columns: readonly InputColumn[] = INPUT_COLUMNS[kind]
  const parameters = columns.map(({ name, type }, index) => [`i.${name}`, `$${index + 1}::${type}`] as const)
  return filled(template, { ...place, ...Object.fromEntries(parameters), ...time(columns) })
}

function many(kind: ChangeKind, template: string, place: Filling): Statement {
  const columns: readonly InputColumn[] = INPUT_COLUMNS[kind]
  const arrays = columns.map(({ type }, index) => `$${index + 1}::${type}[]`).join(", ")
  const input = `unnest(${arrays}) AS i (${columns.map(({ name }) => name).join(", ")})`
  return filled(template, { ...place, ":input": input, ...time(columns) })
}

const time = (columns: readonly InputColumn[]): Filling => ({ ":now": `$${columns.length + 1}::float8` })

/** In one pass, since a schema's name may look like anything. */
const filled = (template: string, filling: Filling): Statement =>
  statement(template.replace(/(?<!:):[a-z]+\b|\bi\.[a-z_]+\b/g, word => filling[word] ?? word))
