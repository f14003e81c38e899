import assert from "node:assert/strict"
import { after, before, describe, it } from "node:test"
import { createClient } from "redis"
import { beginCall, type Call } from "../../../src/stores/redis/call.ts"
import { createRedisStore } from "../../../src/stores/redis/index.ts"
import { Layout } from "../../../src/stores/redis/layout.ts"
import { nodeRedisClient } from "../../../src/stores/redis/node-redis.ts"
import { SessionReader } from "../../../src/stores/redis/session-reader.ts"
import { changes, dataOf } from "../../../src/testing/index.ts"
import { redisUrl } from "../../services/redis.ts"
import { aSession, newPrefix } from "./given-session.ts"

const url = await redisUrl()
const client = nodeRedisClient(createClient({ url }))

/** What a session takes, how many there are, and how many of them are read by themselves. */
interface Reading {
  readonly size: number
  readonly count: number
  readonly alone: number
}

describe("many sessions at once, in the Redis store", () => {
  before(() => client.connect())
  after(() => client.destroy())

  const readings: Readonly<Record<string, Reading>> = {
    "small ones are read by one script": { size: 100, count: 300, alone: 0 },
    "a script reads no more large ones than take it a moment": { size: 100_000, count: 40, alone: 37 },
  }
  for (const [name, { size, count, alone }] of Object.entries(readings)) {
    it(name, async () => {
      const prefix = newPrefix()
      const store = await createRedisStore({ url, prefix })
      try {
        const data = dataOf(["k", "x".repeat(size)])
        const sessions = Array.from({ length: count }, () => aSession({ data }))
        await store.apply(sessions.map(changes.create))
        const { call, sent } = countingCall()
        const ids = sessions.map(({ id }) => id)
        const found = await new SessionReader(new Layout(prefix, 1), "single").read(call, ids, Date.now())
        assert.deepEqual(found, sessions)
        assert.deepEqual(sent, { scripts: 1, commands: alone })
      } finally {
        await store.close()
      }
    })
  }
})

function countingCall() {
  const sent = { scripts: 0, commands: 0 }
  const inner = beginCall(client, new AbortController().signal, () => {})
  const call: Call = {
    ...inner,
    send(key, command) {
      sent.commands += 1
      return inner.send(key, command)
    },
    run(script, keys, values) {
      sent.scripts += 1
      return inner.run(script, keys, values)
    },
  }
  return { call, sent }
}
