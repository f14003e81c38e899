import assert from "node:assert/strict"
import { once } from "node:events"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { test } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { createSqliteStore } from "../../../src/stores/sqlite/index.ts"
import { changes } from "../../../src/testing/index.ts"
import { aRecord } from "./a-record.ts"
import { outputOf, start } from "./processes.ts"
import { temporaryDirectory } from "./temporary-directory.ts"

const PROCESSES = ["a", "b", "c", "d"]
const TIMES = 60
const directory = await temporaryDirectory()

for (const writer of ["thread", "main"] as const) {
  test(`G1: four processes that change one session lose nothing (writer ${writer})`, async () => {
    const path = join(directory, `shared-${writer}.db`)
    const record = aRecord()
    const store = await createSqliteStore({ path })
    await store.apply([changes.create(record)])
    await Promise.all(
      PROCESSES.map(name =>
        outputOf(start("./writing-child.ts", { path, id: record.id, name, writer, times: TIMES })),
      ),
    )
    const data = store.findNow(record.id)?.data
    assert.equal(data?.get("count")?.text, String(PROCESSES.length * TIMES))
    assert.equal(data?.size, PROCESSES.length * TIMES + 1)
    assert.equal(store.findNow(record.id)?.version, record.version + 2 * PROCESSES.length * TIMES)
    await store.close()
  })
}

test("processes that start at once on a fresh file all come up", async () => {
  for (let round = 0; round < 3; round++) {
    const path = join(directory, `fresh-${round}.db`)
    const outputs = await Promise.all(PROCESSES.map(() => outputOf(start("./ending-child.ts", { path }))))
    assert.deepEqual(
      outputs,
      PROCESSES.map(() => "applied\n"),
    )
    const store = await createSqliteStore({ path })
    assert.equal(await store.countLive(), PROCESSES.length)
    await store.close()
  }
})

test("stores that open at once on a fresh file in one process all come up", async () => {
  const path = join(directory, "fresh-same.db")
  const stores = await Promise.all(PROCESSES.map(() => createSqliteStore({ path })))
  await Promise.all(stores.map(store => store.apply([changes.create(aRecord())])))
  assert.deepEqual(await Promise.all(stores.map(store => store.countLive())), [4, 4, 4, 4])
  await Promise.all(stores.map(store => store.close()))
})

test("an open store does not keep its process alive, and says nothing on stderr", async () => {
  const child = start("./ending-child.ts", { path: join(directory, "ending.db") })
  const { stderr } = child
  assert.ok(stderr)
  const [output, errors] = await Promise.all([outputOf(child), text(stderr)])
  assert.equal(output, "applied\n")
  assert.equal(errors, "")
})

for (const [durability, writer] of [
  ["full", "thread"],
  ["normal", "thread"],
  ["normal", "main"],
] as const) {
  test(`G6: what was acknowledged survives SIGKILL at any moment (durability ${durability}, writer ${writer})`, async () => {
    const path = join(directory, `crash-${durability}-${writer}.db`)
    const acknowledged: string[] = []
    for (let seed = 1; seed <= 4; seed++) {
      const child = start("./crashing-child.ts", { path, durability, writer, seed })
      const { stdout } = child
      assert.ok(stdout)
      const output = text(stdout)
      await Promise.race([once(stdout, "readable"), once(child, "exit")])
      await delay(Math.random() * 100)
      child.kill("SIGKILL")
      const complete = (await output).split("\n").slice(0, -1)
      acknowledged.push(...complete)
    }
    const store = await createSqliteStore({ path })
    const found = await store.find(acknowledged)
    assert.ok(acknowledged.length >= 40, `${acknowledged.length} acknowledged`)
    assert.deepEqual(
      found.map(record => record?.id),
      acknowledged,
    )
    await store.close()
  })
}
