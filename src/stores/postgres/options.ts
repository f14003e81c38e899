import { SessionError } from "../../contract/errors.ts"
import { MAX_NAME, MAX_PREFIX } from "./names.ts"
import type { PostgresPool } from "./pool.ts"

/** Where the server is: a URL of this store's own connections, or a pool of yours, which stays yours to end. */
export type PostgresOptions = PostgresSettingsOptions &
  (
    | { readonly url: string; readonly pool?: never; readonly poolSize?: number }
    | { readonly pool: PostgresPool; readonly url?: never; readonly poolSize?: never }
  )

export interface PostgresSettingsOptions {
  /** The schema that holds the tables. Default `public`. */
  readonly schema?: string
  /** What the names of the tables begin with. Default `sojourn_`. */
  readonly tablePrefix?: string
  /**
   * Whether missing tables are created and old ones brought up to date when the store is opened. Default true. With
   * false, it checks that they are there: run what `postgresMigrations` returns by hand.
   */
  readonly migrate?: boolean
  /** Whether tables that are created skip the write-ahead log: faster; a crash of the server ends all sessions. Default false. */
  readonly unlogged?: boolean
  /** Whether statements are prepared under a name. Default true. Set false behind PgBouncer in transaction mode. */
  readonly prepare?: boolean
  /** Whether changes are announced to the feeds of other nodes. Default true. Set false when no node observes. */
  readonly announce?: boolean
  /** A URL for the feed's own session connection, where `url` or `pool` lead to PgBouncer in transaction mode. */
  readonly listenUrl?: string
  /** How long a statement may take, the wait for a connection included, in milliseconds. Default 10000. */
  readonly statementTimeout?: number
}

export interface PostgresSettings {
  readonly schema: string
  readonly tablePrefix: string
  readonly migrate: boolean
  readonly unlogged: boolean
  readonly prepare: boolean
  readonly announce: boolean
  readonly listenUrl: string | undefined
  readonly statementTimeout: number
  /** Connections of the store's own pool. */
  readonly poolSize: number
}

/** Which tables `postgresMigrations` makes SQL for. */
export interface MigrationOptions
  extends Pick<PostgresSettingsOptions, "schema" | "tablePrefix" | "unlogged"> {
  /** The version of the tables that are there, as their table of migrations has it. Default 0: none are there. */
  readonly from?: number
}

const NAMES: readonly string[] = [
  "url",
  "pool",
  "poolSize",
  "schema",
  "tablePrefix",
  "migrate",
  "unlogged",
  "prepare",
  "announce",
  "listenUrl",
  "statementTimeout",
]

/** The longest delay of a timer. */
const MAX_TIMEOUT = 2 ** 31 - 1

/** The options with their defaults. Throws `ERR_SESSION_CONFIG`. */
export function readOptions(options: PostgresOptions): PostgresSettings {
  if (typeof options !== "object" || options === null) {
    throw wrong("options", options, "an object with url or pool")
  }
  requireKnown(options)
  requireOneSource(options)
  return {
    ...readPlace(options),
    migrate: readFlag("migrate", options.migrate ?? true),
    prepare: readFlag("prepare", options.prepare ?? true),
    announce: readFlag("announce", options.announce ?? true),
    listenUrl: options.listenUrl === undefined ? undefined : readUrl("listenUrl", options.listenUrl),
    statementTimeout: readCount("statementTimeout", options.statementTimeout ?? 10_000, MAX_TIMEOUT),
    poolSize: readCount("poolSize", options.poolSize ?? 10, 1000),
  }
}

/** The same for SQL that is run by hand. Throws `ERR_SESSION_CONFIG`. */
export function readMigrationOptions(options: MigrationOptions, newest: number): Required<MigrationOptions> {
  const { from = 0 } = options
  if (!Number.isInteger(from) || from < 0 || from > newest) {
    throw wrong("from", from, `a whole number from 0 to ${newest}`)
  }
  return { ...readPlace(options), from }
}

const readPlace = (options: Omit<MigrationOptions, "from">): Required<Omit<MigrationOptions, "from">> => ({
  schema: readName("schema", options.schema ?? "public", MAX_NAME),
  tablePrefix: readName("tablePrefix", options.tablePrefix ?? "sojourn_", MAX_PREFIX),
  unlogged: readFlag("unlogged", options.unlogged ?? false),
})

function requireKnown(options: PostgresOptions): void {
  for (const name of Object.keys(options)) {
    if (!NAMES.includes(name)) {
      throw config(`The PostgreSQL store has no option ${JSON.stringify(name)}. It has ${NAMES.join(", ")}.`)
    }
  }
}

function requireOneSource({ url, pool, poolSize }: PostgresOptions): void {
  if ((url === undefined) === (pool === undefined)) {
    throw config(
      `The PostgreSQL store was given ${url === undefined ? "neither url nor pool" : "both url and pool"}. Give one of them: url: "postgres://user@host/database", or pool: new pg.Pool(…).`,
    )
  }
  if (url !== undefined) readUrl("url", url)
  if (pool === undefined) return
  if (typeof pool?.connect !== "function")
    throw wrong("pool", typeof pool, "a pg.Pool, or what has its connect()")
  if (poolSize !== undefined) {
    throw config(
      "The PostgreSQL store's option poolSize is for its own pool. Give max to the pool that you made.",
    )
  }
}

function readUrl(option: string, url: unknown): string {
  if (typeof url === "string" && /^postgres(?:ql)?:\/\//.test(url)) return url
  // The value may hold a password.
  throw config(
    `The PostgreSQL store's option ${option} is no URL of PostgreSQL. Write postgres://user@host/database.`,
  )
}

function readName(option: string, name: unknown, limit: number): string {
  const bytes = typeof name === "string" ? Buffer.byteLength(name) : 0
  if (typeof name === "string" && bytes > 0 && bytes <= limit && !/[\\\0]/.test(name) && name.isWellFormed())
    return name
  throw wrong(
    option,
    name,
    `1 to ${limit} bytes of text without NUL and backslash; PostgreSQL cuts longer names`,
  )
}

function readFlag(option: string, value: unknown): boolean {
  if (typeof value === "boolean") return value
  throw wrong(option, value, "true or false")
}

function readCount(option: string, value: unknown, limit: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= limit) return value
  throw wrong(option, value, `a whole number from 1 to ${limit}`)
}

const wrong = (option: string, value: unknown, wanted: string): SessionError =>
  config(`The PostgreSQL store's option ${option} is ${JSON.stringify(value)}. Give ${wanted}.`)

const config = (message: string): SessionError => new SessionError("ERR_SESSION_CONFIG", message)
