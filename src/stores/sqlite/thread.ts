import { Worker } from "node:worker_threads"
import { SessionError, type SessionErrorCode } from "../../contract/errors.ts"
import type { SqliteSettings } from "./options.ts"
import type { JobInput, JobName, JobResult, Writer } from "./writer.ts"

/** What the thread is sent: a job under a number, or `undefined`, which means: end. */
export interface Order {
  readonly number: number
  readonly name: JobName
  readonly input: JobInput<JobName>
}

/** What comes back. An error loses its class and fields on the way between threads, so the codes travel by themselves. */
export type Report = { readonly number: number; readonly result: JobResult<JobName> } | Failed

interface Failed {
  readonly number: number
  readonly error: unknown
  readonly code: SessionErrorCode | undefined
  /** SQLite's result code. */
  readonly errcode: number | undefined
}

interface Waiting {
  readonly resolve: (result: JobResult<JobName>) => void
  readonly reject: (error: unknown) => void
}

/** Sources run as TypeScript, the package as JavaScript. */
const ENTRY = new URL(
  import.meta.url.endsWith(".ts") ? "./writer-thread.ts" : "./writer-thread.js",
  import.meta.url,
)

/** Writes in a thread of its own, which keeps the process alive only while a job waits for it. */
export class WriterThread implements Writer {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  readonly #ended: Promise<void>
  #number = 0
  #failure: SessionError | undefined

  private constructor(worker: Worker) {
    this.#worker = worker
    this.#ended = new Promise(resolve => worker.once("exit", () => resolve()))
    worker.on("message", (report: Report) => this.#settle(report))
    worker.on("error", error => this.#fail(error))
    worker.once("exit", () => this.#fail(undefined))
    worker.unref()
  }

  /** Resolves when the thread has its connection open. */
  static async start(settings: SqliteSettings): Promise<WriterThread> {
    const worker = new Worker(ENTRY, { workerData: settings, name: "sojourn-sqlite" })
    await new Promise<void>((resolve, reject) => {
      worker.once("message", () => resolve())
      worker.once("error", error => reject(threadError("could not start", error)))
      worker.once("exit", () => reject(threadError("could not start", undefined)))
    })
    return new WriterThread(worker)
  }

  run<Name extends JobName>(name: Name, ...input: JobInput<Name>): Promise<JobResult<Name>> {
    if (this.#failure) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      const number = this.#number++
      const order: Order = { number, name, input }
      this.#worker.postMessage(order)
      if (this.#waiting.size === 0) this.#worker.ref()
      this.#waiting.set(number, { resolve: result => resolve(result as JobResult<Name>), reject })
    })
  }

  async close(): Promise<void> {
    this.#worker.ref()
    this.#worker.postMessage(undefined)
    await this.#ended
    if (this.#failure?.cause) throw this.#failure
  }

  #settle(report: Report): void {
    const waiting = this.#waiting.get(report.number)
    this.#waiting.delete(report.number)
    if (this.#waiting.size === 0) this.#worker.unref()
    if ("result" in report) waiting?.resolve(report.result)
    else waiting?.reject(withCode(report))
  }

  #fail(cause: unknown): void {
    this.#failure ??= threadError("has ended", cause)
    for (const { reject } of this.#waiting.values()) reject(this.#failure)
    this.#waiting.clear()
  }
}

function withCode({ error, code, errcode }: Failed): unknown {
  if (error instanceof Error && code !== undefined) return new SessionError(code, error.message, error.cause)
  return error instanceof Error && errcode !== undefined ? Object.assign(error, { errcode }) : error
}

const threadError = (what: string, cause: unknown): SessionError =>
  new SessionError(
    "ERR_SESSION_STORE_UNAVAILABLE",
    `The writer thread of the SQLite store ${what}${cause instanceof Error ? ` (${cause.message})` : ""}. Open the store again; in a bundle, which leaves out the thread's file, set writer: "main".`,
    cause,
  )
