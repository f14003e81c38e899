import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"

export interface ChildOptions {
  /** Runs on this core alone, where the system has `taskset`. */
  readonly core?: number
  /** For Node itself. */
  readonly flags?: readonly string[]
}

/** A process of its own, so that what is measured there shares neither compiled code nor garbage with anything else. */
export class Child implements AsyncDisposable {
  readonly #process: ChildProcess

  private constructor(process: ChildProcess) {
    this.#process = process
  }

  /** Runs a script of this folder; resolves once it is {@link answering}. */
  static async start(script: string, args: readonly string[], options: ChildOptions = {}): Promise<Child> {
    const { core, flags = [] } = options
    const path = fileURLToPath(new URL(script, import.meta.url))
    const node = [process.execPath, ...flags, path, ...args]
    const [command = "", ...rest] =
      core !== undefined && CAN_PIN ? ["taskset", "--cpu-list", String(core), ...node] : node
    const child = new Child(spawn(command, rest, { stdio: ["ignore", "inherit", "inherit", "ipc"] }))
    await child.#answer()
    return child
  }

  /** Sends a question and resolves to the answer. */
  async ask<Answer>(question: object): Promise<Answer> {
    this.#process.send(question)
    return await this.#answer()
  }

  #answer<Answer>(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const answered = (answer: Answer) => {
        this.#process.off("exit", ended)
        resolve(answer)
      }
      const ended = () => reject(new Error("a measuring process ended early: what it printed says why"))
      this.#process.once("message", answered).once("exit", ended)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null) return
    const exited = once(this.#process, "exit")
    this.#process.kill()
    await exited
  }
}

/** One process for each name. */
export class Children<Name extends string> implements AsyncDisposable {
  readonly #children: ReadonlyMap<Name, Child>

  private constructor(children: ReadonlyMap<Name, Child>) {
    this.#children = children
  }

  /** Gives the script the name as its first argument. */
  static async start<Name extends string>(
    script: string,
    names: readonly Name[],
    args: readonly string[] = [],
    options?: ChildOptions,
  ): Promise<Children<Name>> {
    const start = async (name: Name) => [name, await Child.start(script, [name, ...args], options)] as const
    return new Children(new Map(await Promise.all(names.map(start))))
  }

  async ask<Answer>(name: Name, question: object): Promise<Answer> {
    const child = this.#children.get(name)
    if (!child) throw new Error(`there is no process for ${name}`)
    return await child.ask(question)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children.values()) await child[Symbol.asyncDispose]()
  }
}

/** Tells the process that started this one that it may ask, and answers. */
export function answering<Question>(answer: (question: Question) => unknown): void {
  process.on("message", async (question: Question) => process.send?.(await answer(question)))
  process.send?.("ready")
}

/** Whether processes can be kept on a core of their own. */
export const CAN_PIN = availableParallelism() > 1 && spawnSync("taskset", ["--version"]).status === 0
