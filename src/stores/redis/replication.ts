import { SessionError } from "../../contract/errors.ts"
import type { Call } from "./call.ts"
import type { Client } from "./client.ts"
import { replicationError } from "./errors.ts"
import type { WaitReplicas } from "./options.ts"

/** Waits until the replicas have what this connection has written. Does nothing unless the option asks for it. */
export class Replication {
  readonly #wanted: WaitReplicas | undefined

  constructor(wanted: WaitReplicas | undefined, client: Client) {
    if (wanted && client.kind === "cluster" && client.library === "ioredis") throw unsupported()
    this.#wanted = wanted
  }

  /** Waits on each node that serves one of the keys. */
  async settle(call: Call, keys: () => readonly string[]): Promise<void> {
    const wanted = this.#wanted
    if (!wanted) return
    const { count, timeout } = wanted
    const wait = (key: string) => call.send(key, ["WAIT", `${count}`, `${timeout}`])
    const reached = (await Promise.all(call.oneForEachNode(keys()).map(wait))).map(Number)
    const least = Math.min(count, ...reached)
    if (least < count) throw replicationError(least, count, timeout)
  }
}

const unsupported = (): SessionError =>
  new SessionError(
    "ERR_SESSION_CONFIG",
    "waitReplicas does not go with a Cluster of ioredis, which cannot be told where to send WAIT. Give a Cluster of the package redis, or a redis+cluster:// URL.",
  )
