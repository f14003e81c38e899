import { SessionError } from "../contract/errors.ts"
import type { Hit, HitOutcome } from "../contract/hit.ts"
import { isHitCounting } from "../contract/store.ts"
import type { ManagerContext } from "./context.ts"
import type { EventHub } from "./events.ts"
import { Lane } from "./lane.ts"

/** Counts uses in the store, for rate limits. */
export interface HitCounter {
  readonly now: () => number
  /** Judges and counts a hit; of concurrent ones, many travel in one call. Rejects when the store fails. */
  hit(hit: Hit): Promise<HitOutcome>
  /** Tells listeners. */
  readonly emit: EventHub["emit"]
}

/** A store that cannot count throws `ERR_SESSION_UNSUPPORTED`. */
export function hitCounter({ events, meters, now, rules, store, storeTimeout }: ManagerContext): HitCounter {
  if (!isHitCounting(store)) {
    throw new SessionError(
      "ERR_SESSION_UNSUPPORTED",
      "this store cannot count hits, which rate limits need: use one that can (memory:, file:, sqlite: and others do), " +
        "or limit requests in front of the application",
    )
  }
  const lane = new Lane<Hit, HitOutcome>({
    operation: "hit",
    deadline: storeTimeout,
    maxQueued: rules.limits.maxQueued,
    meters,
    send: (hits, signal) => store.hit(hits, signal),
  })
  return { now, hit: hit => lane.add(hit), emit: events.emit.bind(events) }
}
