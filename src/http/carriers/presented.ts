import type { OpenOptions } from "../../core/manager.ts"
import type { Delivery, Exchange } from "../../core/state.ts"
import type { OpenedToken } from "../token-protection.ts"
import type { Carrier } from "./carrier.ts"

/** What a request carries, and how its answer is told. */
export class Presented {
  readonly carrier: Carrier
  readonly #found: OpenedToken | undefined
  readonly #version: number
  #carried: string | undefined

  /** `carried` is the text as the client sent it, where links have to repeat it. */
  constructor(carrier: Carrier, found: OpenedToken | undefined, version: number, carried?: string) {
    this.carrier = carrier
    this.#found = found
    this.#version = version
    this.#carried = carried
  }

  /** The token; empty for what is none, `undefined` where there is nothing. */
  get token(): string | undefined {
    return this.#found?.token
  }

  /**
   * Whether the browser sends the token by itself, so that another site's page can make use of it. A header is added by
   * the client's own code; what is no token there proves nothing.
   */
  get isAmbient(): boolean {
    return this.carrier.kind !== "header" || !this.token
  }

  /** Whether the token is in the URL, and so may be in the answer's links. */
  get isInUrl(): boolean {
    return this.carrier.kind === "url"
  }

  /** How its session is opened. */
  get opening(): Pick<OpenOptions, "version" | "reissue" | "boundToUserAgent"> {
    return {
      version: this.#version,
      reissue: this.#found?.stale === true,
      boundToUserAgent: this.isInUrl,
    }
  }

  /** What the client carries from this delivery on. */
  told(delivery: Delivery): void {
    this.#carried = this.carrier.wrap(delivery)
  }

  /** What links have to carry, given what is still to be told. */
  carried(delivery: Delivery | undefined): string | undefined {
    return delivery ? this.carrier.wrap(delivery) : this.#carried
  }
}

/** An exchange over HTTP, which knows how its token travels. */
export interface HttpExchange extends Exchange {
  readonly presented: Presented
}

export const isHttpExchange = (exchange: Exchange | undefined): exchange is HttpExchange =>
  exchange !== undefined && "presented" in exchange
