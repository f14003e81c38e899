import assert from "node:assert/strict"
import { existsSync } from "node:fs"
import { open, readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import { test } from "node:test"
import { setTimeout as delay } from "node:timers/promises"
import { createFileStore, type FileStore } from "../../../src/stores/file/index.ts"
import { temporaryPath } from "../../../src/stores/file/open-journal.ts"
import { eventually } from "../../services/eventually.ts"
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

/** Kills the writer, again and again, once `ripe` has resolved. */
async function killAgainAndAgain(
  name: string,
  compactAfter: number,
  rounds: number,
  ripe: (path: string) => Promise<void>,
): Promise<void> {
  const path = join(directory, name)
  const notes = `${path}.notes`
  for (let round = 0; round < rounds; round++) {
    const writer = new StoreProcess("writer.ts", path, notes, `${compactAfter}`)
    try {
      assert.equal(await writer.answer(), "ready")
      await ripe(path)
    } finally {
      await writer.kill()
    }
    const store = await createFileStore({ path, compactAfter: NEVER, onRepair: () => {} })
    const steps = await acknowledgedSteps(notes)
    assert.ok(steps.size > 0)
    for (const [id, step] of steps) assertKept(store, id, step)
    await store.close()
  }
}

const NEVER = 1e9

/** The file has been compacted since now, and is being so again: however slow the disk, however busy the machine. */
async function whileCompacting(path: string): Promise<void> {
  const old = await open(path)
  try {
    // As long as it is open, no other file is given its number.
    const { ino } = await old.stat()
    await eventually("a compaction", async () => (await stat(path)).ino !== ino)
  } finally {
    await old.close()
  }
  await eventually("another compaction", () => existsSync(temporaryPath(path)))
  await delay(Math.random() * 10)
}

test("G6: nothing acknowledged is lost when the process is killed at any moment", async () => {
  await killAgainAndAgain("plain.txt", NEVER, 6, () => delay(20 + Math.random() * 180))
})

test("G6: nothing acknowledged is lost when the process is killed while it compacts again and again", async () => {
  await killAgainAndAgain("compacted.txt", 10_000, 10, whileCompacting)
})
