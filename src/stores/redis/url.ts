import { SessionError } from "../../contract/errors.ts"
import { DEFAULT_URL, type RedisOptions } from "./options.ts"

export interface RedisNode {
  readonly host: string
  readonly port: number
}

/** Where a URL leads. */
export interface RedisTarget {
  readonly kind: "single" | "sentinel" | "cluster"
  readonly tls: boolean
  readonly username: string | undefined
  readonly password: string | undefined
  readonly nodes: readonly RedisNode[]
  /** Sentinel's name of the primary. */
  readonly master: string
  readonly database: number
}

export interface ParsedRedisUrl {
  readonly target: RedisTarget
  readonly options: RedisOptions
}

/** How each query parameter of a URL becomes an option. */
const PARAMETERS: Readonly<Record<string, (text: string) => RedisOptions>> = {
  prefix: text => ({ prefix: text }),
  buckets: text => ({ buckets: toNumber(text) }),
  timeout: text => ({ timeout: toNumber(text) }),
  waitReplicas: text => {
    const [count = "", timeout = "1000"] = text.split(":")
    return { waitReplicas: { count: toNumber(count), timeout: toNumber(timeout) } }
  },
}

const toNumber = (text: string): number => (text === "" ? Number.NaN : Number(text))

const SHAPE =
  /^(?:redis|valkey)(s?)(?:\+(cluster|sentinel))?:\/\/(?:([^@/?#]*)@)?([^@/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/i

/**
 * Reads `redis://user:password@host:6379/0`, `redis+cluster://host:7000,host:7001` and
 * `redis+sentinel://host:26379,host:26379/mastername/0`. `valkey` stands for the same; `rediss`, `valkeys` speak TLS.
 * Options follow as `?prefix=…&buckets=…&timeout=…&waitReplicas=count:timeout`. Throws `ERR_SESSION_CONFIG`.
 */
export function parseRedisUrl(text: string = DEFAULT_URL): ParsedRedisUrl {
  const [, secure = "", kind = "single", user, hosts = "", path = "", query = ""] =
    SHAPE.exec(text) ?? refuse()
  const target: RedisTarget = {
    ...{ kind: kind.toLowerCase() as RedisTarget["kind"], tls: secure !== "" },
    ...readUser(user),
    nodes: readNodes(hosts, kind.toLowerCase() === "sentinel" ? 26379 : 6379),
    ...readPath(kind.toLowerCase(), path),
  }
  if (target.kind === "single" && target.nodes.length !== 1) refuse()
  return { target, options: readQuery(query) }
}

function readUser(user: string | undefined): Pick<RedisTarget, "username" | "password"> {
  const colon = user?.indexOf(":") ?? -1
  if (user === undefined) return { username: undefined, password: undefined }
  const [name, password] = colon === -1 ? [user, ""] : [user.slice(0, colon), user.slice(colon + 1)]
  return { username: decode(name) || undefined, password: decode(password) || undefined }
}

const readNodes = (hosts: string, port: number): RedisNode[] =>
  hosts.split(",").map(each => {
    const [, six, name, digits] = /^(?:\[([\da-fA-F:.]+)\]|([^:[\]]*))(?::(\d{1,5}))?$/.exec(each) ?? refuse()
    const number = digits === undefined ? port : Number(digits)
    if (number < 1 || number > 65_535) refuse()
    return { host: six ?? (decode(name ?? "") || "localhost"), port: number }
  })

function readPath(kind: string, path: string): Pick<RedisTarget, "master" | "database"> {
  const parts = path.split("/")
  const master = kind === "sentinel" ? decode(parts.shift() ?? "") : ""
  const [database = ""] = parts
  if (parts.length > 1 || !/^\d{0,5}$/.test(database)) refuse()
  if (kind === "sentinel" && master === "") refuse()
  if (kind === "cluster" && Number(database) !== 0) refuse()
  return { master, database: Number(database) }
}

function readQuery(query: string): RedisOptions {
  let options: RedisOptions = {}
  for (const [name, value] of new URLSearchParams(query)) {
    const read = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : undefined
    if (!read) throw unknownParameter(name)
    options = { ...options, ...read(value) }
  }
  return options
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return refuse()
  }
}

/** Without the URL's text: it may hold a password. */
function refuse(): never {
  throw new SessionError(
    "ERR_SESSION_CONFIG",
    "The URL of the Redis store cannot be read. Write redis://user:password@host:6379/0, redis+cluster://host:7000,host:7001 or " +
      "redis+sentinel://host:26379,host:26379/mastername (valkey for redis if you like; rediss or valkeys for TLS); in a user name " +
      "or password, write % : / ? # @ as %25 %3A %2F %3F %23 %40. A Cluster has database 0 only.",
  )
}

const unknownParameter = (name: string): SessionError =>
  new SessionError(
    "ERR_SESSION_CONFIG",
    `The Redis store has no option ${JSON.stringify(name)}. A URL knows ${Object.keys(PARAMETERS).join(", ")}.`,
  )
