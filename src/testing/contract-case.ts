import type { SessionStore } from "../contract/store.ts"
import type { Trial } from "./trial.ts"

/** One case of the suite, not yet tied to a store. */
export interface CaseDefinition {
  readonly name: string
  /** Whether the case reopens the store: it is run for durable stores only. */
  readonly durable: boolean
  run(trial: Trial): Promise<CaseResult>
}

/** How a case ended that did not fail. */
export interface CaseResult {
  /** Why the case does not concern this store; `undefined` when it passed. */
  readonly skipped: string | undefined
}

/** A capability by its name and its type guard. */
export interface Capability<S extends SessionStore> {
  readonly name: string
  readonly has: (store: SessionStore) => store is S
}

export const PASSED: CaseResult = { skipped: undefined }

export function storeCase(name: string, body: (trial: Trial) => Promise<void>): CaseDefinition {
  return {
    name,
    durable: false,
    async run(trial) {
      await body(trial)
      return PASSED
    },
  }
}

/** A case that reopens the store. */
export const durableCase = (definition: CaseDefinition): CaseDefinition => ({ ...definition, durable: true })
