import type { SessionRecord } from "../../contract/record.ts"
import type { Call } from "./call.ts"
import type { Reply } from "./client.ts"
import type { Layout } from "./layout.ts"
import { readRecord, readReplies } from "./replies.ts"
import { readScript } from "./scripts/read.ts"

/** Reads sessions by their ids: one by itself, many in one bucket by one script. */
export class SessionReader {
  readonly #layout: Layout

  constructor(layout: Layout) {
    this.#layout = layout
  }

  async read(call: Call, ids: readonly string[], now: number): Promise<(SessionRecord | undefined)[]> {
    const replies = await this.#ask(call, ids)
    return replies.map((reply, index) => readRecord(ids[index] ?? "", reply, now))
  }

  /** Where there are several buckets, few sessions are in the same; and a script would wait while a Cluster moves one. */
  async #ask(call: Call, ids: readonly string[]): Promise<readonly Reply[]> {
    const keys = ids.map(id => this.#layout.sessionKey(id))
    if (this.#layout.buckets === 1 && keys.length > 1)
      return readReplies(await call.run(readScript, keys, []))
    return await Promise.all(keys.map(key => call.send(key, ["HGETALL", key])))
  }
}
