import type { ServerResponse } from "node:http"
import type { Readable } from "node:stream"
import { HeldBody } from "./held-body.ts"
import { headOf } from "./write-head.ts"

/** What the gate asks of the session. */
export interface Gatekeeper {
  /** Whether there is something to store before anything more may leave. */
  needsCommit(): boolean
  commit(): Promise<void>
  /** Whether the client has to be told of its token. */
  readonly hasHeaders: boolean
  /** Adds the headers that do so. Called just before the head is written. */
  addHeaders(): void
  /** The commit failed: what was to leave has been dropped. `headSent` tells whether an error page is still possible. */
  failed(error: unknown, headSent: boolean): void
}

/**
 * Holds a response back until the session is stored (G6). Every way to send goes through `writeHead`, `write`, `end` or
 * `flushHeaders`; while the commit is under way their calls are kept, in order, and made once it is done. It stands there from the
 * beginning: `res.end(await session.update(…))` takes hold of `end` before the session changes.
 */
export class ResponseGate {
  #held: HeldBody | undefined
  #committing = false
  #failed = false
  #watching = false
  /** Set while the response's own methods run, which call each other: what has been let through is not stopped half-way. */
  #passing = false
  readonly #sources: Readable[] = []
  readonly #response: ServerResponse
  readonly #keeper: Gatekeeper
  readonly #native: Pick<ServerResponse, "writeHead" | "write" | "end" | "flushHeaders" | "on">
  /** The body whose calls count; those of one that was dropped still come from middleware that transformed it. */
  #body = {}

  constructor(response: ServerResponse, keeper: Gatekeeper) {
    this.#response = response
    this.#keeper = keeper
    const { writeHead, write, end, flushHeaders, on } = response
    this.#native = { writeHead, write, end, flushHeaders, on }
    this.#install()
  }

  /** Whether it is too late for headers. While the head is held back, it is not, whatever the application is told. */
  get headSent(): boolean {
    return Reflect.get(Object.getPrototypeOf(this.#response), "headersSent", this.#response)
  }

  /** There is something new to commit: after the client has gone, nothing else will ask for it. */
  changed(): void {
    if (this.#response.closed) queueMicrotask(() => this.#closed())
    else this.#watch()
  }

  #watch(): void {
    if (this.#watching) return
    this.#watching = true
    this.#response.on("pipe", source => this.#sources.push(source))
    this.#response.once("close", () => this.#closed())
  }

  /** Bound methods, as closures would capture the response that keeps them: V8 lets such pairs survive many collections. */
  #install(): void {
    const response = this.#response
    const body = {}
    this.#body = body
    response.writeHead = this.#askWriteHead.bind(this, body)
    response.write = this.#askWrite.bind(this, body)
    response.end = this.#askEnd.bind(this, body)
    response.flushHeaders = this.#askFlush.bind(this, body)
  }

  #askWriteHead(body: object, ...args: unknown[]): ServerResponse {
    if (body !== this.#body) return this.#response
    if (this.#mustWait()) this.#hold().add(() => this.#writeHead(args))
    else this.#writeHead(args)
    return this.#response
  }

  #askWrite(body: object, ...args: unknown[]): boolean {
    if (body !== this.#body) return false
    const { write } = this.#native
    if (!this.#mustWait()) return this.#pass(write, args)
    this.#hold().addWrite(() => this.#pass(write, args))
    void this.#commit()
    return false
  }

  #askEnd(body: object, ...args: unknown[]): ServerResponse {
    if (body !== this.#body) return this.#response
    const { end } = this.#native
    if (!this.#mustWait()) return this.#pass(end, args)
    this.#hold().addLast(() => this.#pass(end, args))
    void this.#commit()
    return this.#response
  }

  #askFlush(body: object): void {
    if (body !== this.#body) return
    const flush = () => this.#pass(this.#native.flushHeaders, [])
    if (this.#mustWait()) {
      this.#hold().add(flush)
      void this.#commit()
    } else flush()
  }

  #mustWait(): boolean {
    if (this.#failed || this.#passing) return false
    return this.#held !== undefined || this.#keeper.needsCommit()
  }

  #hold(): HeldBody {
    this.#held ??= new HeldBody(this.#response, this.#native.on, this.headSent)
    return this.#held
  }

  #pass<Result>(method: (...args: never[]) => Result, args: unknown[]): Result {
    const outermost = !this.#passing
    this.#passing = true
    try {
      return Reflect.apply(method, this.#response, args)
    } finally {
      if (outermost) this.#passing = false
    }
  }

  /** Explicit headers go in first, as `writeHead` would otherwise replace a `Set-Cookie` that has been added. */
  #writeHead(args: unknown[]): void {
    if (!this.#keeper.hasHeaders || this.headSent) return void this.#pass(this.#native.writeHead, args)
    const { line, headers } = headOf(args)
    for (const [name, value] of headers) this.#response.setHeader(name, value)
    this.#keeper.addHeaders()
    this.#pass(this.#native.writeHead, line)
  }

  /** Commits until nothing is left: the handler may go on changing the session while its response is held. */
  async #commit(): Promise<void> {
    if (this.#committing) return
    this.#committing = true
    try {
      while (this.#keeper.needsCommit()) await this.#keeper.commit()
      this.#committing = false
      this.#takeHeld()?.release()
    } catch (error) {
      this.#committing = false
      this.#fail(error)
    }
  }

  #takeHeld(): HeldBody | undefined {
    const held = this.#held
    this.#held = undefined
    held?.unseal()
    return held
  }

  /** A request whose client has gone stores its changes all the same, though nothing more is sent. */
  #closed(): void {
    if (!this.#failed && this.#keeper.needsCommit()) void this.#commit()
  }

  #fail(error: unknown): void {
    this.#failed = true
    this.#takeHeld()
    this.#response.on = this.#native.on
    this.#install()
    // A handler that does not know of it may write on behind the error page, which must not end the process.
    this.#response.on("error", () => {})
    for (const source of this.#sources) this.#letGo(source)
    this.#keeper.failed(error, this.headSent)
  }

  /** Ends a source that nobody reads any more, or its file would stay open; after the page, as `pipeline` then ends both. */
  #letGo(source: Readable): void {
    source.unpipe(this.#response)
    this.#response.once("close", () => {
      if (source.listenerCount("data") === 0 && source.listenerCount("readable") === 0) source.destroy()
    })
  }
}
