import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import type { Sabotage } from "./sabotage.ts"

const PROGRAM = fileURLToPath(new URL("node.ts", import.meta.url))

/** A node's process, which may be killed and started again. */
export class NodeProcess {
  port = 0
  /** How often it ended by itself, which no fault around it may bring about. */
  crashes = 0
  #child: ChildProcess | undefined
  readonly #args: readonly string[]

  constructor(number: number, storeUrl: string, bound: number, sabotage: Sabotage | undefined) {
    this.#args = [storeUrl, `${number}`, `${bound}`, ...(sabotage ? [sabotage] : [])]
  }

  async start(): Promise<void> {
    const child = fork(PROGRAM, this.#args, { stdio: ["ignore", "inherit", "inherit", "ipc"] })
    this.#child = child
    const ended = once(child, "exit").then(([code]) => {
      throw new Error(`a node ended with ${code} before it listened`)
    })
    const [message] = await Promise.race([once(child, "message"), ended])
    ended.catch(() => undefined)
    this.port = Number(message.port)
    child.once("exit", () => {
      if (this.#child === child) this.crashes += 1
    })
  }

  /** `kill -9`; requests under way get no answer. */
  async kill(): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, "exit")
    this.#child = undefined
    child.kill("SIGKILL")
    await ended
  }
}
