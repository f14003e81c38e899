import { describe, it } from "node:test"
import { type ContractSubject, contractCases } from "./contract-cases.ts"

/**
 * Registers the store contract with `node:test`, one test per case:
 *
 * ```ts
 * storeContract("memory", { open: ({ now }) => createMemoryStore({}, { now }) })
 * ```
 *
 * Cases of a capability that the store lacks are skipped, and so are those named in `except`; the output says why.
 */
export function storeContract(name: string, subject: ContractSubject): void {
  const cases = contractCases(subject)
  describe(`store contract: ${name}`, () => {
    for (const each of cases) {
      it(each.name, each.skip === undefined ? {} : { skip: each.skip }, async test => {
        const { skipped } = await each.run()
        if (skipped !== undefined) test.skip(skipped)
      })
    }
  })
}
