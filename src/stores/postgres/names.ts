import { createHash } from "node:crypto"

/** The names of everything that one installation has in the database, quoted for SQL. */
export interface Names {
  readonly schema: string
  readonly sessions: string
  readonly hits: string
  readonly migrations: string
  /** An index of the sessions or hits; it lives in its table's schema. */
  index(name: string): string
}

/** Of the installation with these tables. PostgreSQL cuts longer names than 63 bytes silently: see {@link MAX_PREFIX}. */
export function namesFor(schema: string, prefix: string): Names {
  const table = (name: string): string => `${quoteName(schema)}.${quoteName(prefix + name)}`
  return {
    schema: quoteName(schema),
    sessions: table("sessions"),
    hits: table("hits"),
    migrations: table("migrations"),
    index: name => quoteName(prefix + name),
  }
}

/** The longest name behind a prefix is `sessions_by_external`. */
export const MAX_PREFIX = 63 - "sessions_by_external".length

export const MAX_NAME = 63

export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** For texts without NUL and backslash. */
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** A number of 64 bits that stands for the schema among the advisory locks of the database. */
export const lockNumberFor = (schema: string): string =>
  createHash("sha256")
    .update(JSON.stringify(["sojourn", schema]))
    .digest()
    .readBigInt64BE()
    .toString()
