import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { after, describe, it } from "node:test"
import { promisify } from "node:util"

const run = promisify(execFile)
const root = join(import.meta.dirname, "../..")
const home = await mkdtemp(join(tmpdir(), "sojourn-nodes-"))
after(() => rm(home, { recursive: true }))

/** The oldest supported Node, the oldest with SQLite, and the current ones, each from the `node` package. */
const VERSIONS = ["20.19", "22.13", "24", "26"]

describe("the built package", () => {
  for (const version of VERSIONS) {
    it(`works on Node ${version}`, { timeout: 300_000 }, async () => {
      assert.ok(existsSync(join(root, "dist/index.js")), "build first: npm run build")
      const { stdout } = await run(await nodeOf(version), [join(root, "test/platforms/smoke.js")], {
        cwd: root,
      })
      assert.match(stdout, new RegExp(`^Node ${version.replace(".", "\\.")}\\..*: works`, "m"))
    })
  }
})

/** Installs the binary of that version by itself: the `node` package is a script that would do the same. */
async function nodeOf(version: string): Promise<string> {
  const prefix = join(home, version)
  const name = `node-${process.platform}-${process.arch}`
  const npm =
    process.env["npm_execpath"] ?? join(dirname(process.execPath), "../lib/node_modules/npm/bin/npm-cli.js")
  const args = ["install", "--no-save", "--no-audit", "--no-fund", "--prefix", prefix, `${name}@${version}`]
  await run(process.execPath, [npm, ...args], { env: { ...process.env, npm_config_allow_scripts: "" } })
  return join(prefix, "node_modules", name, "bin/node")
}
