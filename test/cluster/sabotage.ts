import type { FeedObserver } from "../../src/contract/feed.ts"
import { isObservable, type SessionStore } from "../../src/contract/store.ts"

/** A rule that a node of the cluster may break, so that the checker has something to find. */
export type Sabotage = "lease" | "fence" | "version"

export const SABOTAGES: readonly Sabotage[] = ["lease", "fence", "version"]

/** The store with a feed that says too much: then the near cache believes what it must not. */
export function sabotaged(store: SessionStore, what: string | undefined): SessionStore {
  if (!isObservable(store) || (what !== "lease" && what !== "fence")) return store
  const observe = store.observe.bind(store)
  store.observe = (observer, options) =>
    observe(what === "lease" ? trusting(observer) : unfenced(observer), options)
  return store
}

/** A silent feed is trusted for ever. */
const trusting = (observer: FeedObserver): FeedObserver => ({
  connected: () => observer.connected(),
  disconnected: () => undefined,
  heartbeat: () => observer.heartbeat(Number.MAX_SAFE_INTEGER),
  notice: notice => observer.notice(notice),
})

/** What was read over an earlier connection is kept. */
function unfenced(observer: FeedObserver): FeedObserver {
  let connected = false
  return {
    connected() {
      if (!connected) observer.connected()
      connected = true
    },
    disconnected: () => undefined,
    heartbeat: sentAt => observer.heartbeat(sentAt),
    notice: notice => observer.notice(notice),
  }
}
