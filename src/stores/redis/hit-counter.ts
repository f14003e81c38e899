import type { Hit, HitOutcome } from "../../contract/hit.ts"
import type { Call } from "./call.ts"
import { encodeText, type Layout } from "./layout.ts"
import { readHit, readTexts } from "./replies.ts"
import { hitScript } from "./scripts/hit.ts"

/** What another node's clock may differ by, in milliseconds. */
const SKEW = 60_000

interface Numbered {
  readonly hit: Hit
  /** Where its outcome belongs. */
  readonly index: number
}

/** Counts hits: one script for each bucket. A count ends by itself when no window reaches it any more. */
export class HitCounter {
  readonly #layout: Layout
  readonly #script = hitScript()

  constructor(layout: Layout) {
    this.#layout = layout
  }

  async hit(call: Call, hits: readonly Hit[], now: number): Promise<HitOutcome[]> {
    const buckets = new Map<number, Numbered[]>()
    for (const [index, hit] of hits.entries()) {
      const bucket = this.#layout.bucketOf(hit.key)
      const own = buckets.get(bucket) ?? []
      own.push({ hit, index })
      buckets.set(bucket, own)
    }
    const outcomes: HitOutcome[] = []
    await Promise.all(
      Array.from(buckets, async ([bucket, own]) => {
        const replies = await this.#hitBucket(call, bucket, own, now)
        for (const [place, { index }] of own.entries()) outcomes[index] = readHit(replies[place] ?? "")
      }),
    )
    return outcomes
  }

  async #hitBucket(call: Call, bucket: number, hits: readonly Numbered[], now: number): Promise<string[]> {
    const base = this.#layout.base(bucket)
    const keys = hits.map(({ hit }) => `${base}h:${encodeText(hit.key)}`)
    const values = hits.flatMap(({ hit }) => hitValues(hit, now))
    return readTexts(await call.run(this.#script, keys, [`${now}`, ...values]))
  }
}

function hitValues({ window, limit, cost }: Hit, now: number): string[] {
  const lifetime = Math.min(Math.ceil(2 * window + SKEW), 1e13)
  return [now - (now % window), window, limit, cost, lifetime].map(String)
}
