import { describe, it, type TestContext } from "node:test"
import { startFaultProxy } from "../services/fault-proxy.ts"
import { startRedis } from "../services/redis.ts"
import { linkFaults } from "./faults.ts"
import { proveCluster, proveNoticed } from "./prove.ts"
import { SABOTAGES } from "./sabotage.ts"

const NODES = 4

/** A server of its own, and one link for each node. */
async function linked(t: TestContext) {
  const server = await startRedis()
  t.after(() => server.stop())
  const links = []
  for (let node = 0; node < NODES; node++) {
    const link = await startFaultProxy({ port: server.port })
    t.after(() => link.close())
    links.push(link)
  }
  return { urls: links.map(link => `redis://127.0.0.1:${link.port}`), faults: linkFaults(links) }
}

describe("a cluster on Redis", { timeout: 240_000 }, () => {
  it("G1, G2, G4, G5: hold while links break, and nodes are killed and started again", async t => {
    await proveCluster(t, await linked(t))
  })

  for (const sabotage of SABOTAGES) {
    it(`the checker notices nodes that ignore the ${sabotage}`, async t => {
      await proveNoticed(await linked(t), sabotage)
    })
  }
})
