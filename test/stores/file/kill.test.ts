import assert from "node:assert/strict"
import { readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import { test } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { createFileStore, type FileStore } from "../../../src/stores/file/index.ts"
import { StoreProcess } from "./store-process.ts"
import { temporaryDirectory } from "./temporary-directory.ts"
import { LAST } from "./writer.ts"

const directory = await temporaryDirectory()

/** The last acknowledged step of each session. */
async function acknowledgedSteps(notes: string): Promise<ReadonlyMap<string, string>> {
  const lines = (await readFile(notes, "utf8")).split("\n").filter(line => /^\S+ (\d|gone)$/.test(line))
  return new Map(lines.map(line => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)]))
}

/** What is stored is the acknowledged step, or the one after it, which was on its way. */
function assertKept(store: FileStore, id: string, acknowledged: string): void {
  const record = store.findNow(id)
  const message = `${id}, acknowledged step ${acknowledged}`
  if (acknowledged === "gone") assert.equal(record, undefined, message)
  else if (record === undefined) assert.equal(acknowledged, `${LAST}`, message)
  else {
    const ahead = Number(record.data.get("step")?.text ?? 0) - Number(acknowledged)
    assert.ok(ahead === 0 || ahead === 1, `${message}, stored ${ahead} later`)
  }
}

async function killAgainAndAgain(name: string, compactAfter: number, rounds: number): Promise<number> {
  const path = join(directory, name)
  const notes = `${path}.notes`
  let compacted = 0
  let before = 0
  for (let round = 0; round < rounds; round++) {
    const writer = new StoreProcess("writer.ts", path, notes, `${compactAfter}`)
    assert.equal(await writer.answer(), "ready")
    await delay(20 + Math.random() * 180)
    await writer.kill()
    const { ino } = await stat(path)
    if (round > 0 && ino !== before) compacted += 1
    before = ino
    const store = await createFileStore({ path, onRepair: () => {} })
    const steps = await acknowledgedSteps(notes)
    assert.ok(steps.size > 0)
    for (const [id, step] of steps) assertKept(store, id, step)
    await store.close()
  }
  return compacted
}

test("G6: nothing acknowledged is lost when the process is killed at any moment", async () => {
  assert.equal(await killAgainAndAgain("plain.txt", 1e9, 6), 0)
})

test("G6: nothing acknowledged is lost when the process is killed while it compacts again and again", async () => {
  const compacted = await killAgainAndAgain("compacted.txt", 10_000, 10)
  assert.ok(compacted > 0, "no compaction took place")
})
