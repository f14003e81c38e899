import type { Call } from "./call.ts"
import { decodeText, type Layout } from "./layout.ts"
import { readTexts } from "./replies.ts"
import type { BucketScripts } from "./scripts/bucket-scripts.ts"

/** How many entries one script looks at: a few milliseconds, during which the server does nothing else. */
const SLICE = 250

/** Each slice is one call, with a time limit of its own. */
export type CallSlice = <T>(work: (call: Call) => Promise<T>) => Promise<T>

/** Work over all sessions, bucket by bucket and slice by slice. */
export class BucketQueries {
  readonly #layout: Layout
  readonly #scripts: BucketScripts

  constructor(layout: Layout, scripts: BucketScripts) {
    this.#layout = layout
    this.#scripts = scripts
  }

  async sweep(slice: CallSlice, now: number, limit: number): Promise<string[]> {
    const removed: string[] = []
    for (const base of this.#layout.bases()) {
      for (let isDone = false; !isDone && removed.length < limit; ) {
        const size = Math.min(SLICE, limit - removed.length)
        const values = [base, `${now}`, `${size}`]
        const [seen, ...ids] = readTexts(
          await slice(call => call.run(this.#scripts.sweep, [`${base}x`], values)),
        )
        for (const id of ids) removed.push(decodeText(id))
        isDone = Number(seen) < size
      }
    }
    return removed
  }

  /** Until no bucket holds a session any more; what is created meanwhile ends, too. */
  async revokeAll(slice: CallSlice, now: number): Promise<number> {
    const counts = await Promise.all(this.#layout.bases().map(base => this.#revokeBucket(slice, base, now)))
    return counts.reduce((sum, count) => sum + count, 0)
  }

  async #revokeBucket(slice: CallSlice, base: string, now: number): Promise<number> {
    for (let revoked = 0; ; ) {
      const { seen, live, missing } = await this.#revokeSlice(slice, base, now, [])
      revoked += live
      // Not there, or on the way from another node: the server tells, with the sessions' keys at hand.
      if (missing.length > 0) revoked += (await this.#revokeSlice(slice, base, now, missing)).live
      if (seen < SLICE) return revoked
    }
  }

  async #revokeSlice(slice: CallSlice, base: string, now: number, ids: readonly string[]) {
    const keys = [`${base}x`, ...ids.map(id => `${base}s:${id}`)]
    const values = [base, `${now}`, `${SLICE}`, ...ids]
    const reply = await slice(call => call.run(this.#scripts.revoke, keys, values))
    const [seen, live, missing = []] = typeof reply === "object" && reply !== null ? reply : []
    return { seen: Number(seen), live: Number(live), missing: readTexts(missing) }
  }

  async countLive(call: Call, now: number): Promise<number> {
    const count = (base: string) => call.send(`${base}x`, ["ZCOUNT", `${base}x`, `(${now}`, "+inf"])
    const counts = await Promise.all(this.#layout.bases().map(count))
    return counts.reduce<number>((sum, each) => sum + Number(each), 0)
  }

  async countUsersSeen(slice: CallSlice, since: number, now: number): Promise<number> {
    const users = new Set<string>()
    await Promise.all(this.#layout.bases().map(base => this.#addUsers(users, slice, base, since, now)))
    return users.size
  }

  /** In the order of the last use, which only grows: a session that is used meanwhile is met again, none is missed. */
  async #addUsers(users: Set<string>, slice: CallSlice, base: string, since: number, now: number) {
    let [from, skip] = [`${since}`, 0]
    for (let isDone = false; !isDone; ) {
      const values = [base, `${now}`, from, `${skip}`, `${SLICE}`]
      const [seen, last = "", ties, ...names] = readTexts(
        await slice(call => call.run(this.#scripts.users, [`${base}l`], values)),
      )
      for (const name of names) users.add(name)
      isDone = Number(seen) < SLICE
      skip = last === from ? skip + Number(ties) : Number(ties)
      from = last
    }
  }
}
