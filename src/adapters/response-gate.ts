import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from "node:http"
import type { Readable } from "node:stream"

/** What the gate asks of the session. */
export interface Gatekeeper {
  /** Whether there is something to store before anything more may leave. */
  needsCommit(): boolean
  commit(): Promise<void>
  /** Adds the headers that tell the client of its token. Called once, just before the head is written. */
  addHeaders(): void
  /** The commit failed: what was to leave has been dropped. `headSent` tells whether an error page is still possible. */
  failed(error: unknown, headSent: boolean): void
}

type Call = () => void
type HeaderArgument = OutgoingHttpHeaders | readonly OutgoingHttpHeader[]

/**
 * Holds a response back until the session is stored (G6). Every way to send goes through `writeHead`, `write`, `end` or
 * `flushHeaders`; while the commit is under way their calls are kept, in order, and made once it is done.
 */
export class ResponseGate {
  #held: Call[] | undefined
  #open = false
  readonly #sources = new Set<Readable>()
  readonly #response: ServerResponse
  readonly #keeper: Gatekeeper
  readonly #native: Pick<ServerResponse, "writeHead" | "write" | "end" | "flushHeaders">

  constructor(response: ServerResponse, keeper: Gatekeeper) {
    this.#response = response
    this.#keeper = keeper
    const { writeHead, write, end, flushHeaders } = response
    this.#native = { writeHead, write, end, flushHeaders }
    response.on("pipe", source => this.#sources.add(source))
    this.#install()
  }

  /** Whether the head is held back, so that headers can still be added. */
  get holding(): boolean {
    return this.#held !== undefined
  }

  #install(): void {
    const response = this.#response
    response.writeHead = (...args: unknown[]) => {
      const write = () => this.#writeHead(args)
      if (this.#held || (!this.#open && this.#keeper.needsCommit())) this.#hold(write)
      else write()
      return response
    }
    response.write = (...args: unknown[]) => {
      if (!this.#mustWait()) return Reflect.apply(this.#native.write, response, args)
      this.#hold(() => Reflect.apply(this.#native.write, response, args))
      this.#commit()
      return false
    }
    response.end = (...args: unknown[]) => {
      const end = () => Reflect.apply(this.#native.end, response, args)
      if (!this.#mustWait()) return end()
      this.#hold(end)
      this.#commit()
      return response
    }
    response.flushHeaders = () => {
      const flush = () => Reflect.apply(this.#native.flushHeaders, response, [])
      if (!this.#mustWait()) return flush()
      this.#hold(flush)
      this.#commit()
    }
  }

  #mustWait(): boolean {
    return !this.#open && (this.#held !== undefined || this.#keeper.needsCommit())
  }

  #hold(call: Call): void {
    this.#held ??= []
    this.#held.push(call)
  }

  #committing = false

  #commit(): void {
    if (this.#committing) return
    this.#committing = true
    this.#keeper.commit().then(
      () => this.#release(),
      error => this.#fail(error),
    )
  }

  #release(): void {
    this.#committing = false
    const held = this.#held ?? []
    this.#held = undefined
    if (this.#response.destroyed) return
    for (const call of held) call()
    if (!this.#response.writableEnded && !this.#response.writableNeedDrain) this.#response.emit("drain")
  }

  #fail(error: unknown): void {
    this.#committing = false
    this.#held = undefined
    this.#open = true
    for (const source of this.#sources) source.unpipe(this.#response)
    this.#keeper.failed(error, this.#response.headersSent)
  }

  /** Explicit headers go in first, as `writeHead` would otherwise replace a `Set-Cookie` that has been added. */
  #writeHead(args: unknown[]): void {
    const response = this.#response
    const headers = args.findLast(arg => typeof arg === "object" && arg !== null)
    const rest = headers === undefined ? args : args.filter(arg => arg !== headers && arg !== undefined)
    if (headers !== undefined) setHeaders(response, headers as HeaderArgument)
    if (!response.headersSent) this.#keeper.addHeaders()
    Reflect.apply(this.#native.writeHead, response, rest)
  }
}

function setHeaders(response: ServerResponse, headers: HeaderArgument): void {
  for (const [name, value] of headerEntries(headers)) {
    if (value !== undefined) response.setHeader(name, value)
  }
}

/** `writeHead` takes an object, a list of pairs, or a flat list in which names may repeat. */
function headerEntries(headers: HeaderArgument): [string, OutgoingHttpHeader | undefined][] {
  if (!isList(headers)) return Object.entries(headers)
  const flat = headers.flat(1).map(String)
  const merged = new Map<string, string[]>()
  for (let index = 0; index + 1 < flat.length; index += 2) {
    const name = flat[index] ?? ""
    merged.set(name, [...(merged.get(name) ?? []), flat[index + 1] ?? ""])
  }
  return [...merged].map(([name, values]) => [name, values.length === 1 ? values[0] : values])
}

const isList = (headers: HeaderArgument): headers is readonly OutgoingHttpHeader[] => Array.isArray(headers)
