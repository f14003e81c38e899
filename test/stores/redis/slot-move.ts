import assert from "node:assert/strict"
import { hashSlot } from "../../../src/stores/redis/subscriber-slots.ts"
import type { RedisServer } from "../../services/redis-server.ts"

/** The slot of the only bucket of a store with `buckets: 1`. */
export const ONLY_SLOT = hashSlot("0")

/** Moves one slot from the node that serves it to the next one. */
export async function slotMove(nodes: readonly RedisServer[], slot: number) {
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
    /** What is left. */
    async takeAll() {
      const keys = await from.cli("CLUSTER", "GETKEYSINSLOT", `${slot}`, "1000")
      for (const key of keys.split("\n").filter(Boolean)) await this.take(key)
    },
    /** Hands the slot over. */
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
