import assert from "node:assert/strict"
import { it } from "node:test"
import pg from "pg"
import { createPostgresStore } from "../../../src/stores/postgres/index.ts"
import { postgresUrl } from "../../services/postgres.ts"

const url = await postgresUrl()

it("the process outlives a connection that the server cuts off while the closed store's pool ends", async t => {
  const ended: pg.Pool[] = []
  const { end } = pg.Pool.prototype
  t.mock.method(pg.Pool.prototype, "end", function (this: pg.Pool) {
    ended.push(this)
    return Reflect.apply(end, this, [])
  })
  const store = await createPostgresStore({ url })
  await store.close()
  const [pool] = ended
  assert.ok(pool)
  assert.equal(pool.emit("error", new Error("terminating connection"), new pg.Client()), true)
})
