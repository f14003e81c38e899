import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, it, type TestContext } from "node:test"
import { proveCluster, proveNoticed, unbreakable } from "./prove.ts"

/** One file for all. Its feed has no line that could fall silent, so the lease has nothing to bear here. */
async function shared(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), "sojourn-cluster-"))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const url = `sqlite:${join(directory, "sessions.db")}?durability=normal`
  return { urls: [url, url, url, url], faults: [] }
}

describe("a cluster on one SQLite file", { timeout: 600_000 }, () => {
  it("G1, G2, G4, G5: hold for processes that are killed and started again", async t => {
    await proveCluster(t, await shared(t))
  })

  for (const sabotage of ["fence", "version"] as const) {
    it(`the checker notices nodes that ignore the ${sabotage}`, async t => {
      const { urls } = await shared(t)
      await proveNoticed({ urls, feed: unbreakable }, sabotage)
    })
  }
})
