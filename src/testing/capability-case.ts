import {
  type ClearableStore,
  type CountingStore,
  type ExternallyIndexedStore,
  type HitCountingStore,
  type ImmediateStore,
  isClearable,
  isCounting,
  isExternallyIndexed,
  isHitCounting,
  isImmediate,
  isUserIndexed,
  type SessionStore,
  type UserIndexedStore,
} from "../contract/store.ts"
import { type Capability, type CaseDefinition, PASSED } from "./contract-case.ts"
import { Trial } from "./trial.ts"

export const IMMEDIATE: Capability<ImmediateStore> = { name: "findNow", has: isImmediate }
export const USER_INDEX: Capability<UserIndexedStore> = { name: "a user index", has: isUserIndexed }
export const EXTERNAL_INDEX: Capability<ExternallyIndexedStore> = {
  name: "an index by external id",
  has: isExternallyIndexed,
}
export const HITS: Capability<HitCountingStore> = { name: "hit", has: isHitCounting }
export const COUNTING: Capability<CountingStore> = { name: "counts", has: isCounting }
export const CLEARABLE: Capability<ClearableStore> = { name: "revokeAll", has: isClearable }

/** A case for stores that have the capability; others skip it and say so. */
export function capabilityCase<S extends SessionStore>(
  capability: Capability<S>,
  name: string,
  body: (trial: Trial<S>) => Promise<void>,
): CaseDefinition {
  return {
    name,
    durable: false,
    async run({ store, surroundings }) {
      if (!capability.has(store)) return { skipped: `the store does not offer ${capability.name}` }
      await body(new Trial(store, surroundings))
      return PASSED
    },
  }
}
