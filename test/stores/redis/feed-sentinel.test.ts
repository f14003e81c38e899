import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { openPubSubFeed } from "../../../src/stores/redis/feed.ts"
import { subscriberSource } from "../../../src/stores/redis/subscriber-source.ts"
import { eventually } from "../../services/eventually.ts"
import type { RedisServer } from "../../services/redis-server.ts"
import { libraries } from "./feed-clients.ts"
import { FeedLog } from "./feed-log.ts"
import { startSentinel } from "./feed-servers.ts"

const CHANNEL = "sojourn:{0}:feed"

let running: Awaited<ReturnType<typeof startSentinel>>

before(async () => {
  running = await startSentinel()
})
after(() => running[Symbol.asyncDispose]())

async function master(): Promise<RedisServer> {
  const address = await running.sentinel.cli("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "sojourn")
  const found = running.servers.find(({ port }) => address.endsWith(`${port}`))
  if (!found) throw new Error(`the sentinel names ${address}`)
  return found
}

const isHeard = async (log: FeedLog): Promise<void> => {
  const id = `id-${log.events.length}`
  await eventually("a notice of the master", async () => {
    await (await master()).cli("PUBLISH", CHANNEL, `r ${id}`)
    return log.notices.some(notice => notice.kind === "revoked" && notice.id === id)
  })
}

for (const [library, { sentinel }] of Object.entries(libraries)) {
  test(`G4: with ${library} and sentinels, a failover is a gap while the former master is still one, and the new one is heard`, async () => {
    await using given = await sentinel(running.sentinel.port)
    const log = new FeedLog()
    const source = subscriberSource(given.client)
    const feed = openPubSubFeed({ source, channels: [CHANNEL], observer: log, heartbeatInterval: 100 })
    try {
      await eventually("connected", () => log.isConnected)
      await isHeard(log)
      const old = await master()
      await eventually("the failover to begin", async () => {
        const answer = await running.sentinel.cli("SENTINEL", "FAILOVER", "sojourn").catch(String)
        return answer === "OK"
      })
      await eventually("another master", async () => (await master()) !== old)
      await eventually("a gap that has ended", () => log.recoveries > 0 && log.isConnected)
      await isHeard(log)
      assert.match(await old.cli("ROLE"), /^master/)
      await old.cli("REPLICAOF", "127.0.0.1", `${(await master()).port}`)
    } finally {
      await feed.close()
    }
  })
}
