import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, it, type TestContext } from "node:test"
import { startFaultProxy } from "../services/fault-proxy.ts"
import { startRedis } from "../services/redis.ts"
import type { Fault } from "./cluster.ts"
import { feedFault, linkFaults } from "./faults.ts"
import { proveCluster, proveNoticed } from "./prove.ts"
import { SABOTAGES } from "./sabotage.ts"

const NODES = 4

/** A server of its own, which has on its disk whatever it acknowledged, and one link for each node. */
async function linked(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), "sojourn-cluster-"))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const server = await startRedis([`dir ${directory}`, "appendonly yes", "appendfsync always"])
  t.after(() => server.stop())
  const links = []
  for (let node = 0; node < NODES; node++) {
    const link = await startFaultProxy({ port: server.port })
    t.after(() => link.close())
    links.push(link)
  }
  const urls = links.map(link => `redis://127.0.0.1:${link.port}`)
  const crash: Fault = async () => {
    await server.kill()
    await server.start()
  }
  return { urls, faults: [...linkFaults(links), crash], feed: feedFault(links[0]) }
}

describe("a cluster on Redis", { timeout: 600_000 }, () => {
  it("G1, G2, G4, G5: hold while links break, and nodes and the server are killed and started again", async t => {
    const { urls, faults } = await linked(t)
    await proveCluster(t, { urls, faults })
  })

  for (const sabotage of SABOTAGES) {
    it(`the checker notices nodes that ignore the ${sabotage}`, async t => {
      const { urls, feed } = await linked(t)
      await proveNoticed({ urls, feed }, sabotage)
    })
  }
})
