import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { join } from "node:path"
import { before, describe, it } from "node:test"

const FIXTURE = join(import.meta.dirname, "fixtures", "faulty-store.ts")

describe("the store contract under node:test", () => {
  let run: { code: unknown; output: string }

  before(async () => {
    run = await runTests(FIXTURE)
  })

  it("fails for a store that breaks it", () => {
    assert.equal(run.code, 1)
    assert.match(
      run.output,
      /^ +not ok \d+ - a sweep removes what has expired, tells its ids, and leaves the living$/m,
    )
    assert.match(run.output, /^ +ok \d+ - find answers in the order of the ids$/m)
    assert.match(run.output, /^# Subtest: store contract: faulty$/m)
  })

  it("shows the reason of each skipped case", () => {
    const skips = [
      "a second sweep finds nothing left # SKIP this driver leaves sweeping to its server",
      "the store can be opened again and again # SKIP the store is not durable",
      "revokeAll of an empty store ends nothing # SKIP the store does not offer revokeAll",
    ]
    assert.deepEqual(
      skips.filter(skip => !run.output.includes(skip)),
      [],
    )
  })
})

/** Runs a test file by itself. Its environment must not say that it is run by another test. */
function runTests(file: string): Promise<{ code: unknown; output: string }> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  return new Promise(resolve => {
    execFile(
      process.execPath,
      ["--test", "--test-reporter=tap", file],
      { env, timeout: 60_000 },
      (error, output) => {
        resolve({ code: error?.code ?? 0, output })
      },
    )
  })
}
