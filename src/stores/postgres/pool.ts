import { SessionError } from "../../contract/errors.ts"
import type { PostgresSettings } from "./options.ts"

/** What the store needs of a `pg.Pool`. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>
  readonly on?: PoolListening
  readonly removeListener?: PoolListening
}

/** Of a pool that tells of new connections and of idle ones that died. */
interface PoolListening {
  (event: "error", listener: (error: Error) => void): unknown
  (event: "connect", listener: (client: PostgresClient) => void): unknown
}

/** What the store needs of a `pg.PoolClient`. The last four let it cancel a statement on the server. */
export interface PostgresClient {
  query(query: PostgresQuery): Promise<{ readonly rows: readonly PostgresRow[] }>
  /** With an error, or true, the connection is closed and leaves the pool. */
  release(error?: Error | boolean): void
  on?(event: "error", listener: (error: Error) => void): unknown
  removeListener?(event: "error", listener: (error: Error) => void): unknown
  readonly processID?: number | null
  readonly secretKey?: number | null
  readonly host?: string
  readonly port?: number
}

export interface PostgresQuery {
  /** Prepared under this name, once for a connection. */
  readonly name?: string
  readonly text: string
  readonly values?: unknown[]
}

export type PostgresRow = Readonly<Record<string, unknown>>

/** What of the package `pg` the store uses, when it makes the connections itself. */
export interface PgModule {
  readonly Pool: new (config: PgConfig & { readonly max: number }) => PostgresPool & { end(): Promise<void> }
  readonly Client: new (config: PgConfig) => PgClient
}

export interface PgConfig {
  readonly connectionString: string
  readonly connectionTimeoutMillis: number
  readonly keepAlive: boolean
  readonly fallback_application_name: string
  readonly statement_timeout?: number
  readonly lock_timeout?: number
}

/** A connection outside of any pool. */
export interface PgClient {
  connect(): Promise<unknown>
  query(text: string, values?: unknown[]): Promise<unknown>
  end(): Promise<void>
  on(event: string, listener: (...values: never[]) => void): unknown
}

/** Loads `pg`. Throws `ERR_SESSION_CONFIG` when it is not installed. */
export async function loadPg(
  load: () => Promise<{ readonly default: PgModule }> = () => import("pg"),
): Promise<PgModule> {
  try {
    return (await load()).default
  } catch (error) {
    throw new SessionError(
      "ERR_SESSION_CONFIG",
      'The PostgreSQL store needs the package "pg", which cannot be imported. Install it (npm install pg), or choose another store.',
      error,
    )
  }
}

/** How the store's own connections are made. */
export function connectionConfig(url: string, settings: PostgresSettings): PgConfig {
  const { statementTimeout, prepare } = settings
  return {
    connectionString: url,
    connectionTimeoutMillis: statementTimeout,
    keepAlive: true,
    fallback_application_name: "sojourn",
    // PgBouncer refuses connections that ask for settings which it does not know.
    ...(prepare && { statement_timeout: statementTimeout, lock_timeout: statementTimeout }),
  }
}
