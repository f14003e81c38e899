import assert from "node:assert/strict"
import { after, describe, it } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import type { SessionRecord } from "../../../src/contract/record.ts"
import { createRedisStore } from "../../../src/stores/redis/index.ts"
import { indexName, Layout } from "../../../src/stores/redis/layout.ts"
import { changes, dataOf } from "../../../src/testing/index.ts"
import { startRedisCluster } from "../../services/redis.ts"
import { clusterTargets } from "./cluster-targets.ts"
import { aLogin, applied, aSession, newPrefix } from "./given-session.ts"
import { ONLY_SLOT, slotMove } from "./slot-move.ts"

const { create, patch, revoke, touch } = changes

describe("while a Cluster moves a slot to another node", async () => {
  const cluster = await startRedisCluster()
  after(() => cluster.stop())

  for (const [name, target] of Object.entries(clusterTargets(cluster.url))) {
    it(`G2: no session escapes its user's revocation, by ${name}`, async () => {
      const prefix = newPrefix()
      const store = await createRedisStore({ ...target(), prefix, buckets: 1 })
      const move = await slotMove(cluster.nodes, ONLY_SLOT)
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

    it(`what has not left is found, changed and revoked as ever, by ${name}`, async () => {
      const prefix = newPrefix()
      const store = await createRedisStore({ ...target(), prefix, buckets: 1 })
      const move = await slotMove(cluster.nodes, ONLY_SLOT)
      try {
        const login = aLogin("ada", { externalId: "sid" })
        const [first, second, third] = [aSession({ login }), aSession({ login }), aSession({ login })]
        await store.apply([first, second, third].map(create))
        await move.begin()
        const found = await store.find([first.id, "nobody", second.id])
        assert.deepEqual(
          found.map(record => record?.id),
          [first.id, undefined, second.id],
        )
        for (const index of [`u:${indexName("ada")}`, `e:${indexName("sid")}`]) {
          await move.take(`${prefix}{0}:${index}`)
        }
        assert.deepEqual(await store.apply([patch(first), revoke(second)]), [applied(2), applied(1)])
        await move.take(`${prefix}{0}:s:${first.id}`)
        assert.equal((await store.find([first.id, third.id])).filter(Boolean).length, 2)
        const { absoluteExpiresAt, idleTimeout, persistent } = third
        const lifetime = { absoluteExpiresAt, idleTimeout, persistent, expiresAt: absoluteExpiresAt }
        const lengthening = store.apply([patch(third, { lifetime })])
        lengthening.catch(() => {})
        await delay(100)
        await move.takeAll()
        await move.end()
        assert.deepEqual(await lengthening, [applied(2)], "once, when its user's index has arrived")
        assert.deepEqual((await store.revokeByUser("ada")).toSorted(), [first.id, third.id].toSorted())
      } finally {
        await move.end()
        await store.close()
      }
    })

    it(`G12: a call that waits for it takes no other call's connection along, by ${name}`, async () => {
      const [prefix, timeout] = [newPrefix(), 1000]
      const store = await createRedisStore({ ...target(), prefix, timeout })
      const move = await slotMove(cluster.nodes, ONLY_SLOT)
      try {
        const sessions = inEachBucket(new Layout(prefix, 16))
        const [moving, ...others] = sessions
        assert.ok(moving)
        await store.apply(sessions.map(create))
        await move.begin()
        await move.take(`${prefix}{0}:s:${moving.id}`)
        const ids = others.map(({ id }) => id)
        const seen = { at: moving.lastSeenAt + 1, expiresAt: moving.expiresAt + 1 }
        const touching = assert.rejects(store.apply([touch(moving, seen)]), {
          code: "ERR_SESSION_STORE_TIMEOUT",
        })
        for (const until = performance.now() + 2 * timeout; performance.now() < until; await delay(2)) {
          assert.equal((await store.find(ids)).filter(Boolean).length, ids.length)
        }
        await touching
      } finally {
        await move.takeAll()
        await move.end()
        await store.close()
      }
    })
  }
})

function inEachBucket(layout: Layout): SessionRecord[] {
  const sessions = new Map<number, SessionRecord>()
  while (sessions.size < layout.buckets) {
    const session = aSession()
    sessions.set(layout.bucketOf(session.id), session)
  }
  return layout.bases().flatMap((_, bucket) => sessions.get(bucket) ?? [])
}
