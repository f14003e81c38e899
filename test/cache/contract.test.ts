import { withNearCache } from "../../src/cache/with-near-cache.ts"
import { storeContract } from "../../src/testing/index.ts"
import { ReferenceStore } from "../testing/reference-store.ts"

const options = { maxSessions: 1_000, maxBytes: 10_000_000, maxStaleness: 1_000, maxAge: 60_000 }

storeContract("near cache before a plain store", {
  open: ({ now }) =>
    withNearCache(new ReferenceStore(now), options, { now, monotonic: () => performance.now() }),
})
