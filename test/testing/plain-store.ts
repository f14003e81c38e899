import type { SessionStore } from "../../src/contract/index.ts"
import { ReferenceStore } from "./reference-store.ts"

/** The four verbs and no capability. */
export function plainStore(now: () => number): SessionStore {
  const store = new ReferenceStore(now)
  return {
    find: ids => store.find(ids),
    apply: changes => store.apply(changes),
    sweep: (moment, limit) => store.sweep(moment, limit),
    close: () => store.close(),
  }
}
