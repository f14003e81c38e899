import { SessionError } from "../../contract/errors.ts"
import type { SqliteOptions } from "./options.ts"

/** How each query parameter of a URL becomes an option. */
const PARAMETERS: Readonly<Record<string, (text: string) => SqliteOptions>> = {
  durability: text => ({ durability: text as NonNullable<SqliteOptions["durability"]> }),
  writer: text => ({ writer: text as NonNullable<SqliteOptions["writer"]> }),
  busyTimeout: text => ({ busyTimeout: text === "" ? Number.NaN : Number(text) }),
  tablePrefix: text => ({ tablePrefix: text }),
}

/**
 * The options that a URL stands for: `sqlite:./sessions.db`, `sqlite:///var/lib/app/sessions.db`, `sqlite::memory:`,
 * `sqlite:` (the default file), each with `?durability=…&writer=…&busyTimeout=…&tablePrefix=…` if wanted.
 *
 * It reads the text itself because `URL` would take `.` of `sqlite://./x.db` for a host. Throws `ERR_SESSION_CONFIG`.
 */
export function parseSqliteUrl(text: string): SqliteOptions {
  const [, address = "", query = ""] = /^sqlite:([^?#]*)(?:\?([^#]*))?$/is.exec(text) ?? refuse(text)
  const path = parsePath(address, text)
  let options: SqliteOptions = path === "" ? {} : { path }
  for (const [name, value] of new URLSearchParams(query)) {
    const read = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : undefined
    if (!read) throw unknownParameter(name)
    options = { ...options, ...read(value) }
  }
  return options
}

function parsePath(address: string, text: string): string {
  const local = address.startsWith("//") ? address.slice(2) : address
  if (local !== address && !local.startsWith("/")) refuse(text)
  const path = decode(local, text)
  // A drive letter follows the slash that ends the empty host.
  return /^\/[A-Za-z]:[\\/]/.test(path) ? path.slice(1) : path
}

function decode(path: string, text: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return refuse(text)
  }
}

function refuse(text: string): never {
  throw new SessionError(
    "ERR_SESSION_CONFIG",
    `${JSON.stringify(text)} is no URL of the SQLite store. Write sqlite:./relative.db, sqlite:///absolute.db, sqlite::memory: or sqlite: (for ./sessions.db); in the path, write %25 for %, %3F for ? and %23 for #.`,
  )
}

const unknownParameter = (name: string): SessionError =>
  new SessionError(
    "ERR_SESSION_CONFIG",
    `The SQLite store has no option ${JSON.stringify(name)}. A URL knows ${Object.keys(PARAMETERS).join(", ")}.`,
  )
