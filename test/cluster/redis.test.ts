import { describe, it, type TestContext } from "node:test"
import { startFaultProxy } from "../services/fault-proxy.ts"
import { startRedis } from "../services/redis.ts"
import { linkFaults, silence } from "./faults.ts"
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
  const urls = links.map(link => `redis://127.0.0.1:${link.port}`)
  return { urls, faults: linkFaults(links), silence: silence(links) }
}

describe("a cluster on Redis", { timeout: 240_000 }, () => {
  it("G1, G2, G4, G5: hold while links break, and nodes are killed and started again", async t => {
    const { urls, faults } = await linked(t)
    await proveCluster(t, { urls, faults })
  })

  for (const sabotage of SABOTAGES) {
    it(`the checker notices nodes that ignore the ${sabotage}`, async t => {
      const { urls, silence: faults } = await linked(t)
      await proveNoticed({ urls, faults }, sabotage)
    })
  }
})
