import assert from "node:assert/strict"
import { after, describe, it } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { createRedisStore } from "../../../src/stores/redis/index.ts"
import { indexName } from "../../../src/stores/redis/layout.ts"
import { hashSlot } from "../../../src/stores/redis/subscriber-slots.ts"
import { changes, dataOf } from "../../../src/testing/index.ts"
import { startRedisCluster } from "../../services/redis.ts"
import type { RedisServer } from "../../services/redis-server.ts"
import { clusterTargets } from "./cluster-targets.ts"
import { aLogin, aSession, newPrefix } from "./given-session.ts"

const { create, patch } = changes

describe("while a Cluster moves a slot to another node", async () => {
  const cluster = await startRedisCluster()
  after(() => cluster.stop())

  for (const [name, target] of Object.entries(clusterTargets(cluster.url))) {
    it(`G2: no session escapes its user's revocation, by ${name}`, async () => {
      const prefix = newPrefix()
      const store = await createRedisStore({ ...target(), prefix, buckets: 1 })
      const move = await beginMove(cluster.nodes, hashSlot("0"))
      try {
        const login = aLogin("ada")
        const sessions = Array.from({ length: 5 }, () => aSession({ login }))
        const ids = sessions.map(({ id }) => id)
        const [first] = sessions
        assert.ok(first)
        await store.apply(sessions.map(create))
        await move.begin()
        for (const index of [`u:${indexName("ada")}`, "x"]) await move.take(`${prefix}{0}:${index}`)
        const revoking = store.revokeByUser("ada")
        const patching = store.apply([patch(first, { set: dataOf(["a", "1"]) })])
        const both = Promise.all([revoking, patching])
        both.catch(() => {})
        await delay(200)
        for (const id of ids) await move.take(`${prefix}{0}:s:${id}`)
        await move.take(`${prefix}{0}:l`)
        await move.end()
        const [revoked, [outcome]] = await both
        assert.ok(outcome?.kind === "applied" || outcome?.kind === "gone")
        assert.deepEqual(revoked.toSorted(), ids.toSorted())
        assert.deepEqual(
          await store.find(ids),
          ids.map(() => undefined),
        )
        assert.equal(await store.countLive(), 0)
      } finally {
        await move.end()
        await store.close()
      }
    })
  }
})

/** Moves one slot from the node that serves it to the next one. */
async function beginMove(nodes: readonly RedisServer[], slot: number) {
  const from = await ownerOf(nodes, slot)
  const to = nodes[(nodes.indexOf(from) + 1) % nodes.length] ?? from
  const [fromId, toId] = [await from.cli("CLUSTER", "MYID"), await to.cli("CLUSTER", "MYID")]
  let isOver = true
  return {
    async begin() {
      isOver = false
      await to.cli("CLUSTER", "SETSLOT", `${slot}`, "IMPORTING", fromId)
      await from.cli("CLUSTER", "SETSLOT", `${slot}`, "MIGRATING", toId)
    },
    async take(key: string) {
      const reply = await from.cli("MIGRATE", "127.0.0.1", `${to.port}`, key, "0", "5000")
      assert.match(reply, /^(OK|NOKEY)$/)
    },
    async end() {
      if (isOver) return
      isOver = true
      for (const node of [to, from]) await node.cli("CLUSTER", "SETSLOT", `${slot}`, "NODE", toId)
    },
  }
}

async function ownerOf(nodes: readonly RedisServer[], slot: number): Promise<RedisServer> {
  for (const node of nodes) {
    const own = /myself\S* .* connected (.*)$/m.exec(await node.cli("CLUSTER", "NODES"))?.[1] ?? ""
    for (const range of own.split(" ")) {
      const [first = Number.NaN, last = first] = range.split("-").map(Number)
      if (first <= slot && slot <= last) return node
    }
  }
  throw new Error(`no node serves slot ${slot}`)
}
