import type { SessionRecord } from "../../contract/record.ts"
import type { Call } from "./call.ts"
import type { Reply } from "./client.ts"
import { decodeText, encodeText, indexName, type Layout } from "./layout.ts"
import { writeNotice } from "./notices.ts"
import { readIds, readRecord, readTexts } from "./replies.ts"
import type { IndexScripts } from "./scripts/index-scripts.ts"
import type { Script } from "./scripts/script.ts"

/** Sessions by user or by external id: every bucket is asked, all at once; each answers in one atomic step. */
export class IndexQueries {
  readonly #layout: Layout
  readonly #scripts: IndexScripts

  constructor(layout: Layout, scripts: IndexScripts) {
    this.#layout = layout
    this.#scripts = scripts
  }

  async findByUser(call: Call, userId: string, now: number): Promise<SessionRecord[]> {
    const replies = await this.#ask(call, this.#scripts.find, "u", userId, now)
    return replies.flatMap(reply => readPairs(reply, now)).sort(byAuthentication)
  }

  async countByUser(call: Call, userId: string, now: number): Promise<number> {
    const replies = await this.#ask(call, this.#scripts.list, "u", userId, now)
    return replies.flatMap(readIds).length
  }

  async revokeByUser(call: Call, userId: string, except: string | undefined, now: number): Promise<string[]> {
    const notice = writeNotice({ kind: "userRevoked", userId, ...(except !== undefined && { except }) })
    const kept = except === undefined ? "" : `=${encodeText(except)}`
    const replies = await this.#ask(call, this.#scripts.revoke, "u", userId, now, kept, notice)
    return replies.flatMap(readIds)
  }

  async revokeByExternalId(call: Call, externalId: string, now: number): Promise<string[]> {
    const replies = await this.#ask(call, this.#scripts.revoke, "e", externalId, now, "", "")
    return replies.flatMap(readIds)
  }

  /** What each bucket did; more than one reply of a bucket whose index had to be repaired. */
  async #ask(
    call: Call,
    script: Script,
    index: "u" | "e",
    text: string,
    now: number,
    ...more: readonly string[]
  ): Promise<Reply[]> {
    const name = indexName(text)
    const about = {
      script,
      key: `${index}:${name}`,
      name,
      field: index === "u" ? "u" : "n",
      now: `${now}`,
      more,
    }
    const replies = await Promise.all(this.#layout.bases().map(base => this.#askBucket(call, base, about)))
    return replies.flat()
  }

  /**
   * An entry that looks stale is one only if the server confirms it with the session's key at hand; otherwise the
   * session has just arrived from another node, and the question is put again.
   */
  async #askBucket(call: Call, base: string, about: Question): Promise<Reply[]> {
    const { script, name, field, now, more } = about
    const key = base + about.key
    const replies: Reply[] = []
    for (;;) {
      const [done, stale] = readLists(await call.run(script, [key], [base, now, name, field, ...more]))
      replies.push(done)
      const ids = readTexts(stale)
      if (ids.length === 0) return replies
      const keys = ids.map(id => `${base}s:${id}`)
      const repaired = readTexts(await call.run(this.#scripts.repair, [key, ...keys], [name, field, ...ids]))
      if (repaired.length === ids.length) return replies
      // What a revocation did is done; an answer is given anew.
      if (script !== this.#scripts.revoke) replies.length = 0
    }
  }
}

interface Question {
  readonly script: Script
  readonly key: string
  readonly name: string
  readonly field: string
  readonly now: string
  readonly more: readonly string[]
}

function readLists(reply: Reply): [done: Reply, stale: Reply] {
  const [done = null, stale = null] = typeof reply === "object" && reply !== null ? reply : []
  return [done, stale]
}

function readPairs(reply: Reply, now: number): SessionRecord[] {
  const pairs = typeof reply === "object" && reply !== null ? reply : []
  const records: SessionRecord[] = []
  for (let index = 0; index + 1 < pairs.length; index += 2) {
    const record = readRecord(decodeText(String(pairs[index])), pairs[index + 1] ?? null, now)
    if (record) records.push(record)
  }
  return records
}

function byAuthentication(a: SessionRecord, b: SessionRecord): number {
  const [first, second] = [a.login?.authenticatedAt ?? 0, b.login?.authenticatedAt ?? 0]
  return first - second || (a.id < b.id ? -1 : 1)
}
