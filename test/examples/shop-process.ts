import assert from "node:assert/strict"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before } from "node:test"
import { fileURLToPath } from "node:url"

const MAIN = fileURLToPath(new URL("../../examples/shop/main.ts", import.meta.url))

/** How a process ended, and all that it said. */
export interface Ended {
  readonly code: number | null
  readonly output: string
}

/** The shop as its reader starts it: a process of its own, reached over HTTP. */
export class ShopProcess {
  /** Where it said it is open. */
  readonly address: string
  readonly #child: ChildProcess
  readonly #ended: Promise<Ended>

  private constructor(address: string, child: ChildProcess, ended: Promise<Ended>) {
    this.address = address
    this.#child = child
    this.#ended = ended
  }

  static async open(environment: Record<string, string>): Promise<ShopProcess> {
    const { child, ended, output } = launch({ PORT: "0", ...environment })
    const address = await Promise.race([addressFrom(child, output), ended.then(() => undefined)])
    if (address !== undefined) return new ShopProcess(address, child, ended)
    assert.fail(`the shop did not open:\n${output()}`)
  }

  /** Asks it to stop, and tells how it did. */
  async close(signal: "SIGINT" | "SIGTERM" = "SIGTERM"): Promise<Ended> {
    this.#child.kill(signal)
    return await this.#ended
  }
}

/** Runs the shop where it cannot open, until it gives up. */
export const failToOpen = (environment: Record<string, string>): Promise<Ended> => launch(environment).ended

/** Runs `use` with the URL of a database that is removed afterwards. */
export async function withDatabase(use: (url: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(PREFIX)
  try {
    await use(databaseIn(directory))
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** The shop that the tests around share: open before the first, closed after the last. */
export function openShop(): { readonly address: string } {
  let directory: string
  let shop: ShopProcess
  before(async () => {
    directory = await mkdtemp(PREFIX)
    shop = await ShopProcess.open({ SESSIONS_URL: databaseIn(directory), LOGIN_ATTEMPTS: "1000" })
  })
  after(async () => {
    await shop.close()
    await rm(directory, { recursive: true, force: true })
  })
  return {
    get address() {
      return shop.address
    },
  }
}

const PREFIX = join(tmpdir(), "sojourn-shop-")
const databaseIn = (directory: string): string => `sqlite:${join(directory, "sessions.db")}`

function launch(environment: Record<string, string>) {
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env["PATH"], ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  })
  let text = ""
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk
    })
  }
  const output = () => text
  const ended = once(child, "close").then(([code]): Ended => ({ code, output: text }))
  return { child, ended, output }
}

async function addressFrom(child: ChildProcess, output: () => string): Promise<string> {
  for (;;) {
    const address = /http:\/\/\S+/.exec(output())?.[0]
    if (address !== undefined) return address
    await once(child.stdout ?? child, "data")
  }
}
