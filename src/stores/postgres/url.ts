import { SessionError } from "../../contract/errors.ts"
import type { PostgresOptions } from "./options.ts"

/** How each query parameter of a URL becomes an option. */
const PARAMETERS: Readonly<
  Record<string, (text: string, name: string) => Omit<PostgresOptions, "url" | "pool">>
> = {
  schema: schema => ({ schema }),
  tablePrefix: tablePrefix => ({ tablePrefix }),
  migrate: (text, name) => ({ migrate: readFlag(text, name) }),
  unlogged: (text, name) => ({ unlogged: readFlag(text, name) }),
  prepare: (text, name) => ({ prepare: readFlag(text, name) }),
  announce: (text, name) => ({ announce: readFlag(text, name) }),
  listenUrl: listenUrl => ({ listenUrl }),
  statementTimeout: text => ({ statementTimeout: readNumber(text) }),
  poolSize: text => ({ poolSize: readNumber(text) }),
}

/** What `pg` reads itself; it stays in the URL. */
const CONNECTION = new Set([
  "host",
  "port",
  "user",
  "password",
  "database",
  "ssl",
  "sslmode",
  "sslcert",
  "sslkey",
  "sslrootcert",
  "sslnegotiation",
  "uselibpqcompat",
  "encoding",
  "client_encoding",
  "application_name",
  "fallback_application_name",
  "options",
  "keepAlive",
])

/**
 * The options that a URL stands for: `postgres://user:password@host:5432/database?schema=…&prepare=false`. What is
 * addressed to `pg` itself, such as `sslmode`, stays in the `url` of the answer. Throws `ERR_SESSION_CONFIG`.
 */
export function parsePostgresUrl(text: string): PostgresOptions & { readonly url: string } {
  const parts = /^(postgres(?:ql)?:\/\/[^?#]*)(?:\?([^#]*))?$/is.exec(text)
  if (!parts) {
    throw config(
      "This is no URL of the PostgreSQL store. Write postgres://user:password@host:5432/database; in user and password, write %23 for #, %3F for ?, %40 for @ and %2F for /.",
    )
  }
  const [, address = "", query = ""] = parts
  const connection = new URLSearchParams()
  let options = {}
  for (const [name, value] of new URLSearchParams(query)) {
    const read = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : undefined
    if (read) options = { ...options, ...read(value, name) }
    else if (CONNECTION.has(name)) connection.append(name, value)
    else throw unknownParameter(name)
  }
  return { ...options, url: connection.size === 0 ? address : `${address}?${connection}` }
}

function readFlag(text: string, name: string): boolean {
  if (text === "true" || text === "false") return text === "true"
  throw config(
    `The parameter ${name} of the PostgreSQL store's URL is ${JSON.stringify(text)}. Write true or false.`,
  )
}

const readNumber = (text: string): number => (text === "" ? Number.NaN : Number(text))

const unknownParameter = (name: string): SessionError =>
  config(
    `The PostgreSQL store has no option ${JSON.stringify(name)}. A URL knows ${Object.keys(PARAMETERS).join(", ")}, and of pg's own ${[...CONNECTION].join(", ")}.`,
  )

const config = (message: string): SessionError => new SessionError("ERR_SESSION_CONFIG", message)
