import { describe, it, type TestContext } from "node:test"
import { startFaultProxy } from "../services/fault-proxy.ts"
import { startPostgres } from "../services/postgres.ts"
import type { Fault } from "./cluster.ts"
import { feedFault, linkFaults } from "./faults.ts"
import { proveCluster, proveNoticed } from "./prove.ts"
import { SABOTAGES } from "./sabotage.ts"

const NODES = 4

/** A server of its own, and for each node one link for the store's calls and one for the feed. */
async function linked(t: TestContext) {
  const server = await startPostgres()
  t.after(() => server.stop())
  const address = { port: Number(new URL(server.url).port) }
  const urls: string[] = []
  const links = []
  const feeds = []
  for (let node = 0; node < NODES; node++) {
    const [calls, feed] = [await startFaultProxy(address), await startFaultProxy(address)]
    t.after(() => Promise.all([calls.close(), feed.close()]))
    links.push(calls, feed)
    feeds.push(feed)
    const url = new URL(calls.via(server.url))
    url.searchParams.set("listenUrl", feed.via(server.url))
    urls.push(url.href)
  }
  const crash: Fault = async () => {
    await server.kill()
    await server.restart()
  }
  return { urls, faults: [...linkFaults(links), ...linkFaults(links), crash], feed: feedFault(feeds[0]) }
}

describe("a cluster on PostgreSQL", { timeout: 600_000 }, () => {
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
