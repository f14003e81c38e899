import { EventEmitter } from "node:events"
import type { ServerResponse } from "node:http"

type Call = () => unknown
type Listener = Parameters<ServerResponse["on"]>[1]
type HeaderMethods = Pick<ServerResponse, "setHeader" | "appendHeader" | "removeHeader">

/**
 * What a handler has sent while the gate was closed. To the application it has left: the head is final, `headersSent` is
 * true, and changing a header throws as Node does. Once the body is complete, what comes after it is ignored: an error
 * handler that is late must neither change the answer nor, upon `headersSent`, cut the connection that it waits for.
 */
export class HeldBody {
  readonly #calls: Call[] = []
  #complete = false
  /** What the response said to the last write; `undefined` when there was none. */
  #accepted: boolean | undefined
  readonly #response: ServerResponse
  readonly #status: number
  readonly #reason: string | undefined
  readonly #headers: HeaderMethods
  readonly #drains: WaitingForDrain | undefined

  /** `on` is the response's own as the gate found it. */
  constructor(response: ServerResponse, on: ServerResponse["on"], headSent: boolean) {
    this.#response = response
    this.#status = response.statusCode
    this.#reason = hasReason(response) ? response.statusMessage : undefined
    const { setHeader, appendHeader, removeHeader } = response
    this.#headers = { setHeader, appendHeader, removeHeader }
    this.#drains = on === EventEmitter.prototype.on ? undefined : new WaitingForDrain(response)
    if (!headSent) this.#seal()
  }

  add(call: Call): void {
    if (!this.#complete) this.#calls.push(call)
  }

  addWrite(write: () => boolean): void {
    this.add(() => {
      this.#accepted = write()
    })
  }

  /** Adds the end of the body. */
  addLast(end: Call): void {
    this.add(end)
    this.#complete = true
  }

  /** Gives the response its own ways back, with the status that the body began with. */
  unseal(): void {
    const response = this.#response
    Object.assign(response, this.#headers)
    Reflect.set(response, SEAL, undefined)
    if (response.statusCode !== this.#status) response.statusCode = this.#status
    if (hasReason(response)) response.statusMessage = this.#reason ?? ""
  }

  /** Makes the calls. Whoever was told to wait is told to go on, unless the response itself asks to wait. */
  release(): void {
    const response = this.#response
    if (!response.destroyed) for (const call of this.#calls) call()
    if (this.#accepted === true && !response.writableEnded) response.emit("drain")
    this.#drains?.move()
  }

  #seal(): void {
    const response = this.#response
    const refuse = this.#refuse.bind(this)
    Object.assign(response, { setHeader: refuse, appendHeader: refuse, removeHeader: refuse, [SEAL]: this })
    Object.defineProperty(response, "headersSent", HEADERS_SENT)
  }

  #refuse(): ServerResponse {
    if (!this.#complete) throw headersSent()
    return this.#response
  }

  /** What `headersSent` tells of a response that is held. */
  static claimsHead(body: HeldBody): boolean {
    return !body.#complete
  }
}

/** On a response: the body that seals its head. */
const SEAL = Symbol("seal")

/**
 * The same for every response, and never taken away again: a property of each response's own, or one that is deleted,
 * would cost it the shape that all responses share, and slow down every use of it.
 */
const HEADERS_SENT: PropertyDescriptor = {
  configurable: true,
  get(this: ServerResponse): boolean {
    const seal: HeldBody | undefined = Reflect.get(this, SEAL)
    return seal ? HeldBody.claimsHead(seal) : Reflect.get(Object.getPrototypeOf(this), "headersSent", this)
  },
}

/** Whether the application has set the reason. HTTP/2 has none, and warns of whoever asks. */
export const hasReason = (response: ServerResponse): boolean => Object.hasOwn(response, "statusMessage")

const headersSent = (): Error =>
  Object.assign(new Error("Cannot change headers after they are sent to the client"), {
    code: "ERR_HTTP_HEADERS_SENT",
  })

/**
 * A compressing middleware hands listeners for `drain` to its own stream. Where that lies behind the gate, it knows nothing of the
 * waiting before it: so they are kept on the response until the gate opens, and handed on then.
 */
class WaitingForDrain {
  readonly #listeners: Listener[] = []
  readonly #response: ServerResponse
  readonly #on: ServerResponse["on"]

  constructor(response: ServerResponse) {
    this.#response = response
    this.#on = response.on
    response.on = (event: string | symbol, listener: Listener) => {
      if (event === "drain") this.#listeners.push(listener)
      Reflect.apply(event === "drain" ? EventEmitter.prototype.on : this.#on, response, [event, listener])
      return response
    }
  }

  move(): void {
    const response = this.#response
    response.on = this.#on
    const waiting = response.rawListeners("drain")
    for (const listener of this.#listeners) {
      if (!waiting.includes(listener)) continue
      response.off("drain", listener)
      response.on("drain", listener)
    }
  }
}
