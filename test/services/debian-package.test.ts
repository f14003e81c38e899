import assert from "node:assert/strict"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { describe, it, type TestContext } from "node:test"
import { requireProgram } from "./debian-package.ts"

const needed = {
  names: ["sojourn-first", "sojourn-second"],
  package: "sojourn-package",
  need: "these tests need a program",
  remedy: "install it",
}

/** A directory at the head of the PATH, with an `apt-get` that runs these lines. */
async function scene(t: TestContext, uid: number, apt: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "sojourn-package-"))
  await writeFile(join(directory, "apt-get"), `#!/bin/sh\n${apt}\n`, { mode: 0o755 })
  const { PATH = "" } = process.env
  const { getuid } = process
  process.env["PATH"] = [directory, PATH].join(delimiter)
  Object.assign(process, { getuid: () => uid })
  t.after(async () => {
    process.env["PATH"] = PATH
    Object.assign(process, { getuid })
    await rm(directory, { recursive: true })
  })
  return directory
}

describe("a program that tests need", () => {
  it("is taken from the PATH, by any of its names", async t => {
    const directory = await scene(t, 0, "exit 1")
    await writeFile(join(directory, "sojourn-first"), "not executable", { mode: 0o644 })
    await writeFile(join(directory, "sojourn-second"), "", { mode: 0o755 })
    assert.equal(await requireProgram(needed), join(directory, "sojourn-second"))
  })

  it("is installed by root where there is none", async t => {
    const directory = await scene(
      t,
      0,
      'case "$*" in update) ;; *" sojourn-package") cp "$0" "$0-new" ;; esac',
    )
    const names = ["apt-get-new"]
    assert.equal(await requireProgram({ ...needed, names }), join(directory, "apt-get-new"))
  })

  it("is asked for, in words, where this process may not install it", async t => {
    await scene(t, 1000, "exit 0")
    const message = "these tests need a program, and only root can install it: install it"
    await assert.rejects(requireProgram(needed), { message })
  })

  it("is asked for, in words, where it cannot be installed", async t => {
    await scene(t, 0, "echo no network >&2; exit 100")
    await assert.rejects(requireProgram(needed), (error: Error) => {
      assert.equal(error.message, "these tests need a program, and apt-get could not install it: install it")
      assert.match(String(error.cause), /no network/)
      return true
    })
  })

  it("is asked for, in words, where the package does not have it", async t => {
    await scene(t, 0, "exit 0")
    await assert.rejects(requireProgram(needed), /the package sojourn-package does not have it: install it/)
  })
})
