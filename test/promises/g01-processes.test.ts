import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { randomBytes } from "node:crypto"
import { join } from "node:path"
import { it } from "node:test"
import { promisify } from "node:util"
import { createSessions } from "../../src/index.ts"
import { postgresUrl } from "../services/postgres.ts"
import { redisClusterUrl, redisUrl } from "../services/redis.ts"
import { makePlace, removePlace } from "./store-kind.ts"
import { begin, storedValue, times } from "./trial.ts"

const INCREMENTER = join(import.meta.dirname, "fixtures", "incrementer.ts")

const [postgres, ...servers] = await Promise.all([postgresUrl(), redisUrl(), redisClusterUrl()])
const [redis, cluster] = servers.map(url => `${url}?prefix=${randomBytes(8).toString("hex")}:`)

const urls: Readonly<Record<string, (place: string) => string | undefined>> = {
  "one SQLite file": place => `sqlite:${join(place, "sessions.db")}?durability=normal`,
  PostgreSQL: () => postgres,
  Redis: () => redis,
  "a Redis Cluster": () => cluster,
}

for (const [name, urlIn] of Object.entries(urls)) {
  it(`G1: four processes with 250 update() calls each count to exactly 1,000 in ${name}`, async t => {
    const place = await makePlace()
    const store = urlIn(place) ?? ""
    const node = await createSessions({ store, nearCache: false })
    t.after(async () => {
      await node.revokeAll()
      await node.close()
      await removePlace(place)
    })
    const token = await begin(node, { count: 0 })
    const run = promisify(execFile)
    await Promise.all(times(4, () => run(process.execPath, [INCREMENTER, store, token, "250"])))
    assert.equal(await storedValue(node, token, "count"), 1_000)
  })
}
