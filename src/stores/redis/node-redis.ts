import type { Client, Reply } from "./client.ts"
import type { NodeRedisClient, NodeRedisCluster, NodeRedisSentinel } from "./given-client.ts"
import { hashSlot } from "./subscriber-slots.ts"

/** Maps, in the third version of the protocol. */
const MAP_TYPE = 37

/**
 * Replies come in the library's plain types, whatever the pattern prefers, and the maps of the protocol's third version as
 * lists, as in the second. The library's own time limit would end only what waits in its queue, by a timer for each command:
 * the store's signal does that.
 */
const COMMAND_OPTIONS = { timeout: undefined, typeMapping: { [MAP_TYPE]: Array } } as const
const OVERRIDES = {
  clientSideCache: undefined,
  commandOptions: COMMAND_OPTIONS,
  // Of a Cluster: one node that is silent must not keep the others from being used.
  minimizeConnections: true,
} as const

/** A client of the package `redis`, from a pattern. */
export function nodeRedisClient(pattern: NodeRedisClient): Client {
  // `duplicate` of a library with dozens of type parameters: what it makes is of the pattern's own type.
  const own = pattern.duplicate(OVERRIDES) as NodeRedisClient
  let failure: unknown
  const onError = (error: unknown): void => {
    failure = error
  }
  own.on("error", onError)
  own.on("node-error", onError)
  let isDestroyed = false
  // A client that is destroyed while its socket is being made would leave that socket behind.
  own.on("connect", () => isDestroyed && destroy(own))
  return {
    library: "node-redis",
    kind: kindOf(own),
    live: own,
    get isReady() {
      return own.isReady ?? own.isOpen
    },
    get isClosed() {
      return !own.isOpen
    },
    connect: () => connect(own, () => failure),
    send: sender(own),
    ...(kindOf(own) === "single" && { onLost: listener => void own.on("reconnecting", listener) }),
    nodeOf: key => (isCluster(own) ? (own.slots[hashSlot(key)]?.master.address ?? key) : ""),
    destroy() {
      isDestroyed = true
      void destroy(own)
    },
    duplicate: () => nodeRedisClient(pattern),
  }
}

export const isNodeRedis = (client: object): client is NodeRedisClient =>
  "sendCommand" in client && "duplicate" in client && "isOpen" in client

const isCluster = (client: NodeRedisClient): client is NodeRedisCluster => "getRandomNode" in client
const isSentinel = (client: NodeRedisClient): client is NodeRedisSentinel => "getMasterNode" in client

const kindOf = (client: NodeRedisClient): Client["kind"] =>
  isCluster(client) ? "cluster" : isSentinel(client) ? "sentinel" : "single"

/** The first error of one server ends the attempt; a Cluster or Sentinel has other nodes to ask. */
async function connect(own: NodeRedisClient, failure: () => unknown): Promise<void> {
  const failed = new Promise<never>((_, reject) => {
    if (kindOf(own) === "single") own.on("error", reject)
  })
  try {
    await Promise.race([own.connect(), failed])
  } catch (error) {
    throw failure() ?? error
  }
}

function sender(own: NodeRedisClient): Client["send"] {
  const options = (abortSignal: AbortSignal) => ({ ...COMMAND_OPTIONS, abortSignal })
  // The library's type of a reply is unknown; readers check what they get.
  if (isCluster(own)) {
    return (key, command, signal) => own.sendCommand(key, false, command, options(signal)) as Promise<Reply>
  }
  if (isSentinel(own)) {
    return (_, command, signal) => own.sendCommand(false, command, options(signal)) as Promise<Reply>
  }
  return (_, command, signal) => own.sendCommand(command, options(signal)) as Promise<Reply>
}

/** A client that was never open throws. */
async function destroy(own: NodeRedisClient): Promise<void> {
  try {
    await own.destroy()
  } catch {}
}
