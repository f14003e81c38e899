import { execFile } from "node:child_process"
import { accessSync, constants } from "node:fs"
import { delimiter, join } from "node:path"
import { promisify } from "node:util"

const run = promisify(execFile)

/** A program that tests need. */
export interface Needed {
  /** Any of these names will do. */
  readonly names: readonly string[]
  /** The Debian package that has one of them. */
  readonly package: string
  /** Who needs it, such as "the browser tests need Chromium". */
  readonly need: string
  /** What to do where it cannot be installed. */
  readonly remedy: string
}

/** Where the program is. Debian's package is installed where there is none, if this process may do so. */
export async function requireProgram(needed: Needed): Promise<string> {
  const there = findProgram(needed)
  if (there !== undefined) return there
  if (process.getuid?.() !== 0) throw missing(needed, "only root can install it")
  try {
    await install(needed.package)
  } catch (error) {
    throw missing(needed, "apt-get could not install it", error)
  }
  const installed = findProgram(needed)
  if (installed === undefined) throw missing(needed, `the package ${needed.package} does not have it`)
  return installed
}

function findProgram({ names }: Needed): string | undefined {
  const { PATH = "" } = process.env
  const directories = [...PATH.split(delimiter), "/usr/bin", "/usr/sbin"]
  return directories.flatMap(directory => names.map(name => join(directory, name))).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function install(name: string): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" }
  await run("apt-get", ["update"], { env })
  await run("apt-get", ["install", "--yes", "--no-install-recommends", name], { env })
}

const missing = ({ need, remedy }: Needed, why: string, cause?: unknown): Error =>
  new Error(`${need}, and ${why}: ${remedy}`, { cause })
