import { isSessionError, SessionError, type SessionErrorCode } from "../../contract/errors.ts"

type Explanation = readonly [code: SessionErrorCode, what: string, todo: string]

const DOWN: SessionErrorCode = "ERR_SESSION_STORE_UNAVAILABLE"

/** What the first word of a server's error, or the code of the system's, means. */
const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  WRONGPASS: [DOWN, "refuses the user name or password", "Correct them in the URL or the client's options."],
  NOAUTH: [
    DOWN,
    "asks for a password",
    "Add it: redis://user:password@host, or the client's option password.",
  ],
  NOPERM: [
    DOWN,
    "does not allow the user what the store needs",
    "Grant it with ACL SETUSER: the keys and channels that begin with the prefix (~sojourn:* &sojourn:*), " +
      "+@read +@write +@scripting +@pubsub +@connection.",
  ],
  OOM: [
    DOWN,
    "has no memory left",
    "Raise maxmemory, or shorten the sessions' lifetimes; revocations still work.",
  ],
  READONLY: [
    DOWN,
    "is a replica and takes no writes",
    "Connect to the primary, or through Sentinel or Cluster.",
  ],
  LOADING: [DOWN, "is still loading its data", "Wait until it has; the store tries again with every call."],
  MASTERDOWN: [DOWN, "is a replica without its primary", "Wait for the failover."],
  CLUSTERDOWN: [
    DOWN,
    "is a Cluster that does not serve all slots",
    "Look at CLUSTER INFO; wait for the failover.",
  ],
  TRYAGAIN: [DOWN, "is moving the hash slot to another node", "Try again in a moment."],
  MISCONF: [
    DOWN,
    "cannot save to its disk and takes no writes",
    "Free space on its disk; see the server's log.",
  ],
  NOREPLICAS: [DOWN, "has too few replicas to take writes", "See min-replicas-to-write."],
  BUSY: [DOWN, "is busy with a script that does not end", "See SCRIPT KILL; it is none of this store's."],
  WRONGTYPE: [
    "ERR_SESSION_STORE_CORRUPT",
    "holds a key of the store with another type",
    "Something else writes to keys of this prefix: choose another prefix.",
  ],
  ECONNREFUSED: [
    DOWN,
    "refuses the connection",
    "See whether the server runs and whether host and port are right.",
  ],
  ENOTFOUND: [DOWN, "is not known by this host name", "Correct the host name."],
  EAI_AGAIN: [DOWN, "cannot be looked up by its host name", "See whether name resolution works."],
}

const UNVERIFIED: Explanation = [
  DOWN,
  "shows a certificate that cannot be verified",
  "Set NODE_EXTRA_CA_CERTS to the file of its authority's certificate, or give a client with that as its ca.",
]

const UNKNOWN: Explanation = [DOWN, "failed or cannot be reached", "See the cause."]

/** What a client threw, as the error that this library promises. */
export function redisError(error: unknown, address: string): SessionError {
  if (isSessionError(error)) return error
  const [code, what, todo] = explanationOf(error) ?? UNKNOWN
  return new SessionError(code, `The Redis server ${address} ${what} (${messageOf(error)}). ${todo}`, error)
}

/** The first word of an error's message, such as `NOSCRIPT`. */
export const serverCode = (error: unknown): string =>
  /^(?:ERR )?(-?[A-Z]+)\b/.exec(messageOf(error))?.[1] ?? ""

/** Whether the keys are on their way to another node: nothing was done, and later it can be. */
export const isUnderWay = (error: unknown): boolean =>
  serverCode(error) === "TRYAGAIN" ||
  /^Too many Cluster redirections|attempted to access a non local key/.test(messageOf(error))

/** Whether the server has refused a write, or a script before its first one, for want of memory. */
export const isOutOfMemory = (error: unknown): boolean => /(?:^|-)OOM\b/.test(messageOf(error))

export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message === "" && "code" in error ? String(error.code) : error.message
}

/** How a script is told that the user lacks a right: Redis 7 and 6.2. */
const DENIED_IN_SCRIPT = /The user executing the script can't|ACL failure in script/i

function explanationOf(error: unknown): Explanation | undefined {
  for (const each of causes(error)) {
    const found = EXPLANATIONS[serverCode(each)] ?? EXPLANATIONS[systemCode(each)]
    if (found) return found
    // A script's error hides that of its command behind words of its own.
    const inside = /\b(NOPERM|OOM|READONLY|MISCONF|NOREPLICAS|WRONGTYPE)\b/.exec(messageOf(each))?.[1]
    if (inside !== undefined) return EXPLANATIONS[inside]
    if (/CERT|UNABLE_TO_VERIFY/.test(systemCode(each))) return UNVERIFIED
    if (DENIED_IN_SCRIPT.test(messageOf(each))) return EXPLANATIONS["NOPERM"]
  }
  return undefined
}

function* causes(error: unknown): Iterable<unknown> {
  for (let each = error, depth = 0; each instanceof Error && depth < 4; depth++) {
    yield each
    if ("lastNodeError" in each) yield each.lastNodeError
    if (each instanceof AggregateError) yield* each.errors
    each = each.cause
  }
}

const systemCode = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : ""

export const closedError = (): SessionError =>
  new SessionError(
    "ERR_SESSION_CLOSED",
    "The Redis store has been closed. Open another one, or close it only after the last request.",
  )

export const offlineError = (address: string, cause: unknown): SessionError =>
  new SessionError(
    DOWN,
    `There is no connection to the Redis server ${address}${cause === undefined ? "" : ` (${messageOf(cause)})`}. ` +
      "The store reconnects by itself; see whether the server runs.",
    cause,
  )

export const timeoutError = (operation: string, address: string, timeout: number): SessionError =>
  new SessionError(
    "ERR_SESSION_STORE_TIMEOUT",
    `The Redis server ${address} did not answer ${operation} within ${timeout} ms: whether a change was stored is unknown. ` +
      "See whether the server is up and fast enough, or raise the option timeout.",
  )

export const abandonedError = (operation: string, reason: unknown): SessionError =>
  new SessionError(
    "ERR_SESSION_STORE_TIMEOUT",
    `The caller gave ${operation} up before the Redis server answered: whether a change was stored is unknown.`,
    reason,
  )

export const fullError = (cause?: unknown): SessionError =>
  new SessionError(
    "ERR_SESSION_STORE_FULL",
    "The Redis server has no memory left: nothing of this call has been stored. Raise maxmemory, or shorten the sessions' " +
      "lifetimes; revocations still work.",
    cause,
  )

export const replicationError = (reached: number, wanted: number, timeout: number): SessionError =>
  new SessionError(
    DOWN,
    `${reached} of ${wanted} replicas had the change after ${timeout} ms (waitReplicas). The primary has stored it; ` +
      "a failover now could lose it. Read the session again before you decide; see whether the replicas are up.",
  )

export const unreadableRecord = (id: string, cause: unknown): SessionError =>
  new SessionError(
    "ERR_SESSION_STORE_CORRUPT",
    `The record of session ${id} cannot be decoded: something else has written to its key. Delete the key, or choose another prefix.`,
    cause,
  )
