import { execFile } from "node:child_process"
import { accessSync, constants } from "node:fs"
import { delimiter, join } from "node:path"
import { promisify } from "node:util"
import { type Browser, chromium } from "playwright-core"

const run = promisify(execFile)
const NAMES = ["chromium", "chromium-browser", "google-chrome"]
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
]

/** A headless Chromium with a profile of its own, which is removed when it closes. Installs Debian's where there is none. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium() ?? (await installChromium())
  return await chromium.launch({ executablePath, headless: true, args: FLAGS })
}

function findChromium(): string | undefined {
  const { CHROMIUM_PATH, PATH = "" } = process.env
  if (CHROMIUM_PATH) return CHROMIUM_PATH
  const directories = [...PATH.split(delimiter), "/usr/bin"]
  return directories.flatMap(directory => NAMES.map(name => join(directory, name))).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function installChromium(): Promise<string> {
  if (process.getuid?.() !== 0) throw missing("only root can install it")
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" }
  try {
    await run("apt-get", ["update"], { env })
    await run("apt-get", ["install", "--yes", "--no-install-recommends", "chromium"], { env })
  } catch (error) {
    throw missing("apt-get could not install it", error)
  }
  return findChromium() ?? "/usr/bin/chromium"
}

const missing = (why: string, cause?: unknown): Error =>
  new Error(
    `the browser tests need Chromium, and ${why}: install Debian's chromium or Google Chrome, or set CHROMIUM_PATH`,
    { cause },
  )
