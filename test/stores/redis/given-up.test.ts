import assert from "node:assert/strict"
import { test } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { createClient } from "redis"
import type { Patch } from "../../../src/contract/change.ts"
import { ChangeWriter } from "../../../src/stores/redis/change-writer.ts"
import type { Client, Reply } from "../../../src/stores/redis/client.ts"
import { Connection } from "../../../src/stores/redis/connection.ts"
import { Layout } from "../../../src/stores/redis/layout.ts"
import { HAS_ENDED_KEYS } from "../../../src/stores/redis/scripts/patch.ts"
import { dataOf } from "../../../src/testing/index.ts"

const layout = new Layout("p:", 2)
const MISCONF = new Error("MISCONF Errors writing to the AOF file")

/** A client whose answers the test gives, by the bucket and by how often that has been asked. */
function givenClient(answer: (bucket: string, times: number) => Promise<Reply>) {
  const asked = new Map<string, number>()
  const client: Client = {
    ...{ library: "node-redis", kind: "cluster", isReady: true, isClosed: false },
    live: createClient(),
    connect: async () => {},
    nodeOf: () => "",
    destroy() {},
    duplicate: () => client,
    send(key = "") {
      const bucket = layout.base(0) === key.slice(0, layout.base(0).length) ? "first" : "second"
      const times = (asked.get(bucket) ?? 0) + 1
      asked.set(bucket, times)
      return answer(bucket, times)
    },
  }
  return { asked, connection: new Connection(client, "here", 5000) }
}

/** A plain patch of a session in each bucket. */
const patches = [0, 1].map((bucket): Patch => {
  const ids = Array.from({ length: 100 }, (_, number) => `s${number}`)
  const id = ids.find(each => layout.bucketOf(each) === bucket) ?? ""
  return { kind: "patch", id, epoch: 1, set: dataOf(["k", "1"]), unset: [] }
})

async function failing(answer: (bucket: string, times: number) => Promise<Reply>) {
  const { asked, connection } = givenClient(answer)
  const writer = new ChangeWriter(layout, { publishCommand: "SPUBLISH", slack: 1 })
  const call = connection.call("apply", undefined, each => writer.apply(each, patches, 1))
  await assert.rejects(call, { code: "ERR_SESSION_STORE_UNAVAILABLE" })
  const before = asked.get("second")
  await delay(100)
  return { before, after: asked.get("second") }
}

const repliesOf: Readonly<Record<string, () => Promise<Reply>>> = {
  "waits for a slot": () =>
    Promise.reject(new Error("TRYAGAIN Multiple keys request during rehashing of slot")),
  "has to send the script's text": () =>
    delay(30).then(() => Promise.reject(new Error("NOSCRIPT No matching script"))),
  "has to drop ended keys": () => delay(30).then(() => [HAS_ENDED_KEYS]),
}
for (const [what, reply] of Object.entries(repliesOf)) {
  test(`a call that has failed sends nothing more, also where it ${what}`, async () => {
    const { before, after } = await failing(async bucket => {
      if (bucket === "second") return await reply()
      await delay(10)
      throw MISCONF
    })
    assert.equal(after, before)
  })
}
