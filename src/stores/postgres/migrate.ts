import { SessionError } from "../../contract/errors.ts"
import type { Database } from "./database.ts"
import { sqlState } from "./errors.ts"
import {
  existsQuery,
  lockStatement,
  type Place,
  SCHEMA_VERSION,
  statementsFrom,
  versionQuery,
} from "./migrations.ts"
import { quoteName } from "./names.ts"
import type { PostgresQuery, PostgresRow } from "./pool.ts"

const MIN_SERVER = 130_000

type Send = (query: PostgresQuery) => Promise<readonly PostgresRow[]>

/**
 * Sees that server and tables are as this version of the library needs them, and makes the tables so when it may. Several
 * nodes may do so at once. Throws `ERR_SESSION_UNSUPPORTED` (an old server, another encoding), `ERR_SESSION_CONFIG`
 * (tables that are missing or old and may not be made) and `ERR_SESSION_STORE_CORRUPT` (tables of a newer version).
 */
export async function prepareDatabase(database: Database, place: Place, mayMigrate: boolean): Promise<void> {
  await database.use(async send => {
    await requireServer(send)
    const version = await storedVersion(send, place)
    if (version === SCHEMA_VERSION) return
    if (!mayMigrate) throw outdated(place, version)
    try {
      await migrate(send, place)
    } catch (error) {
      throw sqlState(error) === "42501" ? denied(place, error) : error
    }
  })
}

async function requireServer(send: Send): Promise<void> {
  const [row] = await send({
    text: "SELECT current_setting('server_version_num') AS version, current_setting('server_version') AS name, current_setting('server_encoding') AS encoding",
  })
  if (Number(row?.["version"]) < MIN_SERVER) throw tooOld(row?.["name"])
  if (row?.["encoding"] !== "UTF8") throw otherEncoding(row?.["encoding"])
}

/** Under a lock, and in one transaction: the next node finds the work done, or nothing of it. */
async function migrate(send: Send, place: Place): Promise<void> {
  await send({ text: "BEGIN" })
  try {
    await send({ text: lockStatement(place) })
    if ((await existing(send, place))["schema"] !== true) {
      await send({ text: `CREATE SCHEMA ${quoteName(place.schema)}` })
    }
    const version = await storedVersion(send, place)
    if (version < SCHEMA_VERSION) await send({ text: statementsFrom(version, place) })
    await send({ text: "COMMIT" })
  } catch (error) {
    // The connection may be lost, and with it the transaction.
    await send({ text: "ROLLBACK" }).catch(() => undefined)
    throw error
  }
}

async function storedVersion(send: Send, place: Place): Promise<number> {
  if ((await existing(send, place))["migrations"] !== true) return 0
  const [row] = await send({ text: versionQuery(place) })
  const version = Number(row?.["version"])
  if (version > SCHEMA_VERSION) throw newer(place, version)
  return version
}

const existing = async (send: Send, place: Place): Promise<PostgresRow> =>
  (await send({ text: existsQuery(place) }))[0] ?? {}

const tablesOf = ({ schema, tablePrefix }: Place): string => `${schema}.${tablePrefix}…`

const outdated = (place: Place, version: number): SessionError =>
  new SessionError(
    "ERR_SESSION_CONFIG",
    `The tables ${tablesOf(place)} of the PostgreSQL store ${version === 0 ? "are missing" : `have schema version ${version}, and ${SCHEMA_VERSION} is needed`}, and migrate is false. Run the SQL that postgresMigrations returns${version === 0 ? "" : ` for { from: ${version} }`}, or open the store once with migrate: true.`,
  )

const denied = (place: Place, cause: unknown): SessionError =>
  new SessionError(
    "ERR_SESSION_CONFIG",
    `The PostgreSQL store may not create its tables ${tablesOf(place)}. Grant the user CREATE on the schema (and on the database, if the schema is missing), or let an administrator run the SQL that postgresMigrations returns and set migrate: false.`,
    cause,
  )

const newer = (place: Place, version: number): SessionError =>
  new SessionError(
    "ERR_SESSION_STORE_CORRUPT",
    `The tables ${tablesOf(place)} have schema version ${version}, and this version of sojourn knows ${SCHEMA_VERSION} at most: a newer sojourn has made them. Update sojourn on this node, or give this one another schema or tablePrefix.`,
  )

const tooOld = (name: unknown): SessionError =>
  new SessionError(
    "ERR_SESSION_UNSUPPORTED",
    `The server is PostgreSQL ${String(name)}, and the store needs 13 or newer. Upgrade the server, or choose another store.`,
  )

const otherEncoding = (encoding: unknown): SessionError =>
  new SessionError(
    "ERR_SESSION_UNSUPPORTED",
    `The database's encoding is ${String(encoding)}, which cannot hold every text. Create a database with ENCODING 'UTF8' for the sessions.`,
  )
