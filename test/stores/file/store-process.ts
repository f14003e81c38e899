import { type ChildProcessByStdio, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import type { Readable, Writable } from "node:stream"
import { fileURLToPath } from "node:url"

/** A script beside this file, running in a process of its own, which answers each line it is sent with one line. */
export class StoreProcess {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>
  readonly #answers: AsyncIterator<string>
  readonly ended: Promise<unknown>

  constructor(script: string, ...args: readonly string[]) {
    const file = fileURLToPath(new URL(script, import.meta.url))
    this.#process = spawn(process.execPath, [file, ...args], { stdio: ["pipe", "pipe", "inherit"] })
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]()
    this.ended = once(this.#process, "exit")
  }

  send(line: string): void {
    this.#process.stdin.write(`${line}\n`)
  }

  /** The next line it says; `undefined` when it has ended. */
  async answer(): Promise<string | undefined> {
    const { value, done } = await this.#answers.next()
    return done ? undefined : value
  }

  ask(line: string): Promise<string | undefined> {
    this.send(line)
    return this.answer()
  }

  /** `kill -9`, and waits for its end. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL")
    await this.ended
  }
}
