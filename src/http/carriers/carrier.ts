import type { Delivery } from "../../core/state.ts"
import type { OpenedToken } from "../token-protection.ts"

/** How a token travels. */
export type CarrierKind = "cookie" | "header" | "url"

/** What a carrier looks at. */
export interface CarriedRequest {
  readonly method: string
  /** The path with its query. */
  readonly url: string
  /** A request header by its name in small letters. */
  header(name: string): string | undefined
}

/** A response header. */
export type HeaderLine = readonly [name: string, value: string]

/** One way for a token from the client and back. */
export interface Carrier {
  readonly kind: CarrierKind
  /** The request header that decides what the answer is, for caches; `undefined` when it is the URL. */
  readonly varies: string | undefined
  /** What stands where the token should, opened; an empty token for what is none. `undefined` when nothing does. */
  read(request: CarriedRequest): OpenedToken | undefined
  /** The header that tells the client, where it is one header. Cookies have attributes, and are written by the edge. */
  write(delivery: Delivery): HeaderLine | undefined
  /** What the client will carry after this delivery. */
  wrap(delivery: Delivery): string | undefined
}
