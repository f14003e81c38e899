import type { Hit, HitOutcome } from "../../../src/contract/index.ts"
import { ReferenceStore } from "../../testing/reference-store.ts"

/** A store that tells what it is asked to count, with a switch to make it fail. */
export class CountingStore extends ReferenceStore {
  readonly hits: Hit[] = []
  failing = false

  override async hit(hits: readonly Hit[]): Promise<HitOutcome[]> {
    if (this.failing) throw new Error("the disk is on fire")
    this.hits.push(...hits)
    return await super.hit(hits)
  }
}
