import type { Delivery } from "../../core/state.ts"
import { MALFORMED, type OpenedToken, type TokenProtection } from "../token-protection.ts"
import type { CarriedRequest, Carrier, HeaderLine } from "./carrier.ts"

/** The response header with a new token, for clients that send theirs as `Authorization: Bearer`. */
const BEARER_ANSWER = "Session-Token"

/**
 * Carries the token in a header of its own, or, without a name, as `Authorization: Bearer <token>` (RFC 6750). A new token is
 * answered by the header of that name, or by `Session-Token`; an empty one tells the client to forget its own.
 */
export class HeaderCarrier implements Carrier {
  readonly kind = "header"
  readonly varies: string
  readonly #name: string | undefined
  readonly #protection: TokenProtection

  constructor(name: string | undefined, protection: TokenProtection) {
    this.varies = name ?? "Authorization"
    this.#name = name?.toLowerCase()
    this.#protection = protection
  }

  read(request: CarriedRequest): OpenedToken | undefined {
    const text = this.#name === undefined ? bearerOf(request) : request.header(this.#name)
    if (text === undefined || text === "") return undefined
    return this.#protection.open(text) ?? MALFORMED
  }

  write(delivery: Delivery): HeaderLine {
    return [this.#name === undefined ? BEARER_ANSWER : this.varies, this.wrap(delivery) ?? ""]
  }

  wrap(delivery: Delivery): string | undefined {
    return delivery.kind === "issue" ? this.#protection.wrap(delivery.token) : undefined
  }
}

/** Credentials of another scheme are none of ours. */
const bearerOf = (request: CarriedRequest): string | undefined =>
  /^bearer +([^ ]+) *$/i.exec(request.header("authorization") ?? "")?.[1]
