/** The contract that every store has to keep, for whoever writes one: `import { storeContract } from "sojourn/testing"`. */

export * as changes from "./changes.ts"
export type { CaseResult } from "./contract-case.ts"
export { type ContractCase, type ContractSubject, contractCases, type Place } from "./contract-cases.ts"
export { ManualClock } from "./manual-clock.ts"
export { dataOf, RecordBuilder } from "./record-builder.ts"
export { SeededRandom } from "./seeded-random.ts"
export { storeContract } from "./store-contract.ts"
