import type { SessionRecord } from "../../contract/record.ts"
import type { Call } from "./call.ts"
import type { Client, Reply } from "./client.ts"
import type { Layout } from "./layout.ts"
import { readRecord, readReplies } from "./replies.ts"
import { readScript } from "./scripts/read.ts"

/** Reads sessions by their ids: one by itself, many by one script, and by themselves what that leaves because of its size. */
export class SessionReader {
  readonly #layout: Layout
  readonly #isByScript: boolean

  /**
   * Where there are several buckets, few sessions are in the same. In a Cluster, a script whose sessions are not all there
   * would wait while their slot moves to another node, however many buckets there are.
   */
  constructor(layout: Layout, kind: Client["kind"]) {
    this.#layout = layout
    this.#isByScript = layout.buckets === 1 && kind !== "cluster"
  }

  async read(call: Call, ids: readonly string[], now: number): Promise<(SessionRecord | undefined)[]> {
    const replies = await this.#ask(call, ids)
    return replies.map((reply, index) => readRecord(ids[index] ?? "", reply, now))
  }

  async #ask(call: Call, ids: readonly string[]): Promise<readonly Reply[]> {
    const keys = ids.map(id => this.#layout.sessionKey(id))
    const alone = (key: string): Promise<Reply> => call.send(key, ["HGETALL", key])
    if (!this.#isByScript || keys.length === 1) return await Promise.all(keys.map(alone))
    const replies = readReplies(await call.run(readScript, keys, []))
    if (!replies.includes(null)) return replies
    return await Promise.all(replies.map((reply, index) => reply ?? alone(keys[index] ?? "")))
  }
}
