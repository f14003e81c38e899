import { SessionError } from "../../contract/errors.ts"
import type { Reply } from "./client.ts"
import type { Connection } from "./connection.ts"
import { messageOf, serverCode } from "./errors.ts"
import type { Layout } from "./layout.ts"
import { type Script, script } from "./scripts/script.ts"

/** Tries everything that the store will do, in a key that goes at once, and asks the server what it is. */
const probe = (publishCommand: string): Script =>
  script(`
local base = ARGV[1]
redis.call('${publishCommand}', base .. 'feed', 'h probe 0')
redis.call('HSET', KEYS[1], 'probe', '1')
redis.call('HSETNX', KEYS[1], 'probe', '1')
redis.call('EXISTS', KEYS[1])
redis.call('HGET', KEYS[1], 'probe')
redis.call('HGETALL', KEYS[1])
redis.call('HDEL', KEYS[1], 'nothing')
redis.call('PEXPIRE', KEYS[1], 1000)
redis.call('DEL', KEYS[1])
redis.call('ZADD', KEYS[1], 1, 'probe')
redis.call('ZRANGE', KEYS[1], 0, -1)
redis.call('DEL', KEYS[1])
local info = ''
for _, section in ipairs({ 'server', 'cluster', 'memory' }) do
  local reply = redis.pcall('INFO', section)
  if type(reply) == 'string' then info = info .. reply end
end
return info
`)

/** What the server tells of itself; what it does not tell is `undefined`. */
interface ServerFacts {
  readonly version: string | undefined
  readonly isCluster: boolean | undefined
  readonly policy: string | undefined
}

/** The way to the server that is to be checked. */
export type CheckedServer = Pick<Connection, "address" | "call"> & {
  readonly client: Pick<Connection["client"], "kind">
}

/** Throws `ERR_SESSION_CONFIG` when the server is not one that the store can work with, and says what to do. */
export async function checkServer(connection: CheckedServer, layout: Layout): Promise<void> {
  const { kind } = connection.client
  const facts = readFacts(await runProbe(connection, layout))
  const wanted = kind === "cluster" ? 7 : 6.2
  const [, major = "0", minor = "0"] = /^(\d+)\.(\d+)/.exec(facts.version ?? "99.0") ?? []
  if (Number(major) + Number(minor) / 10 < wanted) {
    throw wrong(`${connection.address} has version ${facts.version}: the store needs ${wanted} or newer`)
  }
  if (facts.isCluster === true && kind !== "cluster") {
    throw wrong(
      `${connection.address} is a node of a Cluster: write redis+cluster://host:port, or give a Cluster's client`,
    )
  }
  if (facts.isCluster === false && kind === "cluster") {
    throw wrong(`${connection.address} is no Cluster: write redis://host:port, or give a plain client`)
  }
  warnOfEviction(facts.policy, connection.address)
}

async function runProbe(connection: CheckedServer, layout: Layout): Promise<Reply> {
  const publishCommand = connection.client.kind === "cluster" ? "SPUBLISH" : "PUBLISH"
  const base = layout.base(0)
  return await connection.call("the first check", undefined, call =>
    call.run(probe(publishCommand), [`${base}s:probe`], [base]),
  )
}

/** What opening failed with: what is wrong with the set-up does not get better by waiting. */
export function startUpError(error: unknown): unknown {
  const cause = error instanceof SessionError ? error.cause : error
  const told = messageOf(cause)
  if (/Unknown Redis command|unknown command/i.test(told)) {
    return wrong("the server is too old: the store needs Redis 6.2, in a Cluster 7.0, or any Valkey", cause)
  }
  if (serverCode(cause) === "MOVED") {
    return wrong("the server is a node of a Cluster: write redis+cluster://host:port", cause)
  }
  if (/cluster support disabled/i.test(told)) {
    return wrong("the server is no Cluster: write redis://host:port, or give a plain client", cause)
  }
  if (error instanceof SessionError && /does not allow|password/.test(error.message)) {
    return new SessionError("ERR_SESSION_CONFIG", error.message, cause)
  }
  return error
}

function readFacts(info: Reply): ServerFacts {
  const text = typeof info === "string" ? info : ""
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(text)?.[1]
  const cluster = field("cluster_enabled")
  const version = field("valkey_version") ? "99.0" : field("redis_version")
  const policy = field("maxmemory") === "0" ? "noeviction" : field("maxmemory_policy")
  return { version, isCluster: cluster === undefined ? undefined : cluster === "1", policy }
}

/** Sessions have a time to live, so the policies of volatile keys take them as well. */
function warnOfEviction(policy: string | undefined, address: string): void {
  if (policy === undefined || policy === "noeviction") return
  process.emitWarning(
    `The Redis server ${address} has maxmemory-policy ${policy}: when its memory is full, it drops sessions and index entries. ` +
      "Set noeviction, or keep sessions on a server of their own.",
    { type: "SojournWarning", code: "SOJOURN_REDIS_EVICTION" },
  )
}

const wrong = (message: string, cause?: unknown): SessionError =>
  new SessionError("ERR_SESSION_CONFIG", `The Redis store cannot start: ${message}.`, cause)
