/**
 * Writes to the store of the path given until it is killed: many sessions at once, each created, counted up to
 * {@link LAST} and, every second one, revoked. Each acknowledged step is noted in a file as `id step`.
 */
import { randomBytes } from "node:crypto"
import { openSync, writeSync } from "node:fs"
import { createFileStore } from "../../../src/stores/file/index.ts"
import { changes, RecordBuilder } from "../../../src/testing/index.ts"
import { setKey } from "./sessions.ts"

export const LAST = 4

const [, , path = "", notes = "", compactAfter = ""] = process.argv
if (process.argv[1] === import.meta.filename) await writeForever()

async function writeForever(): Promise<void> {
  const store = await createFileStore({ path, compactAfter: Number(compactAfter), onRepair: () => {} })
  const note = openSync(notes, "a")
  const records = new RecordBuilder({ now: Date.now }, randomBytes(4).readUInt32LE())
  // On a line of its own, even after one that a kill has cut short.
  const acknowledged = (id: string, step: string) => writeSync(note, `\n${id} ${step}\n`)
  const first = records.record()
  await store.apply([changes.create(first)])
  acknowledged(first.id, "0")
  process.stdout.write("ready\n")
  const writeSessions = async () => {
    for (let n = 0; ; n++) {
      const record = records.record()
      await store.apply([changes.create(record)])
      acknowledged(record.id, "0")
      for (let step = 1; step <= LAST; step++) {
        await store.apply([setKey(record, "step", `${step}`)])
        acknowledged(record.id, `${step}`)
      }
      if (n % 2 === 0) continue
      await store.apply([changes.revoke(record)])
      acknowledged(record.id, "gone")
    }
  }
  await Promise.all(Array.from({ length: 16 }, writeSessions))
}
