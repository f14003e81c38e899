import { type Browser, chromium } from "playwright-core"
import { requireProgram } from "./debian-package.ts"

const CHROMIUM = {
  names: ["chromium", "chromium-browser", "google-chrome"],
  package: "chromium",
  need: "the browser tests need Chromium",
  remedy: "install Debian's chromium or Google Chrome, or set CHROMIUM_PATH",
}
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
  const executablePath = process.env["CHROMIUM_PATH"] || (await requireProgram(CHROMIUM))
  return await chromium.launch({ executablePath, headless: true, args: FLAGS })
}
