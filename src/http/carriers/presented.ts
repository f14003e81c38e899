import type { OpenOptions } from "../../core/manager.ts"
import type { Delivery, Exchange } from "../../core/state.ts"
import type { OpenedToken } from "../token-protection.ts"
import type { Carrier } from "./carrier.ts"
import type { UrlCarrier } from "./url-carrier.ts"

/** What was found in a request. */
interface Found {
  /** The carrier that decides. */
  readonly carrier: Carrier
  readonly token: OpenedToken | undefined
  /** The version that the client names. */
  readonly version: number
  /** The carrier in URLs, where there is one. */
  readonly url: UrlCarrier | undefined
  /** The token's text as the client sent it in the URL, where links have to repeat it. */
  readonly carried?: string | undefined
}

/** What a request carries, and how its answer is told. */
export class Presented {
  readonly carrier: Carrier
  readonly #found: OpenedToken | undefined
  readonly #version: number
  readonly #url: UrlCarrier | undefined
  #carried: string | undefined

  constructor({ carrier, token, version, url, carried }: Found) {
    this.carrier = carrier
    this.#found = token
    this.#version = version
    this.#url = url
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

  /** The request's URL as it may be told: whoever has a token in a URL has the session. */
  withoutToken(url: string): string {
    return this.#url?.without(url) ?? url
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
  readonly kind: "http"
  readonly presented: Presented
}

export const isHttpExchange = (exchange: Exchange | undefined): exchange is HttpExchange =>
  exchange?.kind === "http"
