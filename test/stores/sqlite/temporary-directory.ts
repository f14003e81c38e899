import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after } from "node:test"

/** A directory for one test file, removed when its tests have ended. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "sojourn-sqlite-"))
  after(() => rm(directory, { recursive: true, force: true }))
  return directory
}
